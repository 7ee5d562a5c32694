"""Where upstream's main has the commits of a mirror's pull requests; no remote is changed.

Anybody may open a pull request: what one has is fetched into a repository of its own, beside
the clone, and thrown away with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pygit2
from pygit2.enums import SortMode

from canon_sweep.core.pull import Found, Heads, Where
from canon_sweep.errors import SyncFault
from canon_sweep.mirror import clone as cache
from canon_sweep.mirror import disk, memory
from canon_sweep.mirror.callbacks import TooMuchFault
from canon_sweep.mirror.changes import Main
from canon_sweep.mirror.deadline import Deadline, bounded
from canon_sweep.mirror.libgit2 import GIT_ERRORS, writing
from canon_sweep.mirror.refs import MAIN
from canon_sweep.mirror.remote import Remote
from canon_sweep.mirror.scratch import beside, scratch
from canon_sweep.settings.credential import Credential

# Bytes that may come of all heads of a mirror, and of one where all of them are more.
MOST_TOGETHER = 256 * 1024 * 1024
MOST_ALONE = 64 * 1024 * 1024

_COMMIT = re.compile(r"[0-9a-f]{40}", re.ASCII)


class _Came(msgspec.Struct, frozen=True):
    """What did not come of heads: why one is too large, and for whom nothing was left."""

    large: Mapping[int, str] = msgspec.field(default_factory=dict)
    left_out: frozenset[int] = frozenset()


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

    return bounded(work, timeout)


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

    One that is too large to be fetched is unsure, and says why.  One that is left out was not
    looked at, as others before it in ``heads`` are too large.

    Raises:
        SyncFault: the mirror cannot be read.
    """

    def work(deadline: Deadline) -> dict[int, Found]:
        with _opened(clone) as known, scratch(beside(clone)) as folder:
            repo = _beside(known, folder, main)
            with Remote(repo, mirror, credentials, deadline, beside(clone), role="mirror") as line:
                came = _fetched(repo, line, heads)
            branch = Main(repo, main, deadline.check)
            usual = {number: head for number, head in heads.items() if _has(repo, head)}
            found = {number: Found(Where.UNSURE) for number in heads.keys() - came.left_out}
            found |= {number: Found(Where.UNSURE, why=why) for number, why in came.large.items()}
            return found | {number: branch.find(head) for number, head in usual.items()}

    return bounded(work, timeout)


@contextmanager
def _opened(clone: Path) -> Iterator[pygit2.Repository]:
    """The clone, which is not doubted for what is wrong with a pull request."""
    try:
        with writing(clone), cache.as_it_is(clone) as repo:
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
    with writing(folder):
        pygit2.init_repository(str(folder), bare=True, initial_head="main")
        objects = Path(known.path).resolve() / "objects"
        (folder / "objects" / "info" / "alternates").write_text(f"{objects}\n")
        repo = pygit2.Repository(str(folder))
        repo.references.create(MAIN, main)
        return repo


def _has(repo: pygit2.Repository, head: str) -> bool:
    """Whether a head, which may be anything, is a commit's id and its object is there."""
    return _COMMIT.fullmatch(head) is not None and head in repo


def _fetched(repo: pygit2.Repository, line: Remote, heads: Heads) -> _Came:
    """Bring those that are missing, if they are still what they were said to be."""
    missing = {n: head for n, head in heads.items() if _COMMIT.fullmatch(head) and head not in repo}
    if not missing:
        return _Came()
    told = line.advertise().refs
    refs = {number: f"refs/pull/{number}/head" for number in missing}
    still = {number: ref for number, ref in refs.items() if told.get(ref) == missing[number]}
    if not still:
        return _Came()
    try:
        line.fetch([f"+{ref}:{ref}" for ref in still.values()], MOST_TOGETHER)
    except TooMuchFault:
        return _one_by_one(line, still)
    return _Came()


def _one_by_one(line: Remote, refs: Mapping[int, str]) -> _Came:
    """Bring what is together too much, in turn; whoever is too much alone is in nobody's way."""
    left, large, left_out = MOST_TOGETHER, {}, set()
    for number, ref in refs.items():
        most = min(left, MOST_ALONE)
        if most <= 0:
            left_out.add(number)
            continue
        try:
            left -= line.fetch([f"+{ref}:{ref}"], most)
        except TooMuchFault:
            left -= most
            if most == MOST_ALONE:
                large[number] = f"its commits have more than {most} bytes"
            else:
                left_out.add(number)
    return _Came(large, frozenset(left_out))
