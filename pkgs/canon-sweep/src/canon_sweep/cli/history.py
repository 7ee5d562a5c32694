"""``canon-sweep history``: all that was promoted and tried."""

from __future__ import annotations

import click

from canon_sweep.cli.session import Session, reporting
from canon_sweep.state.store import State


@click.command()
@click.argument("recipe")
@reporting
def command(session: Session, recipe: str) -> int:
    """Show every promotion and every attempt of RECIPE, the oldest first."""
    from canon_sweep.report.table import listing  # noqa: PLC0415 - start-up

    settings = session.settings()
    settings.recipe(recipe)
    state = State.of(settings)
    promotions = state.canonicals.history(recipe)
    attempts = [a for a in state.ledger.read() if a.key.recipe == recipe]
    lines = [
        (
            (
                f"{a.ts:%Y-%m-%d %H:%M:%S}",
                a.key.tag or a.key.commit[:12],
                f"{a.outcome}{' (quick)' if a.quick else ''}{' (flaky)' if a.flaky else ''}",
                a.run_id,
            ),
            a.reason,
        )
        for a in attempts
    ]
    session.show(
        {"recipe": recipe, "promotions": promotions, "attempts": attempts},
        listing(("when", "version", "outcome", "run"), lines),
        f"{len(promotions)} promotions, {len(attempts)} attempts",
    )
    return 0
