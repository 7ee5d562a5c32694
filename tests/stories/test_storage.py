"""A state folder that the host does not let be used: its fault, by name, and nothing is lost."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code
from host import own_disk
from stories.engines import doing
from stories.fleet import Fleet

NUMBERS = [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO]


@contextmanager
def refusing(monkeypatch: pytest.MonkeyPatch, name: str, number: int) -> Iterator[None]:
    """The kernel refuses to flush every file with this name, and its drafts.

    A stand-in for a disk that is full, or broken, just there and then.
    """
    real = os.fsync

    def fsync(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        if name in path.name:
            raise OSError(number, os.strerror(number))
        real(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        yield


@pytest.mark.parametrize("number", NUMBERS)
def test_a_journal_that_the_host_cannot_write_is_infra(
    released: Fleet, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """By name, with the next step; no canonical changes, and with room again all goes on."""
    released.has_swept()
    before = released.bytes_of("notes", "site")
    released.publishes("notes", "2.0.0+1")

    with refusing(monkeypatch, "journal.json", number):
        night = released.sweeps()
        by_hand = released.tests("notes")
        quick = released.tests("notes", quick=True)

    assert night["site"].code is Code.NO_NEW_VERSION
    for entry in (night["notes"], by_hand, quick):
        assert entry.outcome is Outcome.INFRA, entry
        assert "journal.json cannot be written" in entry.reason
        assert os.strerror(number) in entry.reason
        assert "; " in entry.reason.partition(os.strerror(number))[2]
        assert "bug" not in entry.reason
        assert (entry.tag, entry.canonical) == ("2.0.0+1", "1.1.0+1")
    assert released.bytes_of("notes", "site") == before
    assert released.running() == ()
    assert released.sweeps()["notes"].outcome is Outcome.PROMOTED


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("attempts.jsonl", errno.ENOSPC),
        ("history.jsonl", errno.EDQUOT),
        ("history.jsonl", errno.EIO),
        ("results.json", errno.EROFS),
    ],
)
def test_what_is_written_beside_a_promotion_costs_none(
    released: Fleet, monkeypatch: pytest.MonkeyPatch, name: str, number: int
) -> None:
    """The canonical is whole, the file is named, and the next run mends what it can."""
    with refusing(monkeypatch, name, number):
        night = released.sweeps()

    results = night.results
    assert [entry.outcome for entry in results.entries] == [Outcome.PROMOTED] * 2
    notes = [note.text for entry in results.entries for note in entry.notes]
    told = [text for text in (*notes, *results.problems) if name in text]
    assert told, results
    assert all(os.strerror(number) in text and "bug" not in text for text in told)
    assert released.sweeps().results.exit_code == 0
    assert len(released.state().canonicals.history("notes")) == 1


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_record_that_the_host_cannot_write_leaves_the_old_one(
    released: Fleet, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """It was green, and could not be kept: the host's words say why."""
    released.has_swept()
    before = released.bytes_of("notes")
    released.publishes("notes", "2.0.0+1")

    with refusing(monkeypatch, "canonical.json", number):
        entry = released.sweeps()["notes"]

    assert entry.outcome is Outcome.PROMOTE_FAILED
    assert os.strerror(number) in entry.reason
    assert released.bytes_of("notes") == before
    assert released.sweeps("notes", retry=True)["notes"].outcome is Outcome.PROMOTED


def test_what_cannot_be_read_before_a_decision_is_the_hosts_error(
    released: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was decided, and no one says that it is a bug."""
    released.has_swept()
    real = os.read

    def read(descriptor: int, size: int) -> bytes:
        if Path(f"/proc/self/fd/{descriptor}").readlink().match("notes/canonical.json"):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(descriptor, size)

    with monkeypatch.context() as patch:
        # a disk that is broken just there cannot be had
        patch.setattr(os, "read", read)
        night = released.sweeps()

    assert night["notes"].code is Code.HOST_ERROR
    assert "canonical.json cannot be read: Input/output error" in night["notes"].sentence
    assert night["site"].code is Code.NO_NEW_VERSION
    assert night.results.exit_code == 1


def test_a_host_that_is_used_up_is_told_so_wherever_nobody_looked(released: Fleet) -> None:
    """The kernel's word is enough: what it was said to need not be foreseen."""

    def short() -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    released.wrap = doing("prepare", short)

    night = released.sweeps()

    assert night["notes"].code is Code.HOST_ERROR
    assert "Too many open files" in night["notes"].sentence
    assert "raise the limit of open files" in night["notes"].sentence
    assert night["site"].outcome is Outcome.PROMOTED


@pytest.fixture
def small(released: Fleet) -> Iterator[Path]:
    """The state folder is a file system of its own."""
    state = released.folder / "state"
    state.mkdir()
    with own_disk(state, "size=4m"):
        yield state


@pytest.mark.parametrize(
    "moment", ["leftovers", "prepare", "deploy", "wait_ready", "execute", "volumes"]
)
def test_a_disk_that_is_full_from_some_moment_on_loses_nothing(
    released: Fleet, small: Path, moment: str
) -> None:
    """Whenever it fills up: no recipe is red, nobody speaks of a bug, and room mends it all."""
    filler = small / "filler"

    def fill() -> None:
        with filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(small).free)

    released.wrap = doing(moment, fill)

    night = released.sweeps()

    assert filler.exists()
    for entry in night.results.entries:
        assert entry.verdict in {"infra", "promote-failed"}, entry
        assert "No space left on device" in entry.why
        assert "bug" not in entry.why
    assert night.results.exit_code == 1
    filler.unlink()
    released.wrap = lambda engine: engine
    again = released.sweeps(retry=True)
    assert [entry.outcome for entry in again.results.entries] == [Outcome.PROMOTED] * 2
    assert again.results.exit_code == 0
    assert released.running() == ()
    names = {released.canonical(recipe).volumes[0].name for recipe in ("notes", "site")}
    assert released.volumes() == names
