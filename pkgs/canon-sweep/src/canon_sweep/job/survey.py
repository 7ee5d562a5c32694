"""All remotes of a command looked at together, from before the first recipe's turn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

from canon_sweep import interrupt
from canon_sweep.core import names
from canon_sweep.errors import HostFault, Interrupted
from canon_sweep.job.wiring import Parts
from canon_sweep.mirror.pool import Pool
from canon_sweep.mirror.scratch import beside
from canon_sweep.mirror.survey import Pair, Survey
from canon_sweep.settings.recipe import Recipe

Look = Callable[[Sequence[Recipe]], None]


@contextmanager
def surveying(
    recipes: Sequence[Recipe], parts: Parts, say: Callable[[str], None]
) -> Iterator[Look]:
    """Have somebody who looks at remotes; what is seen is known to ``parts`` until it ends.

    The look waits for nobody: a recipe's remotes are waited for in its turn, and all of them
    before anything is done to one.

    Begun before anything else of a command, which may have threads.  Where there is no process
    to be had, each recipe's remotes are read in its turn, which is said.  Of recipes that stay
    out, nobody is asked.
    """
    with _looking(recipes, parts, say) as look:
        yield lambda wanted: look([each for each in wanted if not each.stays_out])


@contextmanager
def surveyed(recipes: Sequence[Recipe], parts: Parts, say: Callable[[str], None]) -> Iterator[None]:
    """The remotes of these recipes, whether they stay out or not, are looked at at once.

    Begun as `surveying`, for what only looks at some recipes; until it ends, a sync of theirs
    goes by what was seen.
    """
    with _looking(recipes, parts, say) as look:
        look(recipes)
        # in threads, so only now
        parts.sources.begin_missing(recipes)
        yield


@contextmanager
def _looking(recipes: Sequence[Recipe], parts: Parts, say: Callable[[str], None]) -> Iterator[Look]:
    if not recipes:
        yield lambda _: None
        return
    settings, sources = parts.settings, parts.sources
    own = settings.survey
    tmp = beside(recipes[0].clone)

    def lost(fault: HostFault) -> None:
        say(f"remotes are read one after another: {fault}")

    try:
        pool = Pool.made(settings.credentials, tmp, parallel=own.parallel, per_server=own.per_host)
    except HostFault as fault:
        lost(fault)
        yield lambda _: None
        return

    patience = float(settings.sync_timeout)

    def seconds() -> float:
        # of a run that is almost over, one that hangs leaves the others their half
        return max(0.1, min(patience, parts.ground.time_left() / 2))

    def look(recipes: Sequence[Recipe]) -> None:
        sources.survey = survey = Survey(pool, seconds, patience, lost)
        survey.look(_pairs(recipes))

    with pool:
        try:
            yield look
        finally:
            sources.survey = None


def look_while_held(look: Look, recipes: Sequence[Recipe]) -> None:
    """Begin a look in a run, which holds signals; one that comes ends it, and is noted."""
    with suppress(Interrupted), interrupt.LetThrough():
        look(recipes)


def _pairs(recipes: Iterable[Recipe]) -> Iterator[Pair]:
    for recipe in recipes:
        own = recipe.settings
        # whoever has a name that is none is told in its turn
        if names.recipe_problem(recipe.name) is None:
            yield Pair(recipe.name, own.upstream, own.mirror, own.branch, recipe.clone)
