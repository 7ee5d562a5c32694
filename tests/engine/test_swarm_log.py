"""What is kept of what containers said; no engine is needed."""

from __future__ import annotations

import itertools
import threading
import tracemalloc
from collections.abc import Iterator

import pytest

from canon_sweep.engine.swarm import log
from canon_sweep.engine.swarm.log import LEFT_OUT, MAX_DUMP, Ending


class Client:
    """As much of the SDK as reads a log."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks

    def logs(self, *_: object, follow: bool, **__: object) -> Iterator[bytes]:
        assert not follow  # the SDK's default for a stream is to wait for more
        return itertools.chain(self._chunks)


def test_a_short_log_is_whole() -> None:
    """Nothing is said of what is not left out."""
    assert log.read(Client(iter([b"a\nb", b"c\n"])), "x", 10, 100) == "a\nbc\n"


def test_of_a_long_log_the_end_is_kept_in_bounded_memory() -> None:
    """Whole lines, and a word that there was more."""
    chunks = (b"%09d\n" % number * 1000 for number in range(5000))
    tracemalloc.start()
    try:
        said = log.read(Client(chunks), "x", 10, 10_005)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    lines = said.splitlines()
    assert lines[0] == LEFT_OUT
    assert lines[1:] == ["000004999"] * 1000
    assert peak < 1024 * 1024


def test_the_end_of_a_line_without_end_is_kept() -> None:
    """An app may print no newline at all."""
    ending = Ending(10)
    ending.take([b"x" * 100, b"the end"])

    assert ending.text() == f"{LEFT_OUT}\nxxxthe end"


def test_a_log_that_stalls_is_what_was_read_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine may stop answering in the middle."""
    monkeypatch.setattr(log, "READ_SECONDS", 0.2)
    over = threading.Event()

    def stalls() -> Iterator[bytes]:
        yield b"so far\n"
        over.wait(30)

    try:
        assert log.read(Client(stalls()), "x", 10, 100) == "so far\n"
    finally:
        over.set()


@pytest.mark.parametrize(
    "line", ["\n", "word\n", "\u2028", "\ufffd" * 50 + "\n", "x" * 3_000_000 + "the end\n"]
)
def test_a_dump_is_bounded_whatever_is_said(line: str) -> None:
    """Names are put before lines, and there may be many short ones."""
    text = "".join(itertools.repeat(line, max(1, 3_000_000 // len(line))))
    names = [f"app.{number}.abcdefghijklmnopqrstuvwxy" for number in range(3)]

    dump = log.dump([(name, text) for name in names])

    assert len(dump.encode()) <= MAX_DUMP
    assert all(f"{name} | {LEFT_OUT}\n" in dump for name in names)
    shown = "the end" if "the end" in line else line.strip()
    assert dump.rstrip().endswith(shown)


def test_a_dump_names_each_lines_container() -> None:
    """In the order in which they are given."""
    assert log.dump([("a", "1\n2\n"), ("b", ""), ("c", "3")]) == "a | 1\na | 2\nc | 3\n"
