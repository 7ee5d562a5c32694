"""Many remotes asked at once what they have, each by a process that is ended at its deadline.

libgit2's time-outs, its home folder and its configuration are the process's own, and nothing
else ends it while a server drips a byte a second: so nobody shares a process with a remote.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import msgspec

from canon_sweep import forked
from canon_sweep.errors import HostFault
from canon_sweep.mirror import ahead
from canon_sweep.mirror.question import HEAD, Answer, Question, Terms
from canon_sweep.mirror.schedule import MOST_TRIES
from canon_sweep.settings.credential import Credential

__all__ = ["Answer", "Heard", "Pool", "Question"]

# seconds; whoever is at work is killed, which takes none of them
_PATIENCE = 2.0
# seconds beyond what questions may take before nothing is expected any more: a busy machine's
_SLACK = 60.0
_ANSWER = msgspec.msgpack.Decoder(Answer)


class Heard(NamedTuple):
    """The answer to the question with this number; ``at`` is when it came, by `time.monotonic`."""

    number: int
    answer: Answer
    at: float


class Pool(msgspec.Struct):
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
            HostFault: there is no process to be had, or somebody has ended it.
        """

        pool = cls(ahead.taken())
        pool._say(Terms(dict(credentials), tmp, parallel, per_server).encoded(), _PATIENCE)
        return pool

    def ask(self, questions: Sequence[Question]) -> Generator[Heard, None, None]:
        """Begin to ask; what is heard comes in its own order, by its number in ``questions``.

        They are asked also while nobody listens.  All of it is to be heard before anything
        else is asked; whoever breaks it off closes the pool.

        Raises:
            HostFault: somebody has ended the process or keeps it from its work, or it is closed;
                now, or while the answers are awaited.
        """
        # no question is tried more often, and each try is ended at its deadline
        longest = max((question.seconds for question in questions), default=0.0)
        most = MOST_TRIES * longest + self._slack
        overseer = self._say(msgspec.msgpack.encode(questions), most)
        return self._heard(overseer, len(questions), most)

    def _say(self, message: bytes, most: float) -> forked.Child:
        overseer = self._overseer
        if overseer is None:
            raise _gone()
        with self._speaking(most):
            overseer.line.settimeout(most)
            overseer.say(message)
        return overseer

    def _heard(
        self, overseer: forked.Child, left: int, most: float
    ) -> Generator[Heard, None, None]:
        try:
            while left:
                with self._speaking(most):
                    said = overseer.hear()
                    if said is None:
                        raise _gone()
                for message in said:
                    left -= 1
                    number, at = HEAD.unpack_from(message)
                    yield Heard(number, _ANSWER.decode(message[HEAD.size :]), at)
        finally:
            if left:
                # what is still answered is of no use to the next who asks
                self.close()

    @contextmanager
    def _speaking(self, most: float) -> Iterator[None]:
        try:
            yield
        except TimeoutError as error:
            self.close()
            raise _silent(most) from error
        except OSError as error:
            self.close()
            raise _gone() from error
        except BaseException:
            self.close()
            raise

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
