"""``canon-sweep import-cc-ci``: settings from cc-ci's own, and what a person has to decide."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from canon_sweep.ccci.fleet import Fleet, Remotes
from canon_sweep.ccci.found import Imported, Plain, Question
from canon_sweep.ccci.line import lines_of
from canon_sweep.cli.session import Session, reporting
from canon_sweep.core.count import counted
from canon_sweep.core.names import plain
from canon_sweep.job.import_cc_ci import Done, Wanted, import_cc_ci

UPSTREAM = "https://git.coopcloud.tech/coop-cloud/{recipe}.git"
MIRROR = "https://git.autonomic.zone/recipe-maintainers/{recipe}.git"


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--nix", "as_nix", is_flag=True, help="Write Nix, for recipesFrom; not TOML.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A new file for the settings; without it they are printed.",
)
@click.option(
    "--secrets-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="A folder for values that look like secrets, each in a file that only you can read.",
)
@click.option(
    "--upstream",
    metavar="URL",
    default=UPSTREAM,
    show_default=True,
    help="Where recipes are maintained; {recipe} stands for each one's name.",
)
@click.option(
    "--mirror",
    metavar="URL",
    default=MIRROR,
    show_default=True,
    help="Where they are mirrored to, in the same way.",
)
@reporting
def command(
    session: Session,
    *,
    folder: Path,
    as_nix: bool,
    output: Path | None,
    secrets_dir: Path | None,
    upstream: str,
    mirror: str,
) -> int:
    """Turn the tests/*/recipe_meta.py below DIR into settings, without running any of it.

    What a person has to decide is listed with file and line, and stands above the settings
    too.  Exit 1 if a file could not be read.
    """
    remotes = Remotes(upstream, mirror)
    done = import_cc_ci(Wanted(folder, remotes, as_nix, output, secrets_dir))
    fleet = done.fleet
    for each in fleet.unread:
        session.say(plain(f"not read: {each.file}: {each.why}"))
    for question in fleet.all_questions:
        session.say(plain(str(question)))
    session.say(_sum(fleet))
    session.show(_content(done, output), f"written to {output}" if output else done.text)
    return done.exit_code


def _sum(fleet: Fleet) -> str:
    to_decide = sum(question.open for question in fleet.all_questions)
    said = [counted(len(fleet.recipes), "recipe"), f"{counted(to_decide, 'thing')} to decide"]
    said += [f"{counted(len(fleet.unread), 'file')} not read"] if fleet.unread else []
    return ", ".join(said)


def _content(done: Done, output: Path | None) -> dict[str, Any]:
    fleet = done.fleet
    return {
        "recipes": {recipe.recipe: _tree_of(recipe) for recipe in fleet.recipes},
        "questions": [_question(each) for each in fleet.all_questions],
        "unread": [{"file": each.file, "why": each.why} for each in fleet.unread],
        "output": str(output) if output else None,
        "exit_code": done.exit_code,
    }


def _question(question: Question) -> dict[str, Any]:
    at = question.origin
    return {
        "file": at.file,
        "line": at.line or None,
        "text": question.text,
        "open": question.open,
    }


def _tree_of(recipe: Imported) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for line in lines_of(recipe):
        node = tree
        for key in line.path[:-1]:
            node = node.setdefault(key, {})
        values: list[Plain] = [value for value, _ in line.values]
        node[line.path[-1]] = values if line.listed else values[0]
    return tree
