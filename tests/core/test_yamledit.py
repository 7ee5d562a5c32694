"""A text that is changed in one place says everywhere else what it said."""

from __future__ import annotations

import pytest
import yaml

from canon_sweep.core.yamledit import Document
from canon_sweep.core.yamltext import first_document

WORDS = ["yes", "y", "0777", "1_000", "1e3", "2020-01-02", "'12:30'", '"y"', "~", "on", "0x1F", "x"]


@pytest.mark.parametrize("word", WORDS)
def test_a_word_is_written_as_it_was(word: str) -> None:
    """Docker's releases take some for different things; none is to find another."""
    document = Document(f"a: {{k: {word}}}\n")

    document.root.table("b").put("k", "v")

    assert f"{{k: {word}}}" in document.text()


def test_what_is_left_out_stays_nothing() -> None:
    """A key without a value, and one of a flow table."""
    document = Document("a:\nb: {c: , d: }\n")

    assert first_document(document.text()) == {"a": None, "b": {"c": None, "d": None}}


def test_what_others_take_over_is_not_changed_with_it() -> None:
    """An alias, and a joined table, are their own once they are changed."""
    document = Document("x: &x {l: {a: 1}}\np: *x\nq: {<<: *x, m: 2}\nr: *x\n")

    document.root.table("p").add_pairs("l", {"b": "p"})
    document.root.table("q").add_pairs("l", {"b": "q"})

    assert first_document(document.text()) == {
        "x": {"l": {"a": 1}},
        "p": {"l": {"a": 1, "b": "p"}},
        "q": {"l": {"a": 1, "b": "q"}, "m": 2},
        "r": {"l": {"a": 1}},
    }


@pytest.mark.parametrize(
    ("labels", "after"),
    [
        ("[a=1, '${B}']", ["a=1", "${B}", "k=v"]),
        ("{a: 1, k: w}", {"a": 1, "k": "v"}),
        ("", {"k": "v"}),
        ("[]", ["k=v"]),
    ],
)
def test_labels_are_added_in_their_own_form(labels: str, after: object) -> None:
    """A list's entry may be a variable, which stands for a name and a value."""
    document = Document(f"s: {{labels: {labels}}}\n")

    document.root.table("s").add_pairs("labels", {"k": "v"})

    assert first_document(document.text())["s"]["labels"] == after


def test_only_the_first_document_is_there() -> None:
    """Docker reads no other, be it none at all."""
    document = Document("a: 1\n---\n[broken\n")

    assert first_document(document.text()) == {"a": 1}


def test_a_text_that_holds_itself_is_written_all_the_same() -> None:
    """It unfolds without end, and is refused elsewhere."""
    document = Document("a: &a {b: *a}\n")

    document.root.table("c").put("k", "v")

    assert "&" in document.text()


@pytest.mark.parametrize("text", ["", "[a]", "x", "a: [", "a: \ud800"])
def test_what_holds_no_table_is_refused(text: str) -> None:
    """As what it is, not as a crash."""
    with pytest.raises((yaml.YAMLError, ValueError)):
        Document(text)
