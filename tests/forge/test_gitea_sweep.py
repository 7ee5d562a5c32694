"""A whole sweep over mirrors on a real forge, of which each refuses in its own way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code
from forge.forged import Forged
from forge.gitea_host import SWEEPER, Repository

Change = Callable[[Repository], None]


def _protect_main(mirror: Repository) -> None:
    mirror.protects_branch("main", enable_push=False)


def _free_main(mirror: Repository) -> None:
    mirror.host.does("DELETE", f"{mirror.api}/branch_protections/main")


def _free_tags(mirror: Repository) -> None:
    for each in mirror.host.every(f"{mirror.api}/tag_protections"):
        mirror.host.does("DELETE", f"{mirror.api}/tag_protections/{each['id']}")


def _decline(mirror: Repository) -> None:
    mirror.git.hook("pre-receive.d/z-ours", "echo 'not on a Sunday' >&2; exit 1\n")


def _accept(mirror: Repository) -> None:
    mirror.git.hook("pre-receive.d/z-ours", "exit 0\n")


def _show(mirror: Repository) -> None:
    mirror.becomes(private=False)
    mirror.allows(SWEEPER, "write")


@dataclass(frozen=True)
class Trouble:
    """How a mirror comes to refuse, what of it is told, and how it is mended."""

    begins: Change
    told: tuple[str, str]
    ends: Change


TROUBLES = {
    "branch": Trouble(
        _protect_main,
        ("Not allowed to push to protected branch main", "let the account pass the protection"),
        _free_main,
    ),
    "tag": Trouble(
        lambda mirror: mirror.protects_tags("1.1*"),
        ("Tag 1.1.0+1 is protected", "take that tag's protection away"),
        _free_tags,
    ),
    "hook": Trouble(_decline, ("not on a Sunday", "see the hook on the mirror"), _accept),
    "archived": Trouble(
        lambda mirror: mirror.becomes(archived=True),
        ("403", "neither archived nor read-only"),
        lambda mirror: mirror.becomes(archived=False),
    ),
    "reader": Trouble(
        lambda mirror: mirror.allows(SWEEPER, "read"),
        ("User permission denied for writing", "the account's rights"),
        lambda mirror: mirror.allows(SWEEPER, "write"),
    ),
    "hidden": Trouble(
        lambda mirror: mirror.hides_from(SWEEPER),
        ("404", "the login may see the repository"),
        _show,
    ),
}
GOOD = ("aaa", "zzz")


def test_each_mirror_that_refuses_costs_its_own_recipe_a_line_and_nobody_anything(
    forged: Forged,
) -> None:
    """When it is mended, the next sweep goes on where this one had to stop."""
    fleet = forged.fleet
    for recipe in (*TROUBLES, *GOOD):
        forged.adds(recipe)
        fleet.publishes(recipe, "1.0.0+1")
    first = fleet.sweeps()
    assert {entry.outcome for entry in first.results.entries} == {Outcome.PROMOTED}
    for recipe, trouble in TROUBLES.items():
        trouble.begins(forged.mirrors[recipe])
    for recipe in (*TROUBLES, *GOOD):
        fleet.publishes(recipe, "1.1.0+1")
    refs = {recipe: forged.mirrors[recipe].git.refs() for recipe in TROUBLES}
    kept = fleet.bytes_of(*TROUBLES)

    night = fleet.sweeps()

    assert night.results.exit_code == 1
    for recipe, trouble in TROUBLES.items():
        entry = night[recipe]
        assert entry.code is Code.SYNC_ERROR
        assert entry.why.isprintable()
        for words in (f"/{recipe}.git", *trouble.told):
            assert words in entry.why
        assert forged.mirrors[recipe].git.refs() == refs[recipe]
    assert fleet.bytes_of(*TROUBLES) == kept
    assert {night[recipe].outcome for recipe in GOOD} == {Outcome.PROMOTED}
    for recipe, trouble in TROUBLES.items():
        trouble.ends(forged.mirrors[recipe])
    mended = fleet.sweeps()
    assert mended.results.exit_code == 0
    assert {mended[recipe].outcome for recipe in TROUBLES} == {Outcome.PROMOTED}


def test_a_mirror_that_has_moved_is_a_note_until_its_url_is_set(forged: Forged) -> None:
    """It is swept as ever."""
    fleet = forged.fleet
    forged.adds("notes")
    fleet.publishes("notes", "1.0.0+1")
    fleet.sweeps()
    forged.mirrors["notes"].becomes(name="notes-now")
    fleet.publishes("notes", "1.1.0+1")

    night = fleet.sweeps()

    now = forged.mirrors["notes"].url.replace("notes.git", "notes-now")
    assert night["notes"].outcome is Outcome.PROMOTED
    told = [note.text for note in night["notes"].notes if note.code == "moved"]
    assert told == [f"the mirror has moved, and is followed: set its URL to {now}"]
    fleet.recipes["notes"]["mirror"] = now
    again = fleet.sweeps()
    assert again.results.noop
    assert [note for note in again["notes"].notes if note.code == "moved"] == []
