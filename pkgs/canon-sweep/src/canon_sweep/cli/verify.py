"""``canon-sweep verify``: does every record hold?"""

from __future__ import annotations

import click

from canon_sweep.cli.session import Lines, Session, reporting
from canon_sweep.core.count import counted
from canon_sweep.errors import EXIT_WRONG
from canon_sweep.job.finding import Finding
from canon_sweep.job.verify import verify
from canon_sweep.job.wiring import Surroundings
from canon_sweep.report.table import listing


@click.command()
@reporting
def command(session: Session) -> int:
    """Check every canonical's record against its tag, commit, volumes and secrets."""
    findings = verify(session.settings(), Surroundings(Lines(), session.say))
    lines = [((f.recipe, f.canonical), _said(f)) for f in findings]
    wrong = sum(len(finding.problems) for finding in findings)
    unchecked = sum(len(finding.unchecked) for finding in findings)
    records = sum(1 for finding in findings if finding.recipe != "-")
    session.show(
        findings,
        listing(("recipe", "canonical"), lines),
        f"{counted(records, 'record')}, {counted(wrong, 'problem')}"
        + (f", {unchecked} unchecked" if unchecked else ""),
    )
    return EXIT_WRONG if wrong or unchecked else 0


def _said(finding: Finding) -> str:
    said = [*finding.problems, *(f"unchecked: {text}" for text in finding.unchecked)]
    said += [finding.remark] if finding.remark else []
    # of another tool's canonical each part by itself
    parts = (part for part in finding.parts if part.holds)
    held = ", ".join(part.name + (f" ({part.why})" if part.why else "") for part in parts)
    holds = f"holds: {held}" if held else "holds"
    is_short = finding.problems or finding.unchecked or not finding.canonical
    if not is_short:
        return "; ".join([holds, *said])
    return "; ".join([*said, *([holds] if held else [])])
