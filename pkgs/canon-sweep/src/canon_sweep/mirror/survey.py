"""All remotes of many recipes, looked at together, from one moment: what of them differs.

Where both sides have what they had when they last agreed, that is known without a look at the
clone.  Everything else is for a sync to find out, and to act on, in its recipe's turn.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from canon_sweep.mirror import memory
from canon_sweep.mirror.disk import DiskFault
from canon_sweep.mirror.memory import Ends, Key
from canon_sweep.mirror.pool import Answer, Pool, Question
from canon_sweep.mirror.synced import Synced


@dataclass(frozen=True, slots=True)
class Pair:
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


@dataclass(frozen=True, slots=True)
class _Seen:
    """What both sides answered, when, and how many seconds each might take."""

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


@dataclass(slots=True)
class Survey:
    """Asks by ``pool``, each remote at most ``seconds`` long, whenever it is asked itself.

    ``clock`` is the seconds of anybody's clock that never goes back.
    """

    pool: Pool
    seconds: Callable[[], float]
    clock: Callable[[], float] = time.monotonic
    _pairs: dict[str, Pair] = field(default_factory=dict)
    _seen: dict[str, _Seen] = field(default_factory=dict)

    def look(self, pairs: Iterable[Pair]) -> None:
        """Ask all remotes of these recipes what they have.

        Raises:
            HostFault: there is nobody to ask them; then they are not known.
        """
        wanted, seconds = list(pairs), self.seconds()
        questions = [each for pair in wanted for each in self._questions(pair, seconds)]
        answers = dict(self.pool.ask(questions))
        now = self.clock()
        for number, pair in enumerate(wanted):
            self._pairs[pair.name] = pair
            both = answers[2 * number], answers[2 * number + 1]
            self._seen[pair.name] = _Seen(*both, now, seconds)

    def lacks_mirror(self, name: str) -> bool:
        """Whether upstream could be read, and the mirror could not."""
        seen = self._seen.get(name)
        return seen is not None and bool(seen.mirror.broken) and not seen.upstream.broken

    def take(self, name: str, telling: Callable[[str], None] = lambda _: None) -> Synced | None:
        """What a sync of the recipe would find, once; None if that has to be looked for.

        ``telling`` is told of a mistake of our own, which costs nothing else.

        Raises:
            SyncFault: one of its remotes fails.
            HostFault: as for `look`.
        """
        seen = self._seen.get(name)
        if seen is not None and seen.failed and self.clock() - seen.at >= seen.seconds:
            # hours may have gone by; and all at once, so that no turn waits for more than one
            # deadline, and all of them together for less than the tests between them took
            self.look([self._pairs[each] for each in self._seen if self._seen[each].failed])
        seen = self._seen.pop(name, None)
        if seen is None:
            return None
        for answer in (seen.upstream, seen.mirror):
            if answer.broken is not None:
                fault = answer.broken.fault()
                if isinstance(fault, DiskFault):
                    # so many processes at once were too much for this host: alone it is read
                    return None
                raise fault
        if seen.traceback:
            telling(seen.traceback)
            return None
        now = Ends(seen.upstream.digest, seen.mirror.digest)
        pair = self._pairs[name]
        return memory.recall(pair.clone, pair.key, now) if all(now) else None

    def _questions(self, pair: Pair, seconds: float) -> tuple[Question, Question]:
        known = memory.ends(pair.clone, pair.key) or Ends(b"", b"")
        return (
            Question(pair.upstream, seconds, "upstream", pair.branch, known.upstream, brief=True),
            Question(pair.mirror, seconds, "mirror", None, known.mirror, brief=True),
        )
