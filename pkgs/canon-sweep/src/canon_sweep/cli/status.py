"""``canon-sweep status``: what the state folder says; asks no remote and no engine."""

from __future__ import annotations

from datetime import UTC, datetime

import click
import msgspec

from canon_sweep.cli.session import Session, reporting
from canon_sweep.core.attempts import Attempt
from canon_sweep.core.decision import Hold
from canon_sweep.errors import EXIT_WRONG, StateFault
from canon_sweep.settings.records import RecipeSettings
from canon_sweep.state.store import State


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One recipe as the state folder knows it."""

    recipe: str
    enrolled: bool
    exception: str = ""
    canonical: str = ""
    promoted_at: str = ""
    retained: str = ""
    last_outcome: str = ""
    last_tag: str = ""
    last_at: datetime | None = None
    last_reason: str = ""
    hold: Hold | None = None
    problem: str = ""


@click.command()
@reporting
def command(session: Session) -> int:
    """Show every recipe's canonical, its last attempt, and any hold."""
    settings = session.settings()
    state = State.of(settings)
    last = {attempt.key.recipe: attempt for attempt in state.ledger.read()}
    holds = state.holds.read()
    rows = [
        _row(name, recipe, state, last.get(name), holds.get(name))
        for name, recipe in sorted(settings.recipes.items())
    ]
    _show(session, rows)
    return EXIT_WRONG if any(row.problem for row in rows) else 0


def _row(
    name: str, recipe: RecipeSettings, state: State, last: Attempt | None, hold: Hold | None
) -> Row:
    problem = ""
    record = None
    try:
        record = state.canonicals.read(name)
    except StateFault as fault:
        problem = str(fault)
    return Row(
        recipe=name,
        enrolled=recipe.enroll,
        exception=recipe.exception,
        canonical=record.release_tag if record else "",
        promoted_at=(record.promoted_at or record.ts) if record else "",
        retained=record.retained if record else "",
        last_outcome=str(last.outcome) if last else "",
        last_tag=(last.key.tag or last.key.commit[:12]) if last else "",
        last_at=last.ts if last else None,
        last_reason=last.reason if last else "",
        hold=hold if hold and hold.until > datetime.now(UTC) else None,
        problem=problem,
    )


def _show(session: Session, rows: list[Row]) -> None:
    if session.as_json:
        session.show(rows)
        return
    from canon_sweep.report.table import listing  # noqa: PLC0415 - start-up

    columns = ("recipe", "canonical", "since", "kept", "last attempt")
    session.show(rows, listing(columns, ((_cells(row), _what(row)) for row in rows)))


def _cells(row: Row) -> tuple[str, ...]:
    last = f"{row.last_outcome} {row.last_tag}".strip()
    return (row.recipe, row.canonical, row.promoted_at[:10], row.retained, last)


def _what(row: Row) -> str:
    if row.problem:
        return row.problem
    if not row.enrolled:
        return f"not enrolled: {row.exception}"
    if row.hold is not None:
        what = f"{row.hold.tag} is held" if row.hold.tag else "held"
        return f"{what} until {row.hold.until:%Y-%m-%d %H:%M}: {row.hold.reason}"
    return row.last_reason
