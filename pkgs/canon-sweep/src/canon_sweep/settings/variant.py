"""What a recipe's settings add to one version of it, by what it is deployed as."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from packaging import version as packaging_version

from canon_sweep.core.version import Version
from canon_sweep.core.versionrule import rule_of
from canon_sweep.settings.overlays import ReadOverlay
from canon_sweep.settings.recipes import Overlay, RecipeSettings


class Variant(msgspec.Struct, frozen=True):
    """A version that is deployed, and as what.

    ``version`` is None if nobody knows it: then it is newer than every release.
    ``is_base`` is what an upgrade starts from in a cold test; ``is_upgraded`` is what is
    deployed over another version.  What is neither is deployed where nothing was before,
    and is what a canonical is made of: it is put up on its data again as it was made.
    """

    version: Version | None
    is_base: bool = False
    is_upgraded: bool = False

    @property
    def number(self) -> packaging_version.Version | None:
        """The part of the version that rules look at."""
        return None if self.version is None else self.version.recipe


def env_of(settings: RecipeSettings, variant: Variant) -> dict[str, str]:
    """The operator's variables: ``env``, then each of ``envRules`` that holds, in their order.

    What is upgraded to has those of ``upgradeEnv`` on top.
    """
    env = dict(settings.env)
    for rule in settings.env_rules:
        if rule_of(rule.when).holds(variant.number):
            env |= rule.env
    return env | (settings.upgrade_env if variant.is_upgraded else {})


def texts_of(overlays: Iterable[ReadOverlay], variant: Variant) -> dict[str, str]:
    """The texts of the operator's compose files for this version, by name, in their order.

    Raises:
        HostFault: one cannot be used.
    """
    mine = [each for each in overlays if _is_for(each.settings, variant)]
    return {each.name: each.checked() for each in mine}


def _is_for(overlay: Overlay, variant: Variant) -> bool:
    is_role = overlay.on is None or (overlay.on == "base") is variant.is_base
    return is_role and rule_of(overlay.when).holds(variant.number)
