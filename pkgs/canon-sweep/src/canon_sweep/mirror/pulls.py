"""Where upstream's main has the commits of a mirror's pull requests; no remote is changed.

Anybody may open a pull request: what one has is fetched into a repository of its own, beside
the clone, and thrown away with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pygit2
from pygit2.enums import SortMode

from canon_sweep.core.pull import Found, Where
from canon_sweep.errors import SyncFault
from canon_sweep.mirror import clone as cache
from canon_sweep.mirror import disk, memory
from canon_sweep.mirror.changes import Main
from canon_sweep.mirror.clone import MAIN
from canon_sweep.mirror.deadline import Deadline, bounded
from canon_sweep.mirror.remote import GIT_ERRORS, Remote
from canon_sweep.mirror.scratch import beside, scratch
from canon_sweep.settings.records import Credential

Heads = Mapping[int, str]
_COMMIT = re.compile(r"[0-9a-f]{40}", re.ASCII)


def contained(clone: Path, main: str, heads: Heads, *, timeout: float) -> dict[int, Found]:
    """Those whose head ``main`` leads to; of the others the clone says nothing.

    The clone is that of a recipe that was synced to ``main``.

    Raises:
        SyncFault: the clone cannot be read.
    """

    def work(_deadline: Deadline) -> dict[int, Found]:
        with _opened(clone) as repo:
            history = cache.history(repo, main)
            walker = repo.walk(main, SortMode.NONE)
            walker.simplify_first_parent()
            line = {str(commit.id) for commit in walker}
            where = {True: Where.ON_LINE, False: Where.BEHIND_MERGE}
            return {
                number: Found(where[head in line], head)
                for number, head in heads.items()
                if head in history
            }

    return bounded(work, timeout) if heads else {}


def changed(
    mirror: str,
    clone: Path,
    main: str,
    heads: Heads,
    *,
    credentials: Mapping[str, Credential],
    timeout: float,
) -> dict[int, Found]:
    """Of each whose head ``main`` does not lead to, whether it has its changes all the same.

    Raises:
        SyncFault: the mirror cannot be read.
    """

    def work(deadline: Deadline) -> dict[int, Found]:
        with _opened(clone) as known, scratch(beside(clone)) as folder:
            repo = _beside(known, folder, main)
            found = {number: Found(Where.UNSURE) for number in heads}
            with Remote(repo, mirror, credentials, deadline, beside(clone), role="mirror") as line:
                there = _fetched(repo, line, heads)
            branch = Main(repo, main, deadline.check)
            return found | {number: branch.find(heads[number]) for number in there}

    return bounded(work, timeout) if heads else {}


@contextmanager
def _opened(clone: Path) -> Iterator[pygit2.Repository]:
    """The clone, which is not doubted for what is wrong with a pull request."""
    try:
        with disk.writing(clone), cache.as_it_is(clone) as repo:
            yield repo
    except OSError as error:
        raise disk.unusable(clone, error.strerror or str(error)) from error
    except GIT_ERRORS as error:
        # where upstream stands still nobody else would open it, and find it broken
        memory.forget(clone)
        raise SyncFault(
            f"the cache clone {clone} does not say what its main has",
            do="the next sweep makes it anew",
        ) from error


def _beside(known: pygit2.Repository, folder: Path, main: str) -> pygit2.Repository:
    """An empty repository that also has the clone's objects, and main, to fetch from there on."""
    with disk.writing(folder):
        pygit2.init_repository(str(folder), bare=True, initial_head="main")
        objects = Path(known.path).resolve() / "objects"
        (folder / "objects" / "info" / "alternates").write_text(f"{objects}\n")
        repo = pygit2.Repository(str(folder))
        repo.references.create(MAIN, main)
        return repo


def _fetched(repo: pygit2.Repository, line: Remote, heads: Heads) -> tuple[int, ...]:
    """Those whose head is still what it was said to be, and is in the repository now."""
    usual = {number: head for number, head in heads.items() if _COMMIT.fullmatch(head)}
    missing = {number: head for number, head in usual.items() if head not in repo}
    if missing:
        told = line.advertise().refs
        refs = {number: f"refs/pull/{number}/head" for number in missing}
        still = [refs[number] for number, head in missing.items() if told.get(refs[number]) == head]
        if still:
            line.fetch([f"+{ref}:{ref}" for ref in still])
    return tuple(number for number, head in usual.items() if head in repo)
