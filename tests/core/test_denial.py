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
    assert denial.is_exhausted(OSError(errno.ENOSPC, "No space left on device"))
    assert denial.is_exhausted(OSError(errno.EIO, "Input/output error"))
    assert not denial.is_exhausted(OSError(errno.EACCES, "Permission denied"))
    assert not denial.is_exhausted(OSError("No space left on device"))
    assert not denial.is_exhausted(ValueError("No space left on device"))
