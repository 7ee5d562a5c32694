"""What an import writes is whole, its owner's alone where it is secret, and over nothing."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from canon_sweep.ccci.newfile import READABLE, SECRET, write_new
from canon_sweep.errors import UsageFault
from host import small_files


def test_a_full_disk_leaves_no_half_of_a_secret(tmp_path: Path) -> None:
    """The next import would take it for another one, or the service for the value."""
    file = tmp_path / "secrets/x/TOKEN"

    with small_files(100), pytest.raises(UsageFault, match="TOKEN cannot be written"):
        write_new(file, "x" * 200, SECRET)

    assert not file.exists()
    write_new(file, "x" * 200, SECRET)
    assert file.read_text() == "x" * 200


def test_a_secret_that_others_could_read_is_closed(tmp_path: Path) -> None:
    """It is what it was to be, and was left open by somebody."""
    file = tmp_path / "TOKEN"
    file.write_text("x")
    file.chmod(0o644)

    write_new(file, "x", SECRET)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_longer_file_is_another(tmp_path: Path) -> None:
    """Also if it begins alike."""
    file = tmp_path / "out.toml"
    write_new(file, "abc", READABLE)

    for text in ("ab", "abcd", "abd"):
        with pytest.raises(UsageFault, match="says something else"):
            write_new(file, text, READABLE)
    assert file.read_text() == "abc"


def test_no_link_is_written_through(tmp_path: Path) -> None:
    """Nor is what it leads to made."""
    (tmp_path / "out.toml").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(UsageFault, match="cannot be written"):
        write_new(tmp_path / "out.toml", "abc", READABLE)
    assert not (tmp_path / "elsewhere").exists()
