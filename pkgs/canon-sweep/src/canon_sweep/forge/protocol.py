"""What is asked of a forge, and done there; nothing else of it is ever touched."""

from __future__ import annotations

from typing import Protocol

import msgspec

from canon_sweep.core.place import Place
from canon_sweep.core.pull import Pull
from canon_sweep.errors import HostFault


class TakenFault(HostFault):
    """There is a repository of this name already, though nobody told us so."""


class Listing(msgspec.Struct, frozen=True):
    """A mirror's open pull requests.

    ``place`` is where it is now: a renamed one answers under its old name too.  Not
    ``is_whole``, there are more of them than anybody looks at.
    """

    place: Place
    pulls: tuple[Pull, ...]
    is_whole: bool = True


class Repository(msgspec.Struct, frozen=True):
    """A repository as the forge has it; ``may_…`` is what the token's owner is allowed there."""

    place: Place
    default_branch: str
    is_private: bool
    is_archived: bool
    is_empty: bool
    is_pull_mirror: bool
    has_pulls: bool
    may_read: bool
    may_push: bool
    may_admin: bool


class Branch(msgspec.Struct, frozen=True):
    """A branch as the forge has it; ``may_push`` is what the token's owner is allowed."""

    is_protected: bool
    may_push: bool


class Guarded(msgspec.Struct, frozen=True):
    """Tags, by a pattern, that only these accounts may push, and members of some teams."""

    pattern: str
    accounts: tuple[str, ...]
    has_teams: bool


class Forge(Protocol):
    """A forge, asked with the token of one account.

    Every method raises a `web.WebFault` where it does not answer as it should; each way has
    its own class.  `MissingFault` is also what is hidden from the token.
    """

    def pulls(self, place: Place) -> Listing:
        """The open pull requests of a repository."""
        ...

    def pull(self, place: Place, number: int) -> Pull:
        """One pull request, as it is now."""
        ...

    def comments(self, place: Place, number: int) -> tuple[str, ...]:
        """The texts of a pull request's comments."""
        ...

    def close(self, place: Place, number: int) -> bool:
        """Close a pull request; False if it cannot be closed as it is merged."""
        ...

    def say(self, place: Place, number: int, text: str) -> None:
        """Add a comment to a pull request."""
        ...

    def repository(self, place: Place) -> Repository:
        """What a repository is, and what may be done there."""
        ...

    def branch(self, place: Place, name: str) -> Branch:
        """What a branch of a repository is."""
        ...

    def guarded(self, place: Place) -> tuple[Guarded, ...]:
        """The tags of a repository that not everybody may push; told to its administrators."""
        ...

    def account(self) -> str:
        """Whose token it is."""
        ...

    def create(self, place: Place, *, private: bool) -> None:
        """Make an empty repository, whose default branch will be main.

        Raises:
            TakenFault: there is one already.
        """
        ...
