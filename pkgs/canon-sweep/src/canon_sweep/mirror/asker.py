"""A worker of the survey: a process that asks one remote after another what it has.

It has a repository in memory and nothing on the disk, but for what ssh needs while it speaks.
"""

from __future__ import annotations

import os
import socket
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec
import pygit2
from pygit2.enums import ConfigLevel

from canon_sweep import forked
from canon_sweep.errors import SyncFault
from canon_sweep.mirror.address import redacted
from canon_sweep.mirror.deadline import Deadline
from canon_sweep.mirror.essence import digest_of
from canon_sweep.mirror.question import Answer, Question, broken, listed
from canon_sweep.mirror.remote import Remote
from canon_sweep.settings.credential import Credential

_QUESTION = msgspec.msgpack.Decoder(Question)
_FETCH, _PUSH = 0, 1


class Nowhere(NamedTuple):
    """Repositories that are in no folder; what they follow differs, and nothing is written."""

    follows: pygit2.Repository
    stays: pygit2.Repository

    @classmethod
    def made(cls) -> Nowhere:
        """Make them."""
        return cls(_in_memory("initial"), _in_memory("false"))


class Asked(Remote):
    """A remote that is only asked what it has, and spoken to from nowhere."""

    def __init__(
        self,
        nowhere: Nowhere,
        question: Question,
        credentials: Mapping[str, Credential],
        deadline: Deadline,
        tmp: Path,
    ) -> None:
        super().__init__(
            nowhere.follows, question.url, credentials, deadline, tmp, role=question.role
        )
        self._nowhere = nowhere
        self._to_push = question.to_push

    def _heads(self) -> list[pygit2.remotes.RemoteHead]:
        with self._speaking("cannot be pushed to" if self._to_push else "cannot be read"):
            self._line = self._connected()
            return list(self._line.list_heads(connect=False))

    def _connected(self) -> pygit2.Remote:
        # libgit2 would show a credential to whichever host a redirect leads to.
        repo = self._nowhere.follows if self._credential is None else self._nowhere.stays
        line = repo.remotes.create_anonymous(self._address.url)
        direction = _PUSH if self._to_push else _FETCH
        line.connect(callbacks=self._callbacks(), direction=direction, proxy=True)
        return line


def answer(
    nowhere: Nowhere, question: Question, credentials: Mapping[str, Credential], tmp: Path
) -> Answer:
    """Ask a remote; whatever happens is an answer."""
    deadline = Deadline(question.seconds)
    try:
        with Asked(nowhere, question, credentials, deadline, tmp) as remote:
            told = remote.advertise()
        digest = digest_of(told, question.role, question.branch)
        same = digest == question.known
        return Answer(digest, same, b"" if same or question.brief else listed(told))
    except SyncFault as fault:
        return Answer(broken=broken(fault, late=not deadline.left()))
    except MemoryError:
        return Answer(broken=broken(too_much(question)))
    except Exception:
        return Answer(traceback=traceback.format_exc())


def too_much(question: Question) -> SyncFault:
    """The fault of a remote whose answer does not fit into a worker's memory."""
    return SyncFault(
        f"{redacted(question.url)} cannot be read: it says more than fits into memory",
        do="see that it is a recipe's repository",
    )


def serve(line: socket.socket, credentials: Mapping[str, Credential], tmp: Path) -> None:
    """Answer what is asked on a line, until its other end is closed."""
    nowhere = Nowhere.made()
    for message in forked.messages(line):
        said = answer(nowhere, _QUESTION.decode(message), credentials, tmp)
        forked.say(line, msgspec.msgpack.encode(said))


def _in_memory(redirects: str) -> pygit2.Repository:
    repo = pygit2.Repository()
    file = os.memfd_create("config")
    os.write(file, f"[http]\n\tfollowRedirects = {redirects}\n".encode())
    # the repository's own kind of configuration takes no file, though libgit2's does
    pygit2.Config.add_file(repo.config, f"/proc/self/fd/{file}", level=ConfigLevel.LOCAL)
    return repo
