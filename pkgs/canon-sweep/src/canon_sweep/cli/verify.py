"""``canon-sweep verify``: does every record hold?"""

from __future__ import annotations

import click

from canon_sweep.cli.session import Session, reporting
from canon_sweep.errors import EXIT_WRONG
from canon_sweep.report.table import listing
from canon_sweep.run import clock
from canon_sweep.verify import verify


@click.command()
@reporting
def command(session: Session) -> int:
    """Check every canonical's record against its tag, commit, volumes and secrets."""
    findings = verify(session.settings(), clock())
    lines = [((f.recipe, f.canonical), "; ".join(f.problems) or "holds") for f in findings]
    wrong = sum(1 for finding in findings if finding.problems)
    records = sum(1 for finding in findings if finding.recipe != "-")
    session.show(
        findings,
        listing(("recipe", "canonical"), lines),
        f"{records} records, {wrong} problems",
    )
    return EXIT_WRONG if wrong else 0
