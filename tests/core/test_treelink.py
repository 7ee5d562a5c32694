"""Where the links of a tree lead."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canon_sweep.core.treelink import Lead, lead

NAMES = st.sampled_from(["a", "b", "c", "d", "..", ".", "", "gone"])
PATHS = st.sampled_from(["a", "b", "c", "a/b", "a/c", "d/a", "d/b", "a/d/c"])
TEXTS = st.lists(NAMES, min_size=1, max_size=5).map("/".join).filter(bool)


@pytest.mark.parametrize(
    ("link", "text", "expected"),
    [
        ("l", "x", Lead.INSIDE),
        ("a/l", "../x", Lead.INSIDE),
        ("a/l", "..", Lead.INSIDE),
        ("l", ".", Lead.INSIDE),
        ("l", "gone/../x", Lead.INSIDE),
        ("l", "..", Lead.OUTSIDE),
        ("a/l", "../../x", Lead.OUTSIDE),
        ("l", "gone/../../x", Lead.OUTSIDE),
        ("l", "../tree/x", Lead.OUTSIDE),
        ("l", "/etc/passwd", Lead.OUTSIDE),
        ("l", "l", Lead.NOWHERE),
        ("l", "l/x", Lead.NOWHERE),
        ("l", "gone/../l", Lead.NOWHERE),
        ("l", "./" * 1500 + "x", Lead.NOWHERE),
        ("l", "/".join(["x" * 200] * 20 + ["y"] * 300), Lead.NOWHERE),
    ],
)
def test_a_link_by_itself(link: str, text: str, expected: Lead) -> None:
    """A name that is not there is a folder that might be."""
    assert lead(link.encode(), {link.encode(): text.encode()}) is expected


@pytest.mark.parametrize(("links", "expected"), [(40, Lead.INSIDE), (41, Lead.NOWHERE)])
def test_a_chain_is_as_long_as_the_system_follows_it(links: int, expected: Lead) -> None:
    """The forty-first link is one too many."""
    chain = {str(number).encode(): str(number + 1).encode() for number in range(links)}

    assert lead(b"0", chain) is expected


@given(st.dictionaries(PATHS, TEXTS, max_size=6))
def test_it_is_what_the_system_finds(tree: dict[str, str]) -> None:
    """Wherever that comes to an end."""
    with TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        links = {}
        for path, text in tree.items():
            place = root / path
            if any(above.is_symlink() for above in place.parents) or os.path.lexists(place):
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(text)
            links[path.encode()] = text.encode()
        for link in links:
            found = lead(link, links)
            try:
                end = (root / os.fsdecode(link)).resolve(strict=True)
            except (OSError, RuntimeError) as error:
                if isinstance(error, RuntimeError) or error.errno == errno.ELOOP:
                    assert found is not Lead.INSIDE
                continue
            assert found is (Lead.INSIDE if end.is_relative_to(root) else Lead.OUTSIDE)
