"""What cc-ci's own harness writes is hostile until it was read, and never more than it says."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canon_sweep.core.foreign import Broken, Mark, Meta, last_good_in, meta_in, record_in
from canon_sweep.core.moment import moment_of
from core.examples import commit_of
from core.foreigners import TAG, VOLUME, said

THREE = datetime(2026, 6, 14, 3, tzinfo=UTC)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize(
    "value",
    [
        "2026-06-14T03:00:00Z",
        "2026-06-14T03:00:00",
        "2026-06-14T05:00:00+02:00",
        "2026-06-14 03:00:00.000000+00:00",
        "20260614T030000Z",
        1781406000,
        1781406000.0,
        1781406000000,
        "1781406000",
    ],
)
def test_a_moment_is_read_however_it_is_written(value: object) -> None:
    """With an offset or without, as text or as seconds: the same moment, in UTC."""
    assert moment_of(value) == THREE


@pytest.mark.parametrize("value", [None, True, "", "yesterday", -1, 0, 10**30, "9" * 10, [], {}])
def test_what_is_no_moment_is_none(value: object) -> None:
    """Nor is one that no canonical can be from."""
    assert moment_of(value) is None


@given(json_values)
def test_no_value_is_too_odd_to_be_asked(value: object) -> None:
    """A moment, or none; never more."""
    found = moment_of(value)

    assert found is None or found.tzinfo is UTC


def test_a_record_is_read() -> None:
    """The five fields that cc-ci writes, and the domain of its design."""
    content = said(status="idle", ts="2026-06-14T03:00:00Z", domain="warm-notes.ci.example")

    found = record_in(content, "notes")

    assert isinstance(found, Mark)
    assert (found.version, found.commit, found.at) == (TAG, commit_of(TAG), THREE)
    assert (found.domain, found.remark, found.is_ours) == ("warm-notes.ci.example", "", False)


def test_a_ts_that_is_no_moment_is_said_and_costs_nothing_else() -> None:
    """The release is known all the same."""
    found = record_in(said(ts="soon\x1b[2J"), "notes")

    assert isinstance(found, Mark)
    assert found.at is None
    assert "its ts 'soon\\x1b[2J' is no moment" in found.remark


def test_a_record_of_our_own_engines_is_known_by_its_schema() -> None:
    """It stands beside a last_good and a snapshot that are older."""
    found = record_in(said(schema=1), "notes")

    assert isinstance(found, Mark)
    assert found.is_ours


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({"recipe": "site"}, "it is that of 'site'"),
        ({"recipe": "../x\n"}, "it is that of '../x\\n'"),
        ({"version": None}, "its version is no text"),
        ({"version": ""}, "'' is no version"),
        ({"version": "1.0.0+1\x1b[2J"}, "is no version"),
        ({"version": "9" * 500}, "is no version"),
        ({"commit": "main"}, "'main' is no commit"),
        ({"commit": "--upload-pack=x"}, "is no commit"),
        ({"commit": 7}, "its commit is no text"),
        ({"commit": None}, "it names no commit"),
        ({"status": "testing"}, "it has status 'testing', known is 'idle'"),
        ({"status": ["idle"]}, "it has status"),
        ({"domain": "../x"}, "is no domain name"),
    ],
)
def test_a_record_that_says_something_else_is_refused(changed: dict[str, Any], cause: str) -> None:
    """Each with its cause, on one line."""
    found = record_in(said(**changed), "notes")

    assert isinstance(found, Broken)
    assert cause in found.why
    assert found.why.isprintable()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"[]", b'"1.0.0+1"', b"[" * 100_000, b'{"version": 1e999}']
)
def test_what_is_no_record_is_refused(content: bytes) -> None:
    """Whatever it is, in one line."""
    for read in (record_in, meta_in):
        found = read(content, "notes")

        assert isinstance(found, Broken)
        assert found.why.isprintable()
        assert len(found.why) <= 200


@given(
    st.binary(max_size=200)
    | st.dictionaries(
        st.sampled_from(["recipe", "version", "commit", "ts", "status", "domain", "volumes"]),
        json_values,
    ).map(lambda fields: json.dumps(fields).encode())
)
def test_nothing_that_a_file_says_is_a_traceback(content: bytes) -> None:
    """Read or refused, and what is refused is fit for a line of a log."""
    for read in (record_in, last_good_in, meta_in):
        found = read(content, "notes")

        assert isinstance(found, Mark | Meta | Broken)
        if isinstance(found, Broken):
            assert found.why.isprintable()
            assert len(found.why) <= 200


@pytest.mark.parametrize("content", [b"1.1.0+1", b"1.1.0+1\n", b' "1.1.0+1"\n\n'])
def test_a_last_good_may_be_a_line(content: bytes) -> None:
    """Then it says nothing of a commit or a moment."""
    found = last_good_in(content, "notes")

    assert isinstance(found, Mark)
    assert (found.version, found.commit, found.at) == (TAG, "", None)


@pytest.mark.parametrize("content", [b"", b"\n", b"1.1.0+1\n1.0.0+1\n", b"\xff", b"a\x1b[2J"])
def test_a_last_good_that_is_neither_is_refused(content: bytes) -> None:
    """Neither an object nor one line."""
    assert isinstance(last_good_in(content, "notes"), Broken)


def test_a_snapshot_names_its_volumes() -> None:
    """By their full names, each once."""
    found = meta_in(said(volumes=[VOLUME, "b", VOLUME]), "notes")

    assert isinstance(found, Meta)
    assert found.volumes == ("b", VOLUME)


@pytest.mark.parametrize(
    ("volumes", "cause"),
    [
        ("data", "no list of names"),
        (["../../etc"], "'../../etc' is no volume name"),
        (["-v"], "'-v' is no volume name"),
        ([1], "a volume is no text: '1'"),
        (["a"] * 1001, "no list of names"),
    ],
)
def test_a_snapshot_with_other_volumes_is_refused(volumes: object, cause: str) -> None:
    """An engine is asked by these names."""
    found = meta_in(said(volumes=volumes), "notes")

    assert isinstance(found, Broken)
    assert cause in found.why
