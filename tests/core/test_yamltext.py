"""YAML as the docker command reads it; what is expected here is what that command said."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from canon_sweep.core.yamltext import MAX_JOINED, first_document

TABLES = "x: &x {a: 1, b: 2}\nz: &z {a: 3, c: 4}\n"


@pytest.mark.parametrize(
    ("table", "wanted"),
    [
        ("{<<: *x}", {"a": 1, "b": 2}),
        ("{<<: *x, a: 0}", {"a": 0, "b": 2}),
        # the first of a list counts
        ("{<<: [*x, *z]}", {"a": 1, "b": 2, "c": 4}),
        ("{<<: [*z, *x]}", {"a": 3, "b": 2, "c": 4}),
        # and of several the last
        ("{<<: *x, <<: *z}", {"a": 3, "b": 2, "c": 4}),
        ("{d: 0, <<: *x}", {"a": 1, "b": 2, "d": 0}),
        ("{<<: {<<: *x, a: 5}, b: 6}", {"a": 5, "b": 6}),
        ("{'<<': *x}", {"<<": {"a": 1, "b": 2}}),
    ],
)
def test_a_table_takes_over_what_docker_takes_over(table: str, wanted: dict[str, Any]) -> None:
    """Whichever release of the YAML library is there."""
    assert first_document(f"{TABLES}t: {table}")["t"] == wanted


@pytest.mark.parametrize(
    "table",
    [
        "{a: 0, <<: *x}",
        "{a: 0, <<: [{d: 1}, *x]}",
        "{<<: *x, a: 0, <<: *z}",
        "{!!binary YQ==: 0, <<: *x}",
        "{a: 0, <<: {!!binary YQ==: 1}}",
    ],
)
def test_what_dockers_releases_read_in_two_ways_is_refused(table: str) -> None:
    """Docker 26 takes the other table's entry, 28 the table's own."""
    with pytest.raises(yaml.MarkedYAMLError, match="write << first"):
        first_document(f"{TABLES}t: {table}")


@pytest.mark.parametrize("table", ["{<<: 1}", "{<<: [1]}", "{<<: [*x, [a]]}"])
def test_only_tables_can_be_taken_over(table: str) -> None:
    """As for docker."""
    with pytest.raises(yaml.MarkedYAMLError, match="no table"):
        first_document(f"{TABLES}t: {table}")


def test_what_is_taken_over_is_bounded() -> None:
    """A large table that many take over is small only on paper."""
    large = ", ".join(f"k{number}: 1" for number in range(1000))
    many = "\n".join(["- {<<: *x}"] * (MAX_JOINED // 1000 + 1))

    with pytest.raises(yaml.MarkedYAMLError, match="too much"):
        first_document(f"x: &x {{{large}}}\nt:\n{many}")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("!!binary ZmlsZQ==: !!binary L2V0Yy9m", {"file": "/etc/f"}),
        ("a: !!binary |\n  Zmls\n  ZQ==", {"a": "file"}),
        ("!!set {a: {b: 1}}", {"a": {"b": 1}}),
        ("!!omap [{a: 1}]", [{"a": 1}]),
        ("!!pairs [{a: 1}]", [{"a": 1}]),
        ("%TAG ! tag:yaml.org,2002:\n---\n!binary ZmlsZQ==: 1", {"file": 1}),
    ],
)
def test_a_kind_that_docker_does_not_know_hides_nothing(text: str, wanted: Any) -> None:
    """Else the deploy would read a file, or a mount, that we have not seen."""
    assert first_document(text) == wanted


@pytest.mark.parametrize("text", ["a: !!binary [x]", "!!binary {a: b}", "? !!binary [x]\n: 1"])
def test_only_a_scalar_is_binary(text: str) -> None:
    """Anything else is not YAML, in one line."""
    with pytest.raises(yaml.MarkedYAMLError):
        first_document(text)


@pytest.mark.parametrize("text", ["!!binary x", "a: !!binary '?'", "a: !!binary gICA"])
def test_what_is_no_text_is_refused(text: str) -> None:
    """With the line, as all that is not YAML."""
    with pytest.raises(yaml.MarkedYAMLError, match="no text"):
        first_document(text)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a:\tb\t\nc:\t# d\n  - 'e'\t# f\n", {"a": "b", "c": ["e"]}),
        ("{\ta:\tb,\n\tc:\td\t}", {"a": "b", "c": "d"}),
        ("a\t: |\n  b\n  \tc\n", {"a": "b\n\tc\n"}),
        ("a: &x 1\nb: *x\nc: &x 2\nd: *x\n", {"a": 1, "b": 1, "c": 2, "d": 2}),
        ("a: !!mine 1\nb: !<tag:x> [c]\n", {"a": "1", "b": ["c"]}),
        ("%TAG ! tag:x,2000:\n---\na: !y z\n", {"a": "z"}),
    ],
)
def test_what_the_library_refuses_and_docker_takes(text: str, wanted: Any) -> None:
    """Tabs between words, an anchor's name used again, kinds that nobody knows."""
    assert first_document(text) == wanted


@pytest.mark.parametrize(
    "text",
    ["a: |\n  \tb\n", "a: >\n\n  \tb\n", "%YAML 1.2\n---\na: b\n", "a:\n\tb: c\n", "a:\n  -\tb\n"],
)
def test_what_docker_refuses_is_not_made_good(text: str) -> None:
    """A text whose first line begins with a tab, another version of YAML, a tab to indent by."""
    with pytest.raises(yaml.MarkedYAMLError):
        first_document(text)
