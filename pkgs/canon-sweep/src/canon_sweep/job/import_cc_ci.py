"""``import-cc-ci``: cc-ci's settings become ours, and secrets files of their own."""

from __future__ import annotations

from pathlib import Path

import msgspec

from canon_sweep.ccci.fleet import RECIPE, Fleet, Remotes, read_fleet
from canon_sweep.ccci.newfile import READABLE, SECRET, write_new
from canon_sweep.ccci.nix import nix
from canon_sweep.ccci.toml import toml
from canon_sweep.ccci.tree import read_tree
from canon_sweep.core.address import address_problem
from canon_sweep.errors import EXIT_DONE, EXIT_WRONG, UsageFault


class Wanted(msgspec.Struct, frozen=True):
    """What is asked for: ``output`` is the file that the settings go to, ``secrets_dir`` the
    folder for what is secret.
    """

    tree: Path
    remotes: Remotes
    as_nix: bool = False
    output: Path | None = None
    secrets_dir: Path | None = None


class Done(msgspec.Struct, frozen=True):
    """What an import has found, and the settings as a text."""

    fleet: Fleet
    text: str

    @property
    def exit_code(self) -> int:
        """That something is to be decided is no failure; that something was not read is one."""
        return EXIT_WRONG if self.fleet.unread else EXIT_DONE


def import_cc_ci(wanted: Wanted) -> Done:
    """Read a tree of cc-ci's, and write the files that are asked for.

    Raises:
        UsageFault: there is no such tree, it has no recipe, or a file cannot be written.
    """
    _check(wanted)
    tree = read_tree(wanted.tree)
    secrets = wanted.secrets_dir.absolute() if wanted.secrets_dir else None
    fleet = read_fleet(tree, wanted.remotes, str(secrets) if secrets else None)
    if not (fleet.recipes or fleet.unread):
        # a configuration of no recipe would be a sweep of nothing
        raise UsageFault(
            f"{wanted.tree} has no tests/*/recipe_meta.py",
            do="name the folder that has cc-ci's tests below it",
        )
    text = (nix if wanted.as_nix else toml)(fleet, str(wanted.tree))
    for recipe in fleet.recipes if secrets else ():
        for secret in recipe.secrets:
            assert secrets is not None
            write_new(secrets / recipe.recipe / secret.name, secret.value, SECRET)
    if wanted.output:
        write_new(wanted.output, text, READABLE)
    return Done(fleet, text)


def _check(wanted: Wanted) -> None:
    for option, url in (
        ("--upstream", wanted.remotes.upstream),
        ("--mirror", wanted.remotes.mirror),
    ):
        if RECIPE not in url:
            raise UsageFault(f"{option} has no {RECIPE}", do="every recipe has its own remotes")
        problem = address_problem(url.replace(RECIPE, "recipe"))
        if problem:
            raise UsageFault(f"{option}: {problem}")
    if wanted.remotes.upstream == wanted.remotes.mirror:
        raise UsageFault("--upstream and --mirror are the same", do="an upstream is only ever read")
    inside = wanted.secrets_dir and wanted.secrets_dir.resolve().is_relative_to(
        wanted.tree.resolve()
    )
    if inside:
        raise UsageFault(
            f"--secrets-dir: {wanted.secrets_dir} is in cc-ci's tree, and would be committed there",
            do="name a folder outside of it",
        )
