"""Whose fault the kernel's words are, and what to do about them."""

from __future__ import annotations

import errno

import pytest

from canon_sweep.core import denial


@pytest.mark.parametrize(
    ("number", "step"),
    [
        (errno.ENOSPC, "make room"),
        (errno.EDQUOT, "quota"),
        (errno.EROFS, "read-only"),
        (errno.EIO, "health"),
        (errno.EMFILE, "open files"),
        (errno.ENFILE, "file-max"),
        (errno.EACCES, "rights"),
        (errno.EISDIR, "see what is there"),
        (None, "see what is there"),
    ],
)
def test_each_word_has_its_own_step(number: int | None, step: str) -> None:
    """Whoever reads 'too many open files' is not sent to look for room."""
    assert step in denial.remedy(number)


def test_a_host_is_used_up_only_if_the_kernel_says_so() -> None:
    """A denial may be anybody's."""
    full = denial.exhaustion(OSError(errno.ENOSPC, "No space left on device"))
    assert full is not None
    assert full.do.startswith("make room")
    assert denial.exhaustion(OSError(errno.EIO, "Input/output error"))
    assert not denial.exhaustion(OSError(errno.EACCES, "Permission denied"))
    assert not denial.exhaustion(OSError("No space left on device"))
    assert not denial.exhaustion(ValueError("No space left on device"))


def test_a_want_of_memory_is_the_hosts() -> None:
    """Python has a class of its own for it, with no words; it was called a bug of ours."""
    fault = denial.exhaustion(MemoryError())
    assert str(fault) == "this host has no memory left; see who uses up this host's memory"
