"""What a program says to a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canon_sweep.core.terminal import shown


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("plain", "plain"),
        ("\x1b[1;32mgreen\x1b[0m", "green"),
        ("\x1b]0;a title\x07said", "said"),
        ("\x1b]8;;https://a.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b(Bsaid\x1b[K\x1b[?25l", "said"),
        ("with a line's end\r", "with a line's end"),
        (" 10 %\r 50 %\r100 %", "100 %"),
        ("\x1b", ""),
        ("", ""),
    ],
)
def test_what_steers_a_terminal_is_taken_out(line: str, text: str) -> None:
    """Colours, titles, links, and a line that is written over itself."""
    assert shown(line) == text


@given(st.text(alphabet=st.sampled_from("\x1b[]0;m?\x07\\\rabc \x9b")))
def test_no_escape_is_left(line: str) -> None:
    """Whatever was cut short."""
    assert not {"\x1b", "\r"} & set(shown(line))
