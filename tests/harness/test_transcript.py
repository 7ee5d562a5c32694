"""What an outside harness says, in the log."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canon_sweep.harness import transcript
from canon_sweep.harness.transcript import Transcript


def test_lines_come_as_they_are_whole() -> None:
    """A part of one waits for the rest."""
    said: list[str] = []
    heard = Transcript(said.append)

    heard.hear(b"one\ntwo\nth")
    assert said == ["| one\n| two"]
    heard.hear(b"ree\n")
    assert said[1:] == ["| three"]
    heard.hear(b"\x1b[31mred\x1b[0m and \xff\r\nlast")
    heard.close()

    assert said[2:] == ["| red and �", "| last"]


def test_a_line_without_an_end_is_cut() -> None:
    """Nobody's memory is filled by it."""
    said: list[str] = []
    heard = Transcript(said.append)

    for _ in range(100):
        heard.hear(b"x" * 1000)

    assert len(said) > 5
    assert all(len(line) < 10_000 for line in said)


def test_of_too_much_the_end_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last words matter."""
    monkeypatch.setattr(transcript, "MOST", 100)
    said: list[str] = []
    heard = Transcript(said.append)

    heard.hear(b"".join(b"line %d\n" % number for number in range(1000)))
    heard.close()

    assert said[0].splitlines()[0] == "| line 0"
    assert said[1].startswith("(it said ")
    assert said[2].splitlines()[-1] == "line 999"
    assert sum(map(len, said)) < 5000


@given(st.lists(st.binary(max_size=20), max_size=20))
def test_however_it_comes_it_is_the_same(parts: list[bytes]) -> None:
    """A pipe cuts where it likes."""
    by_part: list[str] = []
    heard = Transcript(by_part.append)
    for part in parts:
        heard.hear(part)
    heard.close()
    at_once: list[str] = []
    whole = Transcript(at_once.append)
    whole.hear(b"".join(parts))
    whole.close()

    assert "\n".join(by_part).split("\n") == "\n".join(at_once).split("\n")
