"""Which open pull requests of a mirror upstream has merged; what cannot be told stays open."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

BASE = "main"
"""The one branch of a mirror that upstream decides about."""

UNREACHABLE = "forge-unreachable"
"""The note of a forge that did not answer now: the next sweep asks again."""
REFUSED = "forge-refused"
"""The note of a forge that will not do it next time either, until somebody mends something."""
UNREAD = "pulls-unread"
"""The note of pull requests whose commits could not be had, or of which there are too many."""
MOVED = "forge-moved"
"""The note of a mirror that has another name on its forge now, to which the old one leads."""

Heads = Mapping[int, str]
"""The commits that pull requests want merged, by their numbers."""


class Pull(msgspec.Struct, frozen=True):
    """A pull request: ``head`` is the commit that it wants merged, ``base`` the branch into which.

    A draft's author has said that it is not to be merged yet.
    """

    number: int
    head: str
    base: str
    is_draft: bool = False
    is_open: bool = True
    is_merged: bool = False

    @property
    def seen(self) -> str:
        """What a verdict on it depends on, besides main: another one is judged anew."""
        return f"{self.head} draft" if self.is_draft else self.head


class Where(StrEnum):
    """Where the commits of a pull request are, as upstream's main has them."""

    NOWHERE = "nowhere"  # main has neither them nor their changes
    UNSURE = "unsure"  # nobody can tell
    ON_LINE = "on-line"  # its head is, or was once, what main itself was
    BEHIND_MERGE = "behind-merge"  # its head came into main by a merge
    CHANGES = "changes"  # its head did not, but a commit, or several, make the same changes


class Found(msgspec.Struct, frozen=True):
    """What git says of a pull request; ``commit`` is the one in main that shows it.

    ``why`` is what kept anybody from looking at it, empty where somebody did.
    """

    where: Where
    commit: str = ""
    why: str = ""


class Verdict(msgspec.Struct, frozen=True):
    """Whether a pull request is merged upstream, and why, in a few words."""

    is_merged: bool
    why: str


def concerns(pull: Pull) -> bool:
    """Whether upstream's main could have merged it: it is open, and against the mirror's main.

    What wants to go into another branch is between people who share that branch.
    """
    return pull.is_open and pull.base == BASE


def verdict(pull: Pull, found: Found) -> Verdict:
    """Judge a pull request; only what is sure is merged.

    Where main went forward to a head, nothing tells that head from a branch that was just
    made and has nothing of its own yet: as a draft it is somebody's beginning, and left.
    """
    if not concerns(pull):
        return Verdict(False, f"it is not about {BASE}")
    short = found.commit[:12]
    if found.where is Where.ON_LINE and pull.is_draft:
        return Verdict(False, "a draft without a commit that main does not have")
    if found.where in (Where.ON_LINE, Where.BEHIND_MERGE):
        return Verdict(True, f"its commit {short} is in upstream's main")
    if found.where is Where.CHANGES:
        return Verdict(True, f"its changes are in upstream's main by commit {short}")
    if found.where is Where.UNSURE:
        return Verdict(False, "nobody can tell whether main has its changes")
    return Verdict(False, "main does not have it")


def comment(found: Found, upstream: str) -> str:
    """What is said to its people, once; it ends with a mark by which it is found again."""
    if found.where is Where.CHANGES:
        what = f"the changes of this pull request, by commit {found.commit}"
    else:
        what = f"commit {found.commit}, the head of this pull request"
    # upstream may call its branch otherwise
    main = "`main`, which follows upstream" + (f" ({upstream})," if upstream else ",")
    return (
        f"Closed, as it is merged: {main} has {what}. Nothing is left to merge here. If that"
        " is a mistake, open it again: it will be left alone.\n\n"
    )


def mark(head: str) -> str:
    """What only our own comment on this head has; nobody sees it."""
    return f"<!-- canon-sweep closed {head} -->"


class Closing(msgspec.Struct, frozen=True):
    """A pull request that is being closed; its comment may not be there yet."""

    head: str
    text: str
    why: str


class Looked(msgspec.Struct, frozen=True):
    """What is remembered of a mirror's pull requests, so that nothing is looked at twice.

    ``left`` has those, by number, as `Pull.seen`, that were found not to be merged when
    upstream's main was ``main``.
    """

    mirror: str
    main: str = ""
    left: dict[int, str] = {}
    closing: dict[int, Closing] = {}

    def knows(self, pull: Pull, main: str) -> bool:
        """Whether it was looked at, as it is, beside this main."""
        return self.main == main and self.left.get(pull.number) == pull.seen

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to remember."""
        return not (self.left or self.closing)
