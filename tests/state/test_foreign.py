"""cc-ci's own folder: read in place, whatever lies there, and never written."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from canon_sweep.core.foreign import Broken, Foreign, Mark, Snapshot
from canon_sweep.errors import StateFault, StorageFault
from canon_sweep.state.foreign import ForeignCanonicals, foreign_in
from state.ciwarm import CiWarm

COMMIT = "a" * 40
VOLUME = "warm-notes_ci_example_data"


@pytest.fixture
def warm(tmp_path: Path) -> CiWarm:
    """A folder with one whole canonical."""
    warm = CiWarm(tmp_path / "ci-warm")
    warm.promotes("notes", "1.0.0+1", COMMIT, volumes=(VOLUME,))
    return warm


def read(warm: CiWarm, recipe: str = "notes") -> Foreign:
    """A recipe's canonical there."""
    return ForeignCanonicals(warm.folder).read(recipe)


def test_a_whole_canonical_is_read(warm: CiWarm) -> None:
    """All its files, and what the archives take."""
    found = read(warm)

    assert isinstance(found.record, Mark)
    assert isinstance(found.last_good, Mark)
    assert isinstance(found.snapshot, Snapshot)
    assert found.record.version == found.last_good.version == found.snapshot.mark.version
    assert found.record.at == datetime(2026, 6, 14, 3, 20, tzinfo=UTC)
    assert found.snapshot.volumes == (VOLUME,)
    assert found.snapshot.archives == {VOLUME}
    assert found.snapshot.bytes == 10
    assert ForeignCanonicals(warm.folder).recipes() == ("notes",)


def test_a_bare_last_good_is_of_when_it_was_written(warm: CiWarm) -> None:
    """It has no ts of its own; one that is no moment stays none."""
    path = warm.writes("notes", "last_good", b"1.0.0+1\n")
    os.utime(path, (1781406000, 1781406000))
    bare = read(warm).last_good
    warm.writes("notes", "last_good", {"version": "1.0.0+1", "ts": "soon"})
    odd = read(warm).last_good

    assert isinstance(bare, Mark)
    assert isinstance(odd, Mark)
    assert bare.at == datetime(2026, 6, 14, 3, tzinfo=UTC)
    assert odd.at is None


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    """Neither a folder nor a file."""
    warm = CiWarm(tmp_path)
    nothing = read(warm)
    warm.writes("notes", "canonical.json", {"version": "1.0.0+1", "commit": COMMIT})
    alone = read(warm)

    assert (nothing.record, nothing.last_good, nothing.snapshot) == (None, None, None)
    assert (alone.last_good, alone.snapshot) == (None, None)
    assert ForeignCanonicals(tmp_path / "nowhere").recipes() == ()


@pytest.mark.parametrize("name", ["canonical.json", "last_good", "snapshot/meta.json"])
def test_what_is_no_small_file_is_broken(warm: CiWarm, name: str) -> None:
    """A link to nothing, a folder, a pipe, a file without end: one cause each, and no waiting."""
    path = warm.folder / "notes" / name
    causes = []
    path.unlink()
    path.symlink_to("nowhere")
    causes.append(_broken(warm, name))
    path.unlink()
    path.mkdir()
    causes.append(_broken(warm, name))
    path.rmdir()
    os.mkfifo(path)
    causes.append(_broken(warm, name))
    path.unlink()
    path.write_bytes(b" " * (2**20 + 1))
    causes.append(_broken(warm, name))

    large = "it has more than 1048576 bytes"
    assert causes == ["it is a link to nothing", "it is no file", "it is no file", large]


def _broken(warm: CiWarm, name: str) -> str:
    found = read(warm)
    of = {"canonical.json": found.record, "last_good": found.last_good}
    broken = of.get(name, found.snapshot)
    assert isinstance(broken, Broken)
    return broken.why


@pytest.mark.parametrize("name", ["canonical.json", "last_good", "snapshot"])
def test_what_this_host_does_not_let_be_read_is_not_nothing(warm: CiWarm, name: str) -> None:
    """The file is named; and the recipe is among those that have a record."""
    path = warm.folder / "notes" / name
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(name)  # round in a circle

    with pytest.raises(StorageFault, match=f"notes/{name}.* cannot be read: Too many levels"):
        read(warm)
    assert foreign_in(warm.folder) == "notes/last_good"
    if name == "canonical.json":
        assert ForeignCanonicals(warm.folder).recipes() == ("notes",)


def test_a_snapshot_without_its_meta_is_broken(warm: CiWarm) -> None:
    """As a swap that was cut short may leave it."""
    (warm.folder / "notes/snapshot/meta.json").unlink()

    assert _broken(warm, "snapshot/meta.json") == "there is none in the snapshot"


def test_a_snapshot_whose_meta_names_no_volumes_has_those_of_its_archives(warm: CiWarm) -> None:
    """Nobody may take it for one without data; one that says it has none has none."""
    path = warm.folder / "notes/snapshot/meta.json"
    said = json.loads(path.read_bytes())
    del said["volumes"]
    path.write_text(json.dumps(said))
    unsaid = read(warm).snapshot
    warm.changes("notes", "snapshot/meta.json", volumes=[])
    none = read(warm).snapshot
    path.write_text(json.dumps(said))
    archives = warm.folder / "notes/snapshot/volumes"
    (archives / f"{VOLUME}.tar").rename(archives / "-v.tar")

    assert isinstance(unsaid, Snapshot)
    assert unsaid.volumes == (VOLUME,)
    assert isinstance(none, Snapshot)
    assert none.volumes == ()
    assert "-v" in _broken(warm, "snapshot/meta.json")


def test_a_snapshot_that_says_nothing_of_volumes_and_has_none_is_half_a_one(
    warm: CiWarm,
) -> None:
    """Its copy may have been cut short: that is not to have no data."""
    warm.changes("notes", "snapshot/meta.json", volumes=None)
    archives = warm.folder / "notes/snapshot/volumes"
    (archives / f"{VOLUME}.tar").unlink()
    empty = read(warm).snapshot
    archives.rmdir()

    assert isinstance(empty, Snapshot)
    assert empty.volumes == ()
    assert "no folder snapshot/volumes" in _broken(warm, "snapshot/meta.json")


def test_an_archive_is_a_file_of_its_own(warm: CiWarm) -> None:
    """A link somewhere else, or another ending, is no copy of a volume."""
    archive = warm.folder / f"notes/snapshot/volumes/{VOLUME}.tar"
    archive.rename(archive.with_suffix(".part"))
    archive.symlink_to("/dev/zero")

    snapshot = read(warm).snapshot

    assert isinstance(snapshot, Snapshot)
    assert snapshot.without_archive == (VOLUME,)


def test_a_name_that_is_none_is_refused(warm: CiWarm) -> None:
    """Before it becomes a path."""
    for name in ("../notes", "", "/etc"):
        with pytest.raises(StateFault, match="no recipe name"):
            read(warm, name)
    warm.writes("No Name", "canonical.json", {})
    (warm.folder / "lost+found").mkdir()
    assert ForeignCanonicals(warm.folder).recipes() == ("notes",)


def test_a_folder_that_nobody_can_list_is_not_empty(tmp_path: Path) -> None:
    """'No canonical' must be known, not guessed."""
    (tmp_path / "file").write_text("")

    with pytest.raises(StateFault, match="file cannot be read"):
        ForeignCanonicals(tmp_path / "file").recipes()


def test_cc_cis_layout_is_known_by_what_only_it_has(tmp_path: Path) -> None:
    """A record without a schema, a last_good, a snapshot; ours have none of it."""
    warm = CiWarm(tmp_path)
    warm.writes("notes", "canonical.json", {"schema": 1})
    warm.writes("notes", "history.jsonl", b"")
    warm.writes("site", "canonical.json", b"garbage")
    ours = foreign_in(tmp_path)
    warm.writes("site", "last_good", b"1.0.0+1")
    last_good = foreign_in(tmp_path)
    warm.writes("mail", "canonical.json", {"version": "1.0.0+1"})
    record = foreign_in(tmp_path)
    (tmp_path / "chat/snapshot").mkdir(parents=True)

    assert ours == ""
    assert last_good == "site/last_good"
    assert record == "mail/canonical.json, which has no schema"
    assert foreign_in(tmp_path) == "chat/snapshot"
    assert foreign_in(tmp_path / "nowhere") == ""


def test_a_link_that_leads_nowhere_costs_only_its_own_recipe(warm: CiWarm) -> None:
    """What is beside it is listed and read; of this one nobody can say."""
    (warm.folder / "loop").symlink_to("loop")

    assert ForeignCanonicals(warm.folder).recipes() == ("loop", "notes")
    assert isinstance(read(warm).record, Mark)
    with pytest.raises(StateFault, match="symbolic links"):
        read(warm, "loop")
