"""Whether a branch's changes are in main, though its commits are not: squashed or rebased.

`git patch-id` answers by the text of a patch without its white space, which in YAML is meaning,
and knows nothing of what a binary file has.  Here the branch is merged, in memory, into what
main was before one of its commits: if that gives that commit's very files, the commit is the
branch's changes, and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import msgspec
import pygit2
from pygit2.enums import MergeFlag, SortMode

from canon_sweep.core.pull import Found, Where
from canon_sweep.mirror.libgit2 import GIT_ERRORS

# beyond these nobody can tell, and it stays open
MOST_FILES = 1000
MOST_BYTES = 10 * 1024 * 1024
MOST_COMMITS = 2000
MOST_OWN = 50
# of one branch: what takes longer is in no other's way, and is not begun again by each sweep
MOST_SECONDS = 20.0


class _BeyondError(Exception):
    """There is more to look at than anybody does."""


class _Step(msgspec.Struct, frozen=True):
    """A commit of main: its files before and after, and the paths of those that it changed."""

    commit: str
    before: pygit2.Tree
    after: pygit2.Tree
    paths: frozenset[str]


class Main(msgspec.Struct):
    """Upstream's main in a repository that also has branches; ``check`` ends what takes long.

    Merging writes files: the repository is one that is thrown away.
    """

    repo: pygit2.Repository
    main: str
    check: Callable[[], None]
    _steps: dict[str, _Step | None] = msgspec.field(default_factory=dict)
    _end: float = 0.0

    def find(self, head: str) -> Found:
        """Where main has the changes of the branch with this head, if it has them."""
        self._end = time.monotonic() + MOST_SECONDS
        try:
            return self._found(head)
        except (_BeyondError, *GIT_ERRORS):
            return Found(Where.UNSURE)

    def _found(self, head: str) -> Found:
        base = self.repo.merge_base(self.main, head)
        if base is None:
            return Found(Where.NOWHERE)
        before, after = self._tree(str(base)), self._tree(head)
        if before.id == after.id:
            return Found(Where.NOWHERE)
        self._check_size(before, after)
        steps = list(self._since(str(base)))
        found = self._step_of(before, after, steps) or self._last_of_all(head, steps)
        if found is None:
            return Found(Where.NOWHERE)
        kept = self._is_kept(before, after)
        return Found(Where.CHANGES, found.commit) if kept else Found(Where.UNSURE)

    def _go_on(self) -> None:
        self.check()
        if time.monotonic() > self._end:
            raise _BeyondError

    def _tree(self, commit: str) -> pygit2.Tree:
        found = self.repo[commit]
        if not isinstance(found, pygit2.Commit):
            raise KeyError(commit)
        return found.tree

    def _check_size(self, before: pygit2.Tree, after: pygit2.Tree) -> None:
        deltas = list(before.diff_to_tree(after).deltas)
        if len(deltas) > MOST_FILES:
            raise _BeyondError
        sides = (side for delta in deltas for side in (delta.old_file, delta.new_file))
        for side in sides:
            if side.id in self.repo and self.repo.odb.read_header(side.id)[1] > MOST_BYTES:
                raise _BeyondError

    def _since(self, base: str) -> Iterator[_Step]:
        """The commits of main that ``base`` does not lead to, the newest first."""
        walker = self.repo.walk(self.main, SortMode.TOPOLOGICAL)
        walker.hide(base)
        for count, commit in enumerate(walker, start=1):
            self._go_on()
            if count > MOST_COMMITS:
                raise _BeyondError
            key = str(commit.id)
            if key not in self._steps:
                self._steps[key] = _step(commit)
            step = self._steps[key]
            if step is not None:
                yield step

    def _step_of(self, before: pygit2.Tree, after: pygit2.Tree, steps: list[_Step]) -> _Step | None:
        """The commit of main that makes these changes and no other."""
        paths = _paths(before, after)
        for step in steps:
            if step.paths <= paths:
                self._go_on()
                if self._merged(before, step.before, after) == step.after.id:
                    return step
        return None

    def _last_of_all(self, head: str, steps: list[_Step]) -> _Step | None:
        """The commit of main for the newest of the branch's own, if each of these has one."""
        found: list[_Step] = []
        walker = self.repo.walk(head, SortMode.TOPOLOGICAL)
        walker.hide(self.main)
        for count, commit in enumerate(walker, start=1):
            own = _step(commit)
            if count > MOST_OWN or len(commit.parents) != 1:
                return None
            if own is None:
                continue
            # what was taken back later is in no sum of the branch's changes
            self._check_size(own.before, own.after)
            one = self._step_of(own.before, own.after, steps)
            if one is None:
                return None
            found.append(one)
        return found[0] if found else None

    def _is_kept(self, before: pygit2.Tree, after: pygit2.Tree) -> bool:
        """Whether nothing is left to merge: not so where main has taken the changes back since.

        Where main went on from there in the same lines, that cannot be seen, and is likely.
        """
        now = self._tree(self.main)
        return self._merged(before, now, after) in (now.id, None)

    def _merged(
        self, base: pygit2.Tree, ours: pygit2.Tree, theirs: pygit2.Tree
    ) -> pygit2.Oid | None:
        """The files when both sides' changes are put together, None where they collide."""
        index = self.repo.merge_trees(base, ours, theirs, flags=MergeFlag(0))
        return None if index.conflicts is not None else index.write_tree(self.repo)


def _step(commit: pygit2.Commit) -> _Step | None:
    """What a commit changed of its first parent's files; None if nothing, or it is the first."""
    if not commit.parents:
        return None
    before, after = commit.parents[0].tree, commit.tree
    if before.id == after.id:
        return None
    return _Step(str(commit.id), before, after, _paths(before, after))


def _paths(before: pygit2.Tree, after: pygit2.Tree) -> frozenset[str]:
    deltas = before.diff_to_tree(after).deltas
    # a path need be no text: what is no UTF-8 is told apart by its bytes
    return frozenset(
        file.raw_path.decode("utf-8", "surrogateescape")
        for delta in deltas
        for file in (delta.old_file, delta.new_file)
    )
