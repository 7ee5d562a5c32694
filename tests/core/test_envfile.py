"""How the format of ``.env.sample`` is read."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canon_sweep.core.envfile import EnvFile, read


def of(text: str, **fixed: str) -> EnvFile:
    """Read a text."""
    return read(".env.sample", text, fixed=fixed, initial={})


@pytest.mark.parametrize(
    ("text", "values"),
    [
        # each answer is the one of godotenv 1.5.1
        ("A=1\nB = 2\nexport C=3\nD: 4", {"A": "1", "B": "2", "C": "3", "D": "4"}),
        ("export=1\nexporter=2", {"export": "1", "exporter": "2"}),
        ("A=\nB=", {"A": "", "B": ""}),
        ("A=b # c\nB=c#d\nC='x' # y\nD=\"z\" # w", {"A": "b", "B": "c#d", "C": "x", "D": "z"}),
        ("# A=1\n  # B=2\n\n\tC=3", {"C": "3"}),
        ("A=b # c # d\nB= # e", {"A": "b # c", "B": "# e"}),
        ("A=1\r\nB=2\rC=3", {"A": "1", "B": "2", "C": "3"}),
        ("A='$B'\nB=b\nC=\"$B\"\nD=$B-${B}", {"A": "$B", "B": "b", "C": "b", "D": "b-b"}),
        ("b=1\nA=$b", {"b": "1", "A": "$b"}),
        ("A=\\$B\nC=$\nD=$(E)", {"A": "$B", "C": "$", "D": ")"}),
        (r'A="a\nb\tc\"d"', {"A": 'a\nbtc"d'}),
        (r"A='a\nb'", {"A": r"a\nb"}),
        ("A='x\ny'\nB=1", {"A": "x\ny", "B": "1"}),
        ('A="1" B=2', {"A": "1", "B": "2"}),
        ("A=${B:-c}", {"A": ":-c}"}),
        ("A=it's", {"A": "it's"}),
        ("A.b=1\n1A=2", {"A.b": "1", "1A": "2"}),
        ("A=1\nA=2", {"A": "2"}),
    ],
)
def test_a_file_is_read_as_godotenv_reads_it(text: str, values: dict[str, str]) -> None:
    """It is what abra reads an app's variables with."""
    assert of(text).values == values


@pytest.mark.parametrize(
    ("text", "line", "cause"),
    [
        ("A=1\nWORD\nB=2", 2, "'WORD' cannot be read: it is not NAME=value"),
        ("A=1\n=x\nB=2", 2, "not NAME=value"),
        ("A=1\nA-B=x\nB=2", 2, "not NAME=value"),
        ("A=1\n\ufeffC=x\nB=2", 2, "not NAME=value"),
        ('A=1\nC="x\nB=2', 2, "its quote is not closed"),
        ("A=1\nC='x\nB=2", 2, "its quote is not closed"),
        ("A=1\nC=x # y # z\nB=2", 2, "the value of C is 'x # y'"),
        ("A='1' \\\nB=2\nB=2", 1, "not NAME=value"),
    ],
)
def test_a_line_that_cannot_be_read_is_told_and_costs_no_other(
    text: str, line: int, cause: str
) -> None:
    """With its number and the cause, in printable letters."""
    read = of(text)

    assert read.values.items() >= {"A": "1", "B": "2"}.items()
    (unread,) = read.unread
    assert unread.line == line
    assert cause in unread.cause
    assert str(unread).isprintable()


def test_what_is_given_wins_over_the_file() -> None:
    """And is what the lines after it see."""
    assert of("A=file\nB=$A", A="given").values == {"B": "given"}


def test_a_comment_is_kept_with_its_place() -> None:
    """Secrets are described there."""
    comments = of("# x\nA=1 # length=3\nB='2' # hex\nC=3#no\nD=\"4\"\n# none").comments

    assert {key: (found.line, found.text) for key, found in comments.items()} == {
        "A": (2, " length=3"),
        "B": (3, " hex"),
        "C": (4, ""),
        "D": (5, ""),
    }


TEXT = st.text(st.characters(exclude_characters="'\"\\$\r", exclude_categories=["Cs"]))


@given(TEXT, TEXT)
def test_what_is_quoted_comes_back(single: str, double: str) -> None:
    """Blanks, line ends and all."""
    read = of(f"A='{single}'\nB=\"{double}\"\nC=end")

    assert read.values == {"A": single, "B": double, "C": "end"}
    assert not read.unread


PIECES = st.sampled_from([*"AB=:'\"\\$ {}#\n\t", *(f"${name}" for name in sorted(os.environ))])


@given(st.lists(PIECES, max_size=30).map("".join))
def test_nothing_comes_from_our_own_environment(text: str) -> None:
    """Whatever a sample says, it is read as on any other machine."""
    before = of(text)
    kept = dict(os.environ)
    try:
        os.environ.clear()
        os.environ.update(dict.fromkeys(kept, "stolen"))
        assert of(text) == before
    finally:
        os.environ.clear()
        os.environ.update(kept)
    assert not any("stolen" in value for value in before.values.values())


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    """What is told of it fits on a line each."""
    assert all(str(unread).isprintable() for unread in of(text).unread)
