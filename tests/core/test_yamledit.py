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
        ("", None),  # as docker refuses it
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


def test_what_is_taken_over_is_not_there_twice() -> None:
    """Some of docker's releases refuse a name that is: its own says the same alone."""
    document = Document("x: &x {a: 1, b: 1}\np: {<<: *x, a: 2}\nq: {<<: {<<: *x, b: 3}, b: 4}\n")

    for name in ("p", "q"):
        document.root.table(name).put("c", "3")

    assert document.text().splitlines()[1:] == [
        'p: {b: 1, a: 2, "c": "3"}',
        'q: {a: 1, b: 4, "c": "3"}',
    ]


def test_what_is_there_twice_stays_so() -> None:
    """Docker's own releases disagree on it; the last is what counts to those that take it."""
    document = Document("a: {k: 1, k: 2}\nb: {}\nb: {k: 1}\n")

    document.root.table("a").put("k", "3")
    document.root.table("b").put("l", "4")

    assert document.root.names == ("a", "b")
    assert document.text() == 'a: {k: 1, k: "3"}\nb: {}\nb: {k: 1, "l": "4"}\n'


@pytest.mark.parametrize("word", ["", "1", "x", "[a]"])
def test_what_is_no_table_is_not_made_one(word: str) -> None:
    """Docker refuses it, and is to refuse it still."""
    document = Document(f"a: {word}\n")

    document.root.table("a").put("k", "v")

    assert first_document(document.text()) == first_document(f"a: {word}")


@pytest.mark.parametrize("word", ["", "~", "{}"])
def test_a_body_may_be_left_empty(word: str) -> None:
    """As a volume's and a network's is."""
    document = Document(f"a: {word}\n")

    document.root.body("a").put("k", "v")

    assert first_document(document.text()) == {"a": {"k": "v"}}
