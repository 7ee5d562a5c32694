"""``run`` and ``plan``: every recipe decided, and with ``run`` tested and promoted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta

from canon_sweep.core.decision import Policy
from canon_sweep.core.waiting import overdue
from canon_sweep.errors import DeferredFault, HostFault, StateFault
from canon_sweep.job import images, presweep
from canon_sweep.job.again import in_turns
from canon_sweep.job.finish import check_state, finish, opened, results_of
from canon_sweep.job.sources import Mirrors
from canon_sweep.job.stop import Between, stop_of_sweep
from canon_sweep.job.survey import look_while_held, surveying
from canon_sweep.job.turns import Turns, begin
from canon_sweep.job.wiring import Surroundings, parts_to_look
from canon_sweep.report.records import Results
from canon_sweep.settings.recipe import chosen
from canon_sweep.settings.records import Settings
from canon_sweep.state.layout import unmade
from canon_sweep.state.store import State
from canon_sweep.sweep import each, plan_one


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
    is left.  What a sweep of all recipes has not reached, however it ended, a resume takes up.

    Raises:
        UsageFault: there is no such recipe, or the state is somebody else's.
        DeferredFault: another run is at work.
        HostFault: that has been so for weeks.
        StateFault: the state folder cannot be used.
    """
    recipes = chosen(settings, tuple(names), around.clock().date())
    mirrors = Mirrors.OVERWRITTEN if accept_upstream else Mirrors.SYNCED
    turns = Turns(State.of(settings), around.progress)

    def begins() -> None:
        if not names:
            turns.begin(recipes, settings, around.clock(), retry=retry)

    with (
        _due_if_refused(settings, names, around, retry=retry),
        opened(settings, around, mirrors, begins=begins) as (parts, run),
        surveying(recipes, parts, around.say) as look,
    ):
        parts.state.check_common()
        _tell_unmade(settings, around)
        started = around.clock()
        # before the operator's own commands too: they touch live apps
        stop = stop_of_sweep(parts)
        if not (names or stop):
            images.make_room(settings.prune, parts.state, parts.engine, around.clock(), around.say)
        commands = () if names or stop else settings.pre_sweep
        if stop and settings.pre_sweep and not names:
            around.say("preSweep: not run, nor by a resume: the next sweep does")
        before = presweep.run_steps(commands, around.say, parts.ground.time_left)
        parts.sources.begin(recipes)
        policy = Policy(timedelta(seconds=settings.retry_red_after), retry=retry)
        ordered = turns.ordered(recipes)
        if not stop:
            look_while_held(look, ordered)
        entries = in_turns(ordered, parts, policy, Between(parts, stop), turns)
        return finish(
            "run",
            recipes,
            entries if names else turns.closed(entries, around.clock()),
            started=started,
            parts=parts,
            run=run,
            named=names,
            pre_sweep=before,
            problems=turns.problems,
        )


def run_plan(settings: Settings, names: Sequence[str], around: Surroundings) -> Results:
    """The decisions that `run_sweep` would take now; no mirror, no record is changed.

    Raises:
        UsageFault: there is no such recipe, or the state is somebody else's.
        StateFault: what is read for every recipe cannot be read.
    """
    recipes = chosen(settings, tuple(names), around.clock().date())
    check_state(settings)
    parts = parts_to_look(settings, around)
    parts.state.check_common()
    _tell_unmade(settings, around)
    started = around.clock()
    policy = Policy(timedelta(seconds=settings.retry_red_after))
    with surveying(recipes, parts, around.say) as look:
        # in threads, so only once there is a process for the survey
        parts.sources.begin(recipes)
        look(recipes)
        entries = each(
            recipes, plan_one, parts.world, policy, is_over=lambda _: None, progress=around.progress
        )
    return results_of("plan", recipes, entries, started=started, parts=parts, named=names)


def _tell_unmade(settings: Settings, around: Surroundings) -> None:
    """Say before the first test what each would be told after it, if it was the wrong folder."""
    if told := unmade(settings):
        around.say(told)


@contextmanager
def _due_if_refused(
    settings: Settings, names: Sequence[str], around: Surroundings, *, retry: bool
) -> Iterator[None]:
    """A sweep that cannot begin, as somebody else is at work, is a resume's to begin.

    Raises:
        HostFault: so it has been week after week; exit 75 for ever would be silence.
    """
    try:
        yield
    except DeferredFault as fault:
        if names:
            raise
        now, waiting = around.clock(), {}
        state, recipes = State.of(settings), chosen(settings, (), now.date())
        # it is refused anyway, and whoever is at work tells of a list that is broken
        with suppress(StateFault):
            waiting = begin(state, recipes, settings, now, retry=retry)
        late = overdue(waiting.values())
        if not late:
            raise
        raise HostFault(f"{late}: {fault.what}", do="see that it ends") from fault
