"""Many remotes asked at once what they have, each by a process that is ended at its deadline.

libgit2's time-outs, its home folder and its configuration are the process's own, and nothing
else ends it while a server drips a byte a second: so nobody shares a process with a remote.
"""

from __future__ import annotations

import socket
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import msgspec

from canon_sweep import forked
from canon_sweep.errors import HostFault
from canon_sweep.mirror.overseer import NUMBER, Overseer
from canon_sweep.mirror.question import Answer, Question
from canon_sweep.mirror.schedule import MOST_TRIES
from canon_sweep.settings.records import Credential

__all__ = ["Answer", "Pool", "Question"]

# seconds; whoever is at work is killed, which takes none of them
_PATIENCE = 2.0
# seconds beyond what questions may take before nothing is expected any more: a busy machine's
_SLACK = 60.0
_ANSWER = msgspec.msgpack.Decoder(Answer)


@dataclass(slots=True)
class Pool:
    """A process of ours, and below it those that ask.

    It is made in the main thread, before there are others, and is nobody's after `close`, a
    kill of ours, or the end of that thread.  ``with`` closes it.
    """

    _overseer: forked.Child | None
    _slack: float = _SLACK

    @classmethod
    def made(
        cls, credentials: Mapping[str, Credential], tmp: Path, *, parallel: int, per_server: int
    ) -> Pool:
        """Begin, with nobody asked yet; ``tmp`` is for what ssh needs while it speaks.

        Raises:
            HostFault: there is no process to be had.
        """

        def work(line: socket.socket) -> None:
            Overseer(line, credentials, tmp, parallel, per_server).serve()

        return cls(forked.forked(work))

    def ask(self, questions: Sequence[Question]) -> Generator[tuple[int, Answer], None, None]:
        """Each question's number in ``questions`` and its answer, as they come.

        Whoever breaks this off closes the pool.

        Raises:
            HostFault: somebody has ended the process or keeps it from its work, or it is closed.
        """
        if not questions:
            return
        overseer, left = self._overseer, len(questions)
        if overseer is None:
            raise _gone()
        # no question is tried more often, and each try is ended at its deadline
        most = MOST_TRIES * max(question.seconds for question in questions) + self._slack
        try:
            overseer.line.settimeout(most)
            overseer.say(msgspec.msgpack.encode(questions))
            while left and (said := overseer.hear()) is not None:
                for message in said:
                    left -= 1
                    number = int.from_bytes(message[:NUMBER], "big")
                    yield number, _ANSWER.decode(message[NUMBER:])
            if left:
                raise _gone()
        except TimeoutError as error:
            raise _silent(most) from error
        except OSError as error:
            raise _gone() from error
        finally:
            if left:
                # what is still answered is of no use to the next who asks
                self.close()

    def close(self) -> None:
        """End every process of it, whatever they are at."""
        overseer, self._overseer = self._overseer, None
        if overseer is not None:
            # by itself it ends, and waits for, those that are below it
            overseer.end(_PATIENCE)

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _gone() -> HostFault:
    return HostFault(
        "the process that asks remotes was ended by somebody else",
        do="see whether this machine runs out of memory",
    )


def _silent(seconds: float) -> HostFault:
    return HostFault(
        f"the process that asks remotes has said nothing for {seconds:g} s and was ended",
        do="see whether somebody keeps this machine's processes from running",
    )
