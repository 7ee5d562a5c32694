"""A remote that is a folder of this machine, looked at before libgit2 takes it for a URL."""

from __future__ import annotations

import stat
from pathlib import Path

from canon_sweep.core.address import folder_of
from canon_sweep.mirror.address import Address


def check(where: Address) -> None:
    """See that the folder is there, if the remote is one.

    Raises:
        OSError: it is not; its text says why.
    """
    folder = folder_of(where.url)
    if folder is None:
        return
    try:
        is_folder = stat.S_ISDIR(Path(folder).stat().st_mode)
    except FileNotFoundError:
        raise FileNotFoundError("there is no such folder") from None
    except OSError as error:
        raise OSError(f"the folder cannot be looked at: {error.strerror}") from None
    if not is_folder:
        raise NotADirectoryError("it is no folder")
