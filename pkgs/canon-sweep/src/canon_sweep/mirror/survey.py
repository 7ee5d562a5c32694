"""All remotes of many recipes, looked at together, from one moment: what of them differs.

A recipe whose remotes have answered is known while others are still asked.  Where both sides
have what they had when they last agreed, that is known without a look at the clone.  Everything
else is for a sync to find out, and to act on, in its recipe's turn.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from canon_sweep.errors import HostFault, TimeFault
from canon_sweep.mirror import memory
from canon_sweep.mirror.disk import DiskFault
from canon_sweep.mirror.memory import Ends, Key
from canon_sweep.mirror.pool import Answer, Heard, Pool, Question
from canon_sweep.mirror.synced import Synced


class Pair(msgspec.Struct, frozen=True):
    """A recipe's two remotes, and the clone between them."""

    name: str
    upstream: str
    mirror: str
    branch: str | None
    clone: Path

    @property
    def key(self) -> Key:
        """Whose memory it is."""
        return Key(self.upstream, self.mirror, self.branch)


class _Seen(msgspec.Struct, frozen=True):
    """What both sides answered, the later one when, and how many seconds each might take."""

    upstream: Answer
    mirror: Answer
    at: float
    seconds: float

    @property
    def failed(self) -> bool:
        return bool(self.upstream.broken or self.mirror.broken)

    @property
    def traceback(self) -> str:
        return self.upstream.traceback or self.mirror.traceback


class Survey(msgspec.Struct):
    """Asks by ``pool``, each remote at most ``seconds`` long, whenever it is asked itself.

    That is ``patience``, or what the run can still give, if that is less.
    ``lost`` is told once why there is nobody to ask them any more: who was not heard by then is
    not known.  ``clock`` is `time.monotonic`'s time.
    """

    pool: Pool
    seconds: Callable[[], float]
    patience: float
    lost: Callable[[HostFault], None]
    clock: Callable[[], float] = time.monotonic
    _pairs: dict[str, Pair] = msgspec.field(default_factory=dict)
    _asked: set[str] = msgspec.field(default_factory=set)
    _seen: dict[str, _Seen] = msgspec.field(default_factory=dict)
    _last: float = 0.0
    _is_lost: bool = False
    _coming: Iterator[tuple[str, _Seen]] = msgspec.field(default_factory=lambda: iter(()))

    def look(self, pairs: Iterable[Pair]) -> None:
        """Begin to ask all remotes of these recipes what they have; who is first is asked first."""
        self.await_all()
        wanted, seconds = list(pairs), self.seconds()
        self._pairs |= {pair.name: pair for pair in wanted}
        questions = [each for pair in wanted for each in self._questions(pair, seconds)]
        try:
            heard = self.pool.ask(questions)
        except HostFault as fault:
            self._lose(fault)
        else:
            names = [pair.name for pair in wanted]
            self._asked = set(names)
            self._coming = _in_pairs(names, heard, seconds)

    def await_all(self) -> None:
        """Wait until everybody who is asked has answered, or had his time."""
        self._await(None)

    def lacks_mirror(self, name: str) -> bool:
        """Whether upstream could be read, and the mirror could not."""
        seen = self._of(name)
        return seen is not None and bool(seen.mirror.broken) and not seen.upstream.broken

    def take(self, name: str, telling: Callable[[str], None] = lambda _: None) -> Synced | None:
        """What a sync of the recipe would find, once; None if that has to be looked for.

        It waits for the recipe's own remotes.  Where one of these has failed long ago, it waits
        for all, and then all that fail are asked again.
        ``telling`` is told of a mistake of our own, which costs nothing else.

        Raises:
            SyncFault: one of its remotes fails.
            TimeFault: one was given less than its time, and took it all.
        """
        seen = self._of(name)
        if seen is not None and seen.failed and self._is_long_ago(seen):
            # hours may have gone by; and all at once, so that no turn waits for more than one
            # deadline, and all of them together for less than the tests between them took
            self._look_again()
            seen = self._of(name)
        if seen is None:
            return None
        del self._seen[name]
        for answer in (seen.upstream, seen.mirror):
            if answer.broken is not None:
                fault = answer.broken.fault()
                if isinstance(fault, DiskFault):
                    # so many processes at once were too much for this host: alone it is read
                    return None
                if answer.broken.late and seen.seconds < self.patience:
                    raise TimeFault(f"{fault.what}: maxRuntime left no more")
                raise fault
        if seen.traceback:
            telling(seen.traceback)
            return None
        now, pair = Ends(seen.upstream.digest, seen.mirror.digest), self._pairs[name]
        return memory.recall(pair.clone, pair.key, now) if all(now) else None

    def _is_long_ago(self, seen: _Seen) -> bool:
        """Whether it, and everybody who was asked, was heard longer ago than one may take."""
        if self.clock() - seen.at < seen.seconds:
            return False
        self.await_all()
        return self.clock() - self._last >= seen.seconds

    def _look_again(self) -> None:
        """As `look`, in the order of their turns, of all that fail and have not been taken."""
        failed = [name for name in self._pairs if name in self._seen and self._seen[name].failed]
        for name in failed:
            del self._seen[name]
        self.look([self._pairs[name] for name in failed])

    def _of(self, name: str) -> _Seen | None:
        if name in self._asked:
            self._await(name)
        return self._seen.get(name)

    def _await(self, wanted: str | None) -> None:
        """Take what is heard until it is the one that is wanted, or there is nothing more."""
        try:
            for name, seen in self._coming:
                self._asked.discard(name)
                self._seen[name] = seen
                self._last = max(self._last, seen.at)
                if name == wanted:
                    return
        except HostFault as fault:
            self._asked.clear()
            self._lose(fault)

    def _lose(self, fault: HostFault) -> None:
        if not self._is_lost:
            self._is_lost = True
            self.lost(fault)

    def _questions(self, pair: Pair, seconds: float) -> tuple[Question, Question]:
        known = memory.ends(pair.clone, pair.key) or Ends(b"", b"")
        return (
            Question(pair.upstream, seconds, "upstream", pair.branch, known.upstream, brief=True),
            Question(pair.mirror, seconds, "mirror", None, known.mirror, brief=True),
        )


def _in_pairs(
    names: Sequence[str], heard: Iterable[Heard], seconds: float
) -> Iterator[tuple[str, _Seen]]:
    """Each recipe as soon as both of its remotes were heard, whose numbers follow each other."""
    first: dict[int, Heard] = {}
    for this in heard:
        other = first.pop(this.number ^ 1, None)
        if other is None:
            first[this.number] = this
        else:
            upstream, mirror = (each.answer for each in sorted((this, other)))
            yield names[this.number // 2], _Seen(upstream, mirror, max(this.at, other.at), seconds)
