"""How long a test's steps may take."""

from __future__ import annotations

import msgspec

from canon_sweep.settings.recipes import RecipeSettings
from canon_sweep.settings.records import Settings


class Limits(msgspec.Struct, frozen=True):
    """How long to wait, in seconds.

    ``deploy`` None leaves it to the recipe's label, which counts up to ``deploy_cap``.
    """

    prepare: float
    deploy: float | None
    deploy_default: float
    deploy_cap: float
    probe: float
    exec: float
    test: float

    @classmethod
    def of(cls, settings: Settings, recipe: RecipeSettings) -> Limits:
        """A recipe's own limits where it has any, else everybody's."""
        common, own = settings.timeouts, recipe.timeouts
        return cls(
            prepare=own.prepare or common.prepare,
            deploy=own.deploy,
            deploy_default=common.deploy,
            deploy_cap=common.deploy_cap,
            probe=own.probe or common.probe,
            exec=own.exec or common.exec,
            test=own.test or common.test,
        )

    def of_deploy(self, label: float | None) -> float:
        """How long a deploy may take whose recipe's label says ``label``."""
        # a label that is cut is upstream's; a limit of the settings is the operator's
        by_label = min(label, self.deploy_cap) if label else self.deploy_default
        return self.deploy or by_label
