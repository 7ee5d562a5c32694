"""``canon-sweep adopt``: take over the canonicals that another tool has made."""

from __future__ import annotations

import click

from canon_sweep.cli.session import Lines, Session, reporting
from canon_sweep.core.count import counted
from canon_sweep.core.names import plain
from canon_sweep.job.adopt import Adoption, Adoptions, run_adopt
from canon_sweep.job.wiring import Surroundings


@click.command()
@click.argument("recipes", nargs=-1, metavar="[RECIPE]...")
@click.option("--dry-run", is_flag=True, help="Say what each is, and take none over.")
@reporting
def command(session: Session, recipes: tuple[str, ...], dry_run: bool) -> int:
    """Say what each canonical of the harness's is, and follow those that are whole.

    Whole: the record's commit is its tag's, last_good and the snapshot are of the same
    release, and the volumes exist. Trigger and base follow it then, without its being called
    proven; the recipe of any other is tested. Nothing is written but our own markers. Exit 1
    if one of them cannot be adopted.
    """
    from canon_sweep.report.table import listing  # noqa: PLC0415 - start-up

    around = Surroundings(Lines(), session.say)
    found = run_adopt(session.settings(), recipes, around, dry_run=dry_run)
    session.show(
        found,
        listing(("recipe", "canonical", "commit", "outcome"), map(_row, found.canonicals)),
        _sum(found),
        *(plain(f"error: {problem}") for problem in found.problems),
    )
    return found.exit_code


def _row(one: Adoption) -> tuple[tuple[str, ...], str]:
    return (one.recipe, one.version, one.commit[:12], one.outcome), one.why


def _sum(found: Adoptions) -> str:
    outcomes = [each.outcome for each in found.canonicals]
    adopted, left = outcomes.count("adopted"), outcomes.count("not-adopted")
    said = [f"{counted(adopted, 'canonical')} {'to be adopted' * found.dry_run or 'adopted'}"]
    if left:
        said.append(f"{left} not adopted: a sweep tests what the configuration has of them")
    return ", ".join(said)
