"""Expressions are worth what Python makes of them, or nothing can be told."""

from __future__ import annotations

import ast
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canon_sweep.ccci.expression import Reader, Work
from canon_sweep.ccci.value import Domain, Template, Undecided, UndecidedError


def told(text: str, names: dict[str, Any] | None = None, parameter: str = "") -> Any:
    """What an expression stands for."""
    node = ast.parse(text, mode="eval").body
    return Reader(names or {}, Work(), parameter).value(node)


def why(text: str, names: dict[str, Any] | None = None, parameter: str = "") -> str:
    """Why nobody can tell."""
    with pytest.raises(UndecidedError) as caught:
        told(text, names, parameter)
    return caught.value.undecided.why


NUMBERS = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | NUMBERS | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)
LITERALS = VALUES.map(repr)
OPERATORS = st.sampled_from(["+", "-", "*", "/", "//", "%", "**", "|", "<<", "and", "==", "@"])


# the word in a kind of expression that has one, and the kinds with one part only
WORDS = {
    0: OPERATORS,
    1: st.sampled_from(["-", "+", "not ", "~"]),
    5: st.sampled_from(["", ",", "1"]),
    6: st.sampled_from(["%s-%s", "%d%%", "%5s", "%(a)s", "x"]),
}
OF_ONE = (1, 6, 8)


@st.composite
def expressions(draw: st.DrawFn, depth: int = 3) -> str:
    """Literals and what is made of them, of every kind and of wrong ones too."""
    if depth == 0:
        return draw(LITERALS)
    inner = expressions(depth=depth - 1)
    kind = draw(st.integers(0, 9))
    # what a kind has no place for is not drawn: that took half of the time
    word = draw(WORDS[kind]) if kind in WORDS else ""
    first, second = draw(inner), "" if kind in OF_ONE else draw(inner)
    return {
        0: f"({first} {word} {second})",
        1: f"({word}{first})",
        2: f"[{first}, *[{second}]]",
        3: f"{{'a': {first}, **{{'b': {second}}}}}",
        4: f"({first}, {second})",
        5: f"{word!r}.join([{first}, {second}])",
        6: f"{word!r} % ({first},)",
        7: f"({first!r} {second!r})",
        8: f"f'a{{{first if chr(39) not in first and chr(92) not in first else 1}}}b'",
        9: f"({first} if {second} else {first})",
    }[kind]


def parses(text: str) -> bool:
    try:
        ast.parse(text, mode="eval")
    except (SyntaxError, ValueError):
        return False
    return True


@given(expressions().filter(parses))
def test_an_expression_has_pythons_value_or_none(text: str) -> None:
    """Never another, and nothing but the one refusal is raised."""
    try:
        found = told(text)
    except UndecidedError:
        return
    if not entries(found, Undecided):
        wanted = eval(text, {"__builtins__": {}})
        assert found == wanted
        assert type(found) is type(wanted) or isinstance(found, dict)


def entries(value: Any, kind: type) -> list[Any]:
    """What of a kind is somewhere in a value."""
    if isinstance(value, kind):
        return [value]
    inner = value.values() if isinstance(value, dict) else value
    if isinstance(value, dict | list | tuple | set):
        return [found for each in inner for found in entries(each, kind)]
    return []


@given(LITERALS.filter(parses))
def test_a_literal_is_itself(text: str) -> None:
    """Each kind of them, but for numbers that no setting can have."""
    try:
        found = told(text)
    except UndecidedError as error:
        found = error.undecided

    refused = entries(found, Undecided)
    assert all("number" in each.why for each in refused)
    assert refused or found == eval(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("20 * 60", 1200),
        ("2 ** 10 - 1", 1023),
        ("7 // 2 + 7 % 4", 6),
        ("-1.5e2", -150.0),
        ("'a' 'b'", "ab"),
        ("'a' + 'b'", "ab"),
        ("'-' * 3", "---"),
        ("'%s/%d%%' % ('a', 5)", "a/5%"),
        ("':'.join(['a', 'b'])", "a:b"),
        ("':'.join(_PARTS)", "x:y"),
        ("f'{_NAME}-{_COUNT}'", "docs-3"),
        ("f'{_NAME!s}'", "docs"),
        ("{**{'a': '1'}, 'a': '2'}", {"a": "2"}),
        ("{'a': 1} | {'b': 2}", {"a": 1, "b": 2}),
        ("[*_PARTS, 'z']", ["x", "y", "z"]),
        ("{'b', 'a'}", {"a", "b"}),
        ("[1] + [2]", [1, 2]),
        ("None", None),
    ],
)
def test_what_settings_are_written_with(text: str, value: object) -> None:
    """Every form that is known of them."""
    names = {"_PARTS": ["x", "y"], "_NAME": "docs", "_COUNT": 3}

    assert told(text, names) == value


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("9**9**9", "power"),
        ("9**9999999", "power"),
        ("2**64", "too large"),
        ("'x' * 10**9", "more than 4096 characters"),
        ("10**9 * 'x'", "more than 4096 characters"),
        ("'" + "x" * 5000 + "'", "more than 4096 characters"),
        ("1e999", "number"),
        ("1e308 * 10", "number"),
        ("1 / 0", "reckoned"),
        ("1 << 99999999999", "arithmetic"),
        ("'%999999999s' % 'a'", "not followed"),
        ("f'{1:999999999}'", "not followed"),
        ("f'{_NAME!r}'", "not followed"),
        ("[" * 90 + "]" * 90 + " + " + "+".join("1" * 60), "nested"),
        ("__import__('os').system('true')", "a call"),
        ("open('/etc/passwd').read()", "a call"),
        ("os.environ['HOME']", "a part"),
        ("_NAME[0]", "a part"),
        ("_NAME.upper()", "a call"),
        ("','.join(x for x in _NAME)", "a call"),
        ("','.join([1])", "no text"),
        ("[x for x in _NAME]", "a comprehension"),
        ("_NAME if 1 else 2", "a condition"),
        ("(x := 1)", "an assignment"),
        ("lambda: 1", "a function"),
        ("b'x'", "bytes"),
        ("1j", "complex"),
        ("...", "ellipsis"),
        ("_UNKNOWN", "_UNKNOWN has no value"),
        ("{[]: 1}", "plain text"),
        ("{[1]}", "a set"),
        ("{**_NAME}", "no table"),
        ("[*_NAME]", "no list"),
        ("-'a'", "sign"),
        ("not 1", "sign"),
        ("True + 1", "neither"),
        ("f'{[]}'", "no text"),
        ("'%s' % ()", "not followed"),
        ("'x' % 'a'", "more values"),
        ("'%d' % 'a'", "whole"),
    ],
)
def test_what_is_not_told(text: str, cause: str) -> None:
    """It is refused by name, at once."""
    assert cause in why(text, {"_NAME": "docs"})


def test_a_table_says_what_it_can() -> None:
    """One entry that nobody can tell does not take the others with it, and has its line."""
    found = told("{\n'A': 'b',\n'B': get('x'),\n}")

    assert found["A"] == "b"
    assert isinstance(found["B"], Undecided)
    assert found["B"].line == 3
    assert found.lines == {"A": 2, "B": 3}


def test_the_domain_is_put_into_texts() -> None:
    """In a hook alone, and by its argument's name."""
    domain = Domain()

    assert told("ctx.domain", {}, "ctx") == Template((domain,))
    assert told("c.base_url + '/x'", {}, "c").written == "https://{domain}/x"
    assert told("f'a-{ctx.domain}-{_N}'", {"_N": 3}, "ctx").written == "a-{domain}-3"
    assert told("'%s.%s' % ('a', ctx.domain)", {}, "ctx").written == "a.{domain}"
    assert told("','.join([ctx.domain, 'b'])", {}, "ctx").written == "{domain},b"
    assert "a part" in why("ctx.domain", {}, "")
    assert ".deps" in why("ctx.deps", {}, "ctx")
    assert "call" in why("ctx.domain.replace('.', '-')", {}, "ctx")
    assert "part" in why("ctx.domain[0]", {}, "ctx")
    assert "ctx has no value" in why("[ctx]", {}, "ctx")
    assert "plain text" in why("{ctx.domain: 1}", {}, "ctx")


@pytest.mark.parametrize(
    "text",
    [
        "[" + ",".join(["_BIG"] * 5000) + "]",
        "{" + ",".join(f"'{n}': _BIG" for n in range(5000)) + "}",
        "+".join(["_BIG"] * 99),
    ],
)
def test_what_is_made_of_much_ends(text: str) -> None:
    """A small file cannot become a large one."""
    started = time.process_time()

    cause = why(text, {"_BIG": [["x"] * 100] * 100})

    assert "too much" in cause
    assert time.process_time() - started < 10
