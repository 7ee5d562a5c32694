"""``recover``: clean up after a run that did not end by itself, and nothing else."""

from __future__ import annotations

import msgspec

from canon_sweep.errors import EXIT_DONE, EXIT_WRONG
from canon_sweep.job.finish import opened
from canon_sweep.job.sources import Mirrors
from canon_sweep.job.wiring import Surroundings
from canon_sweep.settings.records import Settings


class Recovery(msgspec.Struct, frozen=True, kw_only=True):
    """How many things were cleaned up, and what is left.

    ``problems`` is what is wrong with the state folder besides, and not to be cleaned up.
    """

    recovered: int
    left: tuple[str, ...]
    problems: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 if nothing is left, and nothing else is wrong."""
        return EXIT_WRONG if self.left or self.problems else EXIT_DONE


def run_recover(settings: Settings, around: Surroundings) -> Recovery:
    """Finish or undo what a killed run left.

    Raises:
        UsageFault: the state is somebody else's.
        DeferredFault: a run is at work, and cleans up after itself.
        StateFault: the state folder cannot be used.
    """
    with opened(settings, around, Mirrors.LEFT) as (parts, _run):
        ground = parts.ground
        left = tuple(map(str, ground.unsettled))
        return Recovery(recovered=ground.recovered, left=left, problems=ground.problems)
