"""libgit2 as this program has it: nobody's configuration, and what it raises told apart.

Whoever opens a repository imports this: the settings are the process's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pygit2
from pygit2.enums import ConfigLevel, Option

from canon_sweep.mirror import disk

# Whatever pygit2 raises for a remote, a repository or an object at fault.  AssertionError
# is pygit2's own, for an error code of libgit2 that it does not know.
GIT_ERRORS = (pygit2.GitError, OSError, ValueError, LookupError, TypeError, AssertionError)

# Whatever pygit2 raises with libgit2's sentence in it.
_SAID = (pygit2.GitError, OSError, MemoryError, ValueError, LookupError, AssertionError)

# The configuration of the user who runs us must not rewrite URLs (`url.*.insteadOf`)
# or choose credentials: what is synced depends on our settings alone.
for _level in (ConfigLevel.PROGRAMDATA, ConfigLevel.SYSTEM, ConfigLevel.XDG, ConfigLevel.GLOBAL):
    pygit2.settings.search_path[_level] = ""


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Tell the host's fault from every other error of libgit2.

    Raises:
        DiskFault: the kernel did not let ``folder`` be written.
    """
    try:
        yield
    except _SAID as error:
        why = disk.reason(error, folder)
        if why is None:
            raise
        # Not chained: libgit2's text may repeat what a server said.
        raise disk.unusable(folder, why) from None


@contextmanager
def flushing() -> Iterator[None]:
    """Let whatever is written into a repository meanwhile be on the disk when it is told of."""
    pygit2.option(Option.ENABLE_FSYNC_GITDIR, True)
    try:
        yield
    finally:
        pygit2.option(Option.ENABLE_FSYNC_GITDIR, False)
