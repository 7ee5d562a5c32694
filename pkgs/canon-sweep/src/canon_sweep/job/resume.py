"""``run --resume``: what the last sweep has not reached has its turn, as long as it may."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

from canon_sweep.core.decision import Code, Policy
from canon_sweep.core.stop import Stop
from canon_sweep.core.waiting import Waiting, is_over
from canon_sweep.errors import StateFault
from canon_sweep.job import images
from canon_sweep.job.again import in_turns
from canon_sweep.job.atwork import at_work
from canon_sweep.job.finish import check_state, finish, opened
from canon_sweep.job.sources import Mirrors
from canon_sweep.job.stop import Between, stop_of_sweep
from canon_sweep.job.survey import look_while_held, surveying
from canon_sweep.job.turns import Turns
from canon_sweep.job.wiring import Parts, Surroundings
from canon_sweep.report.records import Entry, Results
from canon_sweep.settings.recipe import Recipe, recipe_of
from canon_sweep.settings.records import Settings
from canon_sweep.state import runs
from canon_sweep.state.store import State
from canon_sweep.state.waiting import WaitingList


def run_resume(settings: Settings, around: Surroundings) -> Results | None:
    """Sweep the recipes that a sweep has begun with and not reached; None if there are none.

    They are decided as they are now: settings, releases and holds may be others than they
    were.  After ``retryWindow`` nothing is taken up any more, which is said, once.

    Raises:
        UsageFault: the state is somebody else's.
        DeferredFault: another run is at work.
        StateFault: the state folder, or the list of who waits, cannot be used.
    """
    check_state(settings)
    waiting = State.of(settings).waiting
    with _told_once(waiting, around):
        # most often there is nothing to do, whoever is at work
        if not waiting.due():
            waiting.tidy()
            return None
        with opened(settings, around, Mirrors.SYNCED) as (parts, run):
            parts.state.check_common()
            due = _configured(parts.state.waiting.due(), parts, around)
            return _resumed(due, parts, run, around) if due else None


def nothing_due(settings: Settings, around: Surroundings) -> str:
    """Why there is nothing for a resume to do, in a sentence."""
    state, began = State.of(settings), True
    if running := at_work(state):
        return f"nothing is due: {running}"
    # what cannot be read is nothing that a resume would need
    with suppress(StateFault):
        # each sweep writes the list when it begins; somebody may have removed it since
        folder, now = state.folder / "runs", around.clock()
        began = state.waiting.path.exists() or runs.past(folder, now)[0] is not None
    why = "the last sweep has nothing left to do" if began else "no sweep has begun yet"
    return f"nothing is due: {why}"


@contextmanager
def _told_once(waiting: WaitingList, around: Surroundings) -> Iterator[None]:
    """A state that nobody has mended while the window lasted is told by each sweep from then on.

    Whoever starts us every half hour need not do so for it, and for a list that cannot be read.
    """
    try:
        yield
    except StateFault:
        with suppress(OSError):
            if _is_over(waiting, around.clock()):
                waiting.mark.unlink(missing_ok=True)
        raise


def _is_over(waiting: WaitingList, now: datetime) -> bool:
    """Whether nothing is taken up any more, or nobody can say what."""
    try:
        return all(is_over(entry, now) for entry in waiting.due().values())
    except StateFault:
        return True


def _configured(due: dict[str, Waiting], parts: Parts, around: Surroundings) -> dict[str, Waiting]:
    """Those of them that are still recipes; of the others nobody waits any more."""
    gone = sorted(due.keys() - parts.settings.recipes.keys())
    for name in gone:
        around.say(f"{name} is not in the configuration any more, and not waited for")
        parts.state.waiting.drop(name)
    return {name: entry for name, entry in due.items() if name not in gone}


def _resumed(due: dict[str, Waiting], parts: Parts, run: runs.Run, around: Surroundings) -> Results:
    started, known = around.clock(), tuple(map(str, parts.ground.unsettled))
    recipes = [recipe_of(parts.settings, name, started.date()) for name in sorted(due)]
    # who takes no part any more is not late: he has a line of his own
    late = [r for r in recipes if not r.stays_out and is_over(due[r.name], started)]
    turns = Turns(parts.state, around.progress)
    policy = Policy(timedelta(seconds=parts.settings.retry_red_after))
    entries: list[Entry] = []
    for recipe in late:
        entry = due[recipe.name]
        over = _always(Stop(entry.code, entry.sentence))
        entries += in_turns([recipe], parts, policy, over, turns)
    in_time = [recipe for recipe in recipes if recipe not in late]
    if in_time:
        until = max(due[recipe.name].until or started for recipe in in_time)
        ordered = turns.ordered(in_time)
        with surveying(ordered, parts, around.say) as look:
            stop = stop_of_sweep(parts)
            if not stop:
                prune = parts.settings.prune
                images.make_room(prune, parts.state, parts.engine, started, around.say)
                parts.sources.begin(in_time)
                look_while_held(look, ordered)
            in_window = _InTime(parts, stop, until=until)
            entries += in_turns(ordered, parts, policy, in_window, turns)
    lines = turns.closed(sorted(entries, key=lambda line: line.recipe), around.clock())
    return finish(
        "resume",
        recipes,
        lines,
        started=started,
        parts=parts,
        run=run,
        problems=turns.problems,
        known=known,
    )


def _always(stop: Stop) -> Callable[[Recipe], Stop]:
    return lambda _: stop


class _InTime(Between, kw_only=True):
    """As between the recipes of a sweep, as long as the window lasts."""

    until: datetime

    def __call__(self, recipe: Recipe) -> Stop | None:
        """Why this recipe is not reached, or None."""
        if self.stop is None and self.parts.world.now() >= self.until:
            self.stop = Stop(Code.OUT_OF_TIME, "not reached: retryWindow is over")
        return super().__call__(recipe)
