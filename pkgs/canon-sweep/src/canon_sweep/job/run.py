"""``run`` and ``plan``: every recipe decided, and with ``run`` tested and promoted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

from canon_sweep import interrupt
from canon_sweep.core.decision import Code, Policy
from canon_sweep.core.stop import Stop
from canon_sweep.core.turn import in_turn
from canon_sweep.job import images, presweep
from canon_sweep.job.finish import check_state, finish, opened, results_of
from canon_sweep.job.wiring import Parts, Surroundings, parts_to_look
from canon_sweep.mirror import sync as mirrors
from canon_sweep.report.records import Results
from canon_sweep.settings.recipe import Recipe, chosen
from canon_sweep.settings.records import Settings
from canon_sweep.sweep import each, plan_one, sweep_one


def run_sweep(
    settings: Settings,
    names: Sequence[str],
    around: Surroundings,
    *,
    retry: bool = False,
    accept_upstream: bool = False,
) -> Results:
    """Sweep the named recipes, or all of them if none is named.

    ``accept_upstream`` lets a mirror lose more than a few withdrawn tags.  If it is all
    recipes, old images go first, and then what ``preSweep`` says is run.

    Raises:
        UsageFault: there is no such recipe, or the state is somebody else's.
        DeferredFault: another run is at work.
        StateFault: the state folder cannot be used.
    """
    recipes = chosen(settings, tuple(names))
    read = partial(mirrors.sync, accept_upstream=accept_upstream)
    with opened(settings, around, read) as (parts, run):
        parts.state.check_common()
        started = around.clock()
        if not names:
            images.make_room(settings.prune, parts.state, parts.engine, around.clock(), around.say)
        commands = () if names else settings.pre_sweep
        before = presweep.run_steps(commands, around.say, parts.ground.time_left)
        entries = each(
            _turns(recipes, parts),
            sweep_one,
            parts.world,
            Policy(timedelta(seconds=settings.retry_red_after), retry=retry),
            is_over=lambda: stop_of(parts.ground.time_left),
            progress=around.progress,
        )
        return finish(
            "run",
            recipes,
            entries,
            started=started,
            parts=parts,
            run=run,
            named=names,
            pre_sweep=before,
        )


def run_plan(settings: Settings, names: Sequence[str], around: Surroundings) -> Results:
    """The decisions that `run_sweep` would take now; no mirror, no record is changed.

    Raises:
        UsageFault: there is no such recipe, or the state is somebody else's.
        StateFault: what is read for every recipe cannot be read.
    """
    recipes = chosen(settings, tuple(names))
    check_state(settings)
    parts = parts_to_look(settings, around)
    parts.state.check_common()
    started = around.clock()
    policy = Policy(timedelta(seconds=settings.retry_red_after))
    entries = each(
        recipes, plan_one, parts.world, policy, is_over=lambda: None, progress=around.progress
    )
    return results_of("plan", recipes, entries, started=started, parts=parts, named=names)


def stop_of(time_left: Callable[[], float]) -> Stop | None:
    """Why no further recipe may begin, or None."""
    stopped = interrupt.reason()
    if stopped is None and time_left() <= 0:
        stopped = "maxRuntime is used up"
    return None if stopped is None else Stop(Code.OUT_OF_TIME, f"not reached: {stopped}")


def _turns(recipes: tuple[Recipe, ...], parts: Parts) -> list[Recipe]:
    named = {recipe.name: recipe for recipe in recipes}
    attempts = parts.state.ledger.index().all
    return [named[name] for name in in_turn(tuple(named), attempts)]
