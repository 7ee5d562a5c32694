"""``canon-sweep explain``: the decision with everything that it rests on."""

from __future__ import annotations

import click

from canon_sweep.cli.session import Lines, Session, reporting
from canon_sweep.core.count import counted
from canon_sweep.job.explain import Explanation, explain
from canon_sweep.job.wiring import Surroundings


@click.command()
@click.argument("recipe")
@reporting
def command(session: Session, recipe: str) -> int:
    """Say why RECIPE would be tested now, or why not, and from which facts."""
    answer = explain(session.settings(), recipe, Surroundings(Lines(), session.say))
    session.show(answer, "\n".join(_lines(answer)))
    return 0


def _lines(answer: Explanation) -> list[str]:
    lines = [
        f"{answer.recipe}: {answer.code}",
        f"  {answer.sentence}",
        f"  upstream   {answer.upstream} (main {answer.main[:12] or 'not read'})",
        f"  mirror     {answer.mirror}{_difference(answer)}",
        f"  canonical  {answer.canonical or 'none'}{' (adopted)' * answer.adopted}",
        f"  releases   {_last(answer.releases, 8) if answer.main else 'not read'}",
        f"  bases      {_bases(answer)}",
    ]
    lines += [f"  closes     #{number}: {why}" for number, why in answer.merged.items()]
    lines += [f"  ignored    {ignored.tag}: {ignored.reason}" for ignored in answer.ignored_tags]
    lines += [f"  note       {note.code}: {note.text}" for note in answer.notes]
    for attempt in answer.attempts[-5:]:
        name = attempt.key.tag or attempt.key.commit[:12]
        log = f"runs/{attempt.run_id}/{answer.recipe}.log"
        lines.append(f"  attempt    {attempt.ts:%Y-%m-%d %H:%M} {name} {attempt.outcome} ({log})")
        if attempt.reason:
            lines.append(f"             {attempt.reason}")
    return lines


def _last(names: tuple[str, ...], count: int) -> str:
    older = f"{len(names) - count} older, " if len(names) > count else ""
    return older + (", ".join(names[-count:]) or "none")


def _bases(answer: Explanation) -> str:
    return (", ".join(answer.bases) or "none") if answer.main else "not read"


def _difference(answer: Explanation) -> str:
    if not answer.main:
        return " (not read)"
    refs = counted(len(answer.differs), "ref")
    return f" (differs in {refs})" if answer.differs else " (in step)"
