"""``run`` and ``plan``: every recipe decided, and with ``run`` tested and promoted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from canon_sweep.core.decision import Policy
from canon_sweep.core.turn import in_turn
from canon_sweep.job import images, presweep
from canon_sweep.job.finish import check_state, finish, opened, results_of
from canon_sweep.job.stop import Between, stop_of
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
    recipes, old images go first, and then what ``preSweep`` says is run.  While a build is
    in flight no recipe begins; one that is still in flight after ``guard.wait`` defers what
    is left.

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
        # before the operator's own commands too: they touch live apps
        stop = stop_of(parts)
        if not (names or stop):
            images.make_room(settings.prune, parts.state, parts.engine, around.clock(), around.say)
        commands = () if names or stop else settings.pre_sweep
        before = presweep.run_steps(commands, around.say, parts.ground.time_left)
        entries = each(
            _turns(recipes, parts),
            sweep_one,
            parts.world,
            Policy(timedelta(seconds=settings.retry_red_after), retry=retry),
            is_over=Between(parts, stop),
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
        recipes, plan_one, parts.world, policy, is_over=lambda _: None, progress=around.progress
    )
    return results_of("plan", recipes, entries, started=started, parts=parts, named=names)


def _turns(recipes: tuple[Recipe, ...], parts: Parts) -> list[Recipe]:
    named = {recipe.name: recipe for recipe in recipes}
    attempts = parts.state.ledger.index().all
    return [named[name] for name in in_turn(tuple(named), attempts)]
