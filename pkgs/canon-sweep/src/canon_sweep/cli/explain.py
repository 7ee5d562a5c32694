"""``canon-sweep explain``: the decision with everything that it rests on."""

from __future__ import annotations

import click

from canon_sweep.cli.session import Session, reporting
from canon_sweep.explain import Explanation, explain
from canon_sweep.run import clock


@click.command()
@click.argument("recipe")
@reporting
def command(session: Session, recipe: str) -> int:
    """Say why RECIPE would be tested now, or why not, and from which facts."""
    answer = explain(session.settings(), recipe, clock())
    session.show(answer, "\n".join(_lines(answer)))
    return 0


def _lines(answer: Explanation) -> list[str]:
    lines = [
        f"{answer.recipe}: {answer.code}",
        f"  {answer.sentence}",
        f"  upstream   {answer.upstream} (main {answer.main[:12] or 'not read'})",
        f"  mirror     {answer.mirror}{_difference(answer)}",
        f"  canonical  {answer.canonical or 'none'}",
        f"  releases   {', '.join(answer.releases[-8:]) or 'none'}",
        f"  bases      {', '.join(answer.bases) or 'none'}",
    ]
    lines += [f"  ignored    {ignored.tag}: {ignored.reason}" for ignored in answer.ignored_tags]
    lines += [f"  note       {note.code}: {note.text}" for note in answer.notes]
    for attempt in answer.attempts[-5:]:
        name = attempt.key.tag or attempt.key.commit[:12]
        lines.append(f"  attempt    {attempt.ts:%Y-%m-%d %H:%M} {name} {attempt.outcome}")
        if attempt.reason:
            lines.append(f"             {attempt.reason}")
    return lines


def _difference(answer: Explanation) -> str:
    count = len(answer.to_push) + len(answer.to_delete)
    return f" ({count} refs differ)" if count else " (in step)"
