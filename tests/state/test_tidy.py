"""What kills and earlier versions left in the state folder is put right, and told."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from canon_sweep.settings.recipes import RecipeSettings
from canon_sweep.settings.records import Settings
from canon_sweep.state import files, lock
from canon_sweep.state.store import State
from host import deep

DRAFT = "0123456789abcdef.draft"


@pytest.fixture
def state(tmp_path: Path) -> State:
    """The state of a host that nothing has happened on."""
    recipe = RecipeSettings(upstream="file:///a", mirror="file:///b")
    return State.of(
        Settings(recipes={"notes": recipe}, state_dir=tmp_path / "state", cache_dir=tmp_path)
    )


def mode(path: Path) -> int:
    """Who may do what."""
    return stat.S_IMODE(path.stat().st_mode)


def test_a_fresh_state_folder_is_nobody_elses(state: State) -> None:
    """Apps say passwords in their last words; and there is nothing to tell."""
    with lock.held(state.folder / "lock"):
        assert state.tidy() == ((), ())

    assert mode(state.folder) == 0o700


def test_an_open_folder_is_closed_and_that_is_said_once(state: State) -> None:
    """As earlier versions made it."""
    state.folder.mkdir(mode=0o755)
    state.folder.chmod(0o755)
    state.ledger.path.write_bytes(b"")
    state.ledger.path.chmod(0o644)

    first, second = state.tidy(), state.tidy()

    assert first.said == (f"{state.folder} was open to other users, and is not any more",)
    assert second == ((), ())
    assert (mode(state.folder), mode(state.ledger.path)) == (0o700, 0o600)


def test_drafts_and_checkouts_of_the_dead_go(state: State) -> None:
    """Wherever in the state folder; an app's data is left alone, whatever its name."""
    drafts = [
        state.folder / f".holds.json.{DRAFT}",
        state.folder / "runs" / "20260614T030000Z" / f".results.json.{DRAFT}",
        state.folder / "local" / "secrets" / f".note_pw_v1.{DRAFT}",
        state.folder / "canonicals" / "notes" / f".canonical.json.{DRAFT}",
    ]
    data = state.folder / "local" / "volumes" / "note_data" / f".theirs.{DRAFT}"
    checkout = state.checkouts / "notes" / "deep" / "compose.yml"
    for path in (*drafts, data, checkout):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("half")
    link = state.folder / "runs" / ".latest.draft"
    link.symlink_to("20260614T030000Z")
    (state.folder / ".theirs.draft").mkdir()
    outside = state.folder.parent / "outside"
    outside.mkdir()
    (state.checkouts / "link").symlink_to(outside)

    tidied = state.tidy()

    assert "5 half-written files of interrupted writers were removed" in tidied.said
    assert tidied.problems == ()
    assert [path for path in (*drafts, link) if os.path.lexists(path)] == []
    assert data.read_text() == "half"
    assert not state.checkouts.exists()
    assert outside.is_dir()
    assert state.tidy() == ((), ())


def test_half_a_line_of_the_ledger_is_set_aside_and_told(state: State) -> None:
    """Before anything is added to it."""
    files.append_line(state.ledger.path, b"{}")
    with state.ledger.path.open("ab") as file:
        file.write(b'{"half')

    (said,) = state.tidy().said

    assert "attempts.jsonl.cut" in said
    assert state.ledger.path.read_bytes() == b"{}\n"
    assert state.ledger.path.with_name("attempts.jsonl.cut").read_bytes() == b'{"half\n'
    assert mode(state.ledger.path.with_name("attempts.jsonl.cut")) == 0o600


def test_a_checkout_of_any_depth_goes(state: State) -> None:
    """What a version before this one, or an app, has left there ends no run."""
    with deep(state.checkouts / "notes" / "0123", 1500):
        assert state.tidy().problems == ()

        assert not state.checkouts.exists()


def test_an_app_that_nests_folders_without_end_stops_no_run(state: State) -> None:
    """Below the engine's folders nobody looks for drafts of ours."""
    source = state.folder / "local" / "stacks" / "note" / "source"
    draft = source.parent / f".state.json.{DRAFT}"
    theirs = source / f".theirs.{DRAFT}"
    source.mkdir(parents=True)
    for path in (draft, theirs):
        path.write_text("half")
    with deep(source.parent / "anything", 1500), deep(source / "down", 1500):
        assert state.tidy().problems == ()

    assert theirs.exists()
    assert not draft.exists()


def test_what_would_be_tidied_can_be_told_without_doing_it(state: State) -> None:
    """A living writer's draft is none of it, and its lock stays free for it."""
    dead = state.folder / f".holds.json.{DRAFT}"
    record = state.canonicals.folder / "notes" / f".canonical.json.{DRAFT}"
    checkout = state.checkouts / "notes"
    for path in (dead, record):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("half")
    checkout.mkdir(parents=True)
    alive = state.folder / ".journal.json.fedcba9876543210.draft"
    with alive.open("w") as writer:
        assert lock.is_taken(writer.fileno())

        found = set(state.dead_drafts())

    assert found == {dead, record}
    assert state.left_checkouts() == (checkout,)
    assert all(path.exists() for path in (dead, record, checkout, alive))
    assert state.clear_drafts() == 3
