"""``canon-sweep demo``: the main job on a fleet of little apps."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click

from canon_sweep.cli.session import Lines, Session, reporting
from canon_sweep.demo.story import Chapter, prepare, tell
from canon_sweep.engine.choice import engine_of
from canon_sweep.job.wiring import Surroundings
from canon_sweep.report import table


@click.command()
@click.option(
    "--dir",
    "folder",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="A new folder; config.toml in it is for every other command.",
)
@click.option(
    "--engine",
    type=click.Choice(["local", "swarm"]),
    default="local",
    show_default=True,
    help="swarm needs the image canon-sweep/python:1 and a network named proxy.",
)
@click.option("--host", help="Where the Docker Engine listens, if not in its usual place.")
@reporting
def command(session: Session, folder: Path, engine: str, host: str | None) -> int:
    """Sweep four times over little apps with state, made in a new folder.

    Everything is promoted; then nothing is to be done; then one new release is
    promoted and a broken one kept back; then nothing is to be done again.
    """
    settings = prepare(folder, engine, host)

    def show(chapter: Chapter) -> None:
        if session.as_json:
            return
        claims = [f"  {'yes' if claim.holds else 'NO '}  {claim.text}" for claim in chapter.claims]
        session.show(
            chapter,
            f"\n{chapter.title}\n",
            table.results_listing(chapter.results),
            table.totals_line(chapter.results),
            "\n".join([f"proves: {chapter.proves}", *claims]),
        )

    story = tell(folder, settings, Surroundings(Lines(), session.say), engine_of(settings), show)
    config = folder.absolute() / "config.toml"
    if session.as_json:
        session.show(story)
    else:
        # by the path that it was called by: it may be in no PATH
        command = shlex.join([sys.argv[0], "status", "--config", str(config)])
        session.show(story, f"\nTry the other commands on it: {command}")
    return story.exit_code
