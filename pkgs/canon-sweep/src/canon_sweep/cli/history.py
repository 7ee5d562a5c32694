"""``canon-sweep history``: all that was promoted, tried and taken back."""

from __future__ import annotations

import sys

import click

from canon_sweep.cli.session import Session, reporting
from canon_sweep.core.attempts import Attempt
from canon_sweep.errors import EXIT_WRONG, StateFault
from canon_sweep.state.history import Forgotten
from canon_sweep.state.owner import check_owner
from canon_sweep.state.store import State

_Line = tuple[tuple[str, ...], str]


@click.command()
@click.argument("recipe")
@reporting
def command(session: Session, recipe: str) -> int:
    """Show every promotion and every attempt of RECIPE, the oldest first.

    Also of a recipe that is no longer in the configuration.
    """
    from canon_sweep.report.table import listing  # noqa: PLC0415 - start-up

    settings = session.settings()
    check_owner([settings.state_dir], sys.argv, only_reads=True)
    state = State.of(settings)
    attempts = state.ledger.index().of(recipe)
    if recipe not in settings.recipes and not attempts and not _is_known(state, recipe):
        settings.recipe(recipe)
    promotions = state.canonicals.history(recipe)
    forgotten = [p for p in state.canonicals.past(recipe) if isinstance(p, Forgotten)]
    problems = state.canonicals.history_problems(recipe)
    lines = [*map(_tried, attempts), *map(_taken_back, forgotten)]
    taken_back = f", {len(forgotten)} taken back" if forgotten else ""
    session.show(
        {
            "recipe": recipe,
            "promotions": promotions,
            "attempts": attempts,
            "forgotten": forgotten,
            "problems": problems,
        },
        listing(("when", "version", "outcome", "run"), sorted(lines)),
        f"{len(promotions)} promotions, {len(attempts)} attempts{taken_back}",
        *(f"error: {problem}" for problem in problems),
    )
    return EXIT_WRONG if problems else 0


def _is_known(state: State, recipe: str) -> bool:
    try:
        return bool(state.canonicals.past(recipe)) or recipe in state.canonicals.recipes()
    except StateFault:
        return False


def _tried(attempt: Attempt) -> _Line:
    how = f"{' (quick)' if attempt.quick else ''}{' (flaky)' if attempt.flaky else ''}"
    version = attempt.key.tag or attempt.key.commit[:12]
    when = f"{attempt.ts:%Y-%m-%d %H:%M:%S}"
    return (when, version, f"{attempt.outcome}{how}", attempt.run_id), attempt.reason


def _taken_back(past: Forgotten) -> _Line:
    when = f"{past.at:%Y-%m-%d %H:%M:%S}"
    return (when, past.record.release_tag, "forgotten", past.record.run_id), past.reason
