"""``canon-sweep history``: all that was promoted, tried and taken back."""

from __future__ import annotations

import heapq
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import click

from canon_sweep.cli.session import Session, reporting
from canon_sweep.core.adoption import Adopted
from canon_sweep.core.attempts import Attempt, Outcome
from canon_sweep.core.canonical import Canonical
from canon_sweep.core.count import counted
from canon_sweep.core.moment import in_utc
from canon_sweep.errors import EXIT_WRONG, StateFault
from canon_sweep.state.history import Forgotten, Past
from canon_sweep.state.layout import check_layout
from canon_sweep.state.owner import check_owner
from canon_sweep.state.store import State

_UNKNOWN = datetime.min.replace(tzinfo=UTC)


class _Event(NamedTuple):
    """Something that happened to a recipe; ``at`` in UTC."""

    at: datetime
    version: str
    what: str
    run_id: str
    why: str

    @property
    def line(self) -> tuple[tuple[str, ...], str]:
        """As the listing wants it."""
        when = "" if self.at == _UNKNOWN else f"{self.at:%Y-%m-%d %H:%M:%S}"
        return (when, self.version, self.what, self.run_id), self.why


@click.command()
@click.argument("recipe")
@reporting
def command(session: Session, recipe: str) -> int:
    """Show every promotion and every attempt of RECIPE, and its adoption, the oldest first.

    Also of a recipe that is no longer in the configuration.
    """
    from canon_sweep.report.table import listing  # noqa: PLC0415 - start-up

    settings = session.settings()
    check_owner([settings.state_dir], sys.argv, only_reads=True)
    check_layout(settings)
    state = State.of(settings)
    attempts = state.ledger.index().of(recipe)
    if recipe not in settings.recipes and not attempts and not _is_known(state, recipe):
        settings.recipe(recipe)
    # a promotion is what it was, whoever keeps canonicals now
    pasts = [each.past(recipe) for each in state.past]
    past = [entry for each in pasts for entry in each]
    promotions = [entry for entry in past if isinstance(entry, Canonical)]
    forgotten = [entry for entry in past if isinstance(entry, Forgotten)]
    problems = [text for each in state.past for text in each.history_problems(recipe)]
    marker = state.followed.adopted.read().get(recipe) if state.followed else None
    events = _in_order(pasts, attempts, [marker] if marker else [])
    taken_back = f", {len(forgotten)} taken back" if forgotten else ""
    session.show(
        {
            "recipe": recipe,
            "promotions": promotions,
            "attempts": attempts,
            "forgotten": forgotten,
            "adopted": marker,
            "problems": problems,
        },
        listing(("when", "version", "outcome", "run"), (event.line for event in events)),
        f"{counted(len(promotions), 'promotion')}, {counted(len(attempts), 'attempt')}"
        + taken_back
        + (", adopted" if marker else ""),
        *(f"error: {problem}" for problem in problems),
    )
    return EXIT_WRONG if problems else 0


def _is_known(state: State, recipe: str) -> bool:
    try:
        return any(each.past(recipe) for each in state.past) or recipe in state.current.recipes()
    except StateFault:
        return False


def _in_order(
    pasts: Iterable[Iterable[Past]], attempts: Sequence[Attempt], adopted: Iterable[Adopted]
) -> Iterator[_Event]:
    """The oldest first; each file is in order by itself, also within a second."""
    promoted = {(a.run_id, a.key.tag): a.ts for a in attempts if a.outcome is Outcome.PROMOTED}
    return heapq.merge(
        *([_happened(entry, promoted) for entry in past] for past in pasts),
        map(_tried, attempts),
        map(_taken_over, adopted),
        key=lambda event: event.at,
    )


def _happened(past: Past, promoted: dict[tuple[str, str], datetime]) -> _Event:
    return _taken_back(past) if isinstance(past, Forgotten) else _kept(past, promoted)


def _kept(record: Canonical, promoted: dict[tuple[str, str], datetime]) -> _Event:
    # a record has no fractions of a second; its attempt, written right after it, has
    at = promoted.get((record.run_id, record.tag)) or _moment(record.promoted_at or record.ts)
    instead = f" in place of {record.previous.version}" if record.previous else ""
    why = f"became the canonical{instead}"
    return _Event(at, record.release_tag, "canonical", record.run_id, why)


def _tried(attempt: Attempt) -> _Event:
    how = f"{' (quick)' if attempt.quick else ''}{' (flaky)' if attempt.flaky else ''}"
    version = attempt.key.tag or attempt.key.commit[:12]
    what = f"{attempt.outcome}{how}"
    return _Event(in_utc(attempt.ts), version, what, attempt.run_id, attempt.reason)


def _taken_back(past: Forgotten) -> _Event:
    record = past.record
    return _Event(in_utc(past.at), record.release_tag, "forgotten", record.run_id, past.reason)


def _taken_over(marker: Adopted) -> _Event:
    why = "taken over from another tool; no run has proven it here"
    return _Event(in_utc(marker.at), marker.version, "adopted", "", why)


def _moment(text: str) -> datetime:
    """A record's time; other tools write it as they like."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return _UNKNOWN
    return in_utc(at)
