"""What a recipe's settings add to one version of it, by what it is deployed as."""

from __future__ import annotations

from dataclasses import dataclass

from canon_sweep.core.version import Version
from canon_sweep.core.versionrule import rule_of
from canon_sweep.settings.recipes import RecipeSettings


@dataclass(frozen=True, slots=True)
class Variant:
    """A version that is deployed, and as what.

    ``version`` is None if nobody knows it: then it is newer than every release.
    ``is_base`` is what an upgrade starts from in a cold test; ``is_upgraded`` is what is
    deployed over another version.  What is neither is deployed where nothing was before,
    and is what a canonical is made of: it is put up on its data again as it was made.
    """

    version: Version | None
    is_base: bool = False
    is_upgraded: bool = False


def env_of(settings: RecipeSettings, variant: Variant) -> dict[str, str]:
    """The operator's variables: ``env``, then each of ``envRules`` that holds, in their order.

    What is upgraded to has those of ``upgradeEnv`` on top.
    """
    env = dict(settings.env)
    recipe = variant.version.recipe if variant.version is not None else None
    for rule in settings.env_rules:
        if rule_of(rule.when).holds(recipe):
            env |= rule.env
    return env | (settings.upgrade_env if variant.is_upgraded else {})
