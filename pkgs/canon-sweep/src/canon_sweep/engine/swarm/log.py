"""What containers said: its end, in bounded memory and time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import docker.errors

from canon_sweep.bounded import OverdueError, bounded
from canon_sweep.engine.swarm.trouble import TROUBLE

# of a whole stack's dump, in bytes
MAX_DUMP = 1024 * 1024
# for one container; what was read by then is what is kept
READ_SECONDS = 20.0
LEFT_OUT = "(what was said before is left out)"


class Ending:
    """The last ``limit`` bytes of a stream of any length."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept = bytearray()
        self._cut = False

    def take(self, chunks: Iterable[bytes]) -> None:
        """Read a stream to its end."""
        for chunk in chunks:
            self._kept += chunk
            # not at each chunk: the rest is moved every time
            if len(self._kept) > 2 * self._limit:
                self._trim()

    def text(self) -> str:
        """What is kept, after a line that says so if it is not all."""
        self._trim()
        text = self._kept.decode("utf-8", "replace")
        if not self._cut:
            return text
        # half a line is none, unless there is nothing else
        return f"{LEFT_OUT}\n{text.partition(chr(10))[2] or text}"

    def _trim(self) -> None:
        if len(self._kept) > self._limit:
            self._cut = True
            del self._kept[: len(self._kept) - self._limit]


def read(client: Any, container: str, lines: int, limit: int) -> str:
    """The end of what a container said, at most so many lines and bytes.

    Read as a stream, as an app's lines may have any length.  Empty when it is not kept.

    Raises:
        The SDK's errors: the engine cannot be spoken with.
    """
    try:
        stream = client.logs(container, tail=lines, stream=True, follow=False)
    except docker.errors.APIError:
        return ""  # gone already, or its log driver cannot be read
    ending = Ending(limit)
    try:
        with suppress(OverdueError):
            bounded(lambda: ending.take(stream), READ_SECONDS)
    finally:
        with suppress(*TROUBLE, AttributeError):  # at its end there is nothing to close
            stream.close()
    return ending.text()


def share(containers: int) -> int:
    """How many bytes of a dump each of so many containers has."""
    return MAX_DUMP // max(1, containers)


def dump(said: Sequence[tuple[str, str]]) -> str:
    """What several containers said (name, text), each line with its container's name.

    Each has the same share, for the end of what it said.
    """
    most = share(len(said))
    return "".join(line for name, text in said for line in _named(name, text, most))


def _named(name: str, text: str, most: int) -> Iterator[str]:
    mark = f"{name} | {LEFT_OUT}\n"
    left = most - len(mark)
    kept: list[str] = []
    for line in reversed(text.splitlines()):
        whole = f"{name} | {line}\n"
        size = len(whole.encode("utf-8", "replace"))
        if size > left:
            yield mark
            # a line that alone is too long: its end
            kept += [] if kept else [f"{name} | {line[-(left // 4) :]}\n"]
            break
        left -= size
        kept.append(whole)
    yield from reversed(kept)
