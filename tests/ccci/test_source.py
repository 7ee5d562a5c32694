"""The names of a settings file are read; whatever else it does is told, and nothing is run."""

from __future__ import annotations

import textwrap
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from canon_sweep.ccci.source import Given, SourceError, read
from canon_sweep.ccci.value import Template, Undecided


def given_in(text: str) -> dict[str, Given]:
    """What a file gives, by name."""
    return {given.name: given for given in read(textwrap.dedent(text)).given}


def test_names_are_read_in_every_form() -> None:
    """Plain, annotated, several at once, and the last one counts."""
    found = given_in(
        '''
        """A docstring."""
        from __future__ import annotations
        A = 1
        B: int = 2
        C = D = "x"
        E: str
        A = 3
        pass
        '''
    )

    assert {name: each.value for name, each in found.items()} == {
        "A": 3,
        "B": 2,
        "C": "x",
        "D": "x",
    }
    assert (found["A"].line, found["B"].line) == (8, 5)


@pytest.mark.parametrize(
    "hook",
    [
        "ENV = lambda ctx: {'HOST': ctx.domain, 'REALM': _REALM}",
        "def ENV(ctx):\n    return {'HOST': ctx.domain, 'REALM': _REALM}",
        "def ENV(c):\n    '''Why.'''\n    return {'HOST': c.domain, 'REALM': _REALM}",
        "def _env(ctx):\n    return {'HOST': ctx.domain, 'REALM': _REALM}\nENV = _env",
    ],
)
def test_a_hook_of_one_return_is_what_it_returns(hook: str) -> None:
    """As it would be when it is called: with what its names are in the end."""
    found = given_in("_REALM = 'first'\n" + hook + "\n_REALM = 'last'\n")["ENV"]

    assert found.is_hook
    assert isinstance(found.value, dict)
    assert found.value["REALM"] == "last"
    assert isinstance(found.value["HOST"], Template)


@pytest.mark.parametrize(
    ("hook", "cause"),
    [
        ("def E(ctx):\n    x = 1\n    return {}", "more than return"),
        ("def E(ctx):\n    if ctx.op:\n        return {}\n    return {}", "more than return"),
        ("def E(ctx):\n    return", "more than return"),
        ("def E(ctx):\n    yield {}", "more than return"),
        ("@cached\ndef E(ctx):\n    return {}", "no plain function"),
        ("async def E(ctx):\n    return {}", "no plain function"),
        ("def E():\n    return {}", "one argument"),
        ("def E(ctx, more):\n    return {}", "one argument"),
        ("def E(ctx=None):\n    return {}", "one argument"),
        ("def E(*ctx):\n    return {}", "one argument"),
        ("def E(ctx, **more):\n    return {}", "one argument"),
        ("def E(ctx, /):\n    return {}", "one argument"),
        ("E = lambda: {}", "one argument"),
        ("def E(ctx):\n    return ctx", "ctx has no value"),
        ("def E(ctx):\n    return _more(ctx)", "a call"),
        ("def E(ctx):\n    return E", "is a function"),
        ("from settings import E", "another file"),
        ("import settings as E", "another file"),
        ("E = 1\nE += 1", "line 2"),
        ("E = {}\nE['a'] = 'b'", "line 2"),
        ("E = {}\nE.update(a='b')", "line 2"),
        ("E = 1\ndel E", "line 2"),
        ("if 1:\n    E = 2", "line 1"),
        ("for E in (1, 2):\n    pass", "line 1"),
        ("try:\n    E = 1\nexcept ImportError:\n    pass", "line 1"),
        ("with open('x') as E:\n    pass", "line 1"),
        ("class E:\n    pass", "line 1"),
        ("E, F = 1, 2", "line 1"),
        ("_A = {}\nE = [_A]\n_A['a'] = 'b'", "line 3"),
        ("_A = {}\n_B = [_A]\nE = lambda c: [_B]\n_A.clear()", "line 4"),
        ("_A = get()\nE = f'{_A}'", "_A cannot be told, see line 1"),
    ],
)
def test_what_is_not_followed_is_told(hook: str, cause: str) -> None:
    """With the line that makes it so."""
    value = given_in(hook)["E"].value

    assert isinstance(value, Undecided)
    assert cause in value.why


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("X = 1\nprint(X)", 2),
        ("X = 1\nassert X", 2),
        ("from more import *", 1),
        ("X = 1\n\nif X:\n    pass", 3),
        ("exec('X = 2')", 1),
        ("globals()['X'] = 2", 1),
    ],
)
def test_statements_that_are_not_followed_are_told_too(text: str, line: int) -> None:
    """Whatever a file does besides may be what matters."""
    (told,) = read(text).unfollowed

    assert told.line == line


def test_nothing_is_ever_run(tmp_path: Path) -> None:
    """A file that does something does nothing here."""
    mark = tmp_path / "mark"
    text = f"""
open({str(mark)!r}, "w").close()
X = open({str(mark)!r}, "w").close()
def Y(ctx): return open({str(mark)!r}, "w")
class Z:
    open({str(mark)!r}, "w")
"""

    assert read(text).unfollowed
    assert not mark.exists()


DEEP = {
    "minus": "X = " + "-" * 100_000 + "1",
    "brackets": "X = " + "[" * 5000 + "]" * 5000,
    "plus": "X = " + "+".join(["1"] * 50_000),
    "dots": "X = a" + ".b" * 50_000,
    "calls": "X = a" + "()" * 50_000,
    "lambdas": "X = " + "lambda: " * 20_000 + "1",
    "elifs": "if 1:\n pass\n" + "elif 1:\n pass\n" * 10_000,
    "powers": "X = " + "**".join(["1"] * 50_000),
}


@pytest.mark.parametrize("name", DEEP)
def test_what_is_nested_without_end_is_refused(name: str) -> None:
    """By one line, whatever the parser makes of it."""
    with pytest.raises(SourceError, match="nested"):
        read(DEEP[name])


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("X = (", "line 1 is no Python"),
        ("X = 1\n  Y = 2", "line 2 is no Python"),
        ("X = '\0'", "no Python"),
        ("print 'x'", "no Python"),
        ("X = " + "9" * 5000, "no Python"),
        ("<<<<<<< HEAD\nX = 1", "line 1 is no Python"),
    ],
)
def test_what_is_no_python_is_refused(text: str, cause: str) -> None:
    """With the line."""
    with pytest.raises(SourceError, match=cause):
        read(text)


def test_an_odd_escape_is_nobodys_warning(recwarn: pytest.WarningsRecorder) -> None:
    """Python's own remarks are for who runs the file."""
    assert given_in(r"X = '\d'")["X"].value == r"\d"
    assert not recwarn.list


# a tokenizer since Python 3.12 loses its way in it
@example("\r\x80")
@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Never anything else."""
    told = ""
    try:
        read(text)
    except SourceError as error:
        told = str(error)
    assert told.isprintable()


def test_a_program_is_no_settings_file() -> None:
    """It would be told line by line, and each line may change every name."""
    text = "".join(f"a{number} = 1\nf(a{number})\n" for number in range(5000))
    started = time.process_time()

    with pytest.raises(SourceError, match="more than 100 of its statements"):
        read(text)

    assert time.process_time() - started < 10


def test_a_chain_of_names_is_followed_in_its_own_time() -> None:
    """Each made of the one before, and the first of them touched by what is not followed."""
    names = "".join(f"A{number} = A{number - 1}\n" for number in range(1, 8000))
    started = time.process_time()

    source = read(f"A0 = 1\n{names}if 1: A0 = 2\n")

    assert isinstance(source.given[-1].value, Undecided)
    assert all(isinstance(each.value, Undecided) for each in source.given)
    assert time.process_time() - started < 5


def test_many_names_below_a_long_comment_are_read_at_once() -> None:
    """It is not gone through for each of them."""
    names = ";".join(f"a{number} = 1" for number in range(1000))
    started = time.process_time()

    given = read("# word\n" * 8000 + names).given

    assert len(given) == 1000
    assert given[-1].comment.startswith('"word word')
    assert time.process_time() - started < 5


def test_a_file_of_doublings_ends() -> None:
    """Each line twice the line before would be more than any memory."""
    lists = ["_L0 = ['x']", *(f"_L{n} = [*_L{n - 1}, *_L{n - 1}]" for n in range(1, 200))]
    shared = ["_S0 = ['x']", *(f"_S{n} = [_S{n - 1}, _S{n - 1}]" for n in range(1, 200))]
    texts = ["_T0 = 'xxxx'", *(f"_T{n} = _T{n - 1} + _T{n - 1}" for n in range(1, 200))]
    started = time.process_time()

    for lines in (lists, shared, texts):
        assert isinstance(read("\n".join(lines)).given[-1].value, Undecided)

    assert time.process_time() - started < 20
