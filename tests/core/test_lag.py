"""In what a mirror differs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from canon_sweep.core.lag import lag

TAGS = st.dictionaries(st.sampled_from(["a", "b", "aa", "ab", "ba", "bb"]), st.sampled_from("12"))
MAIN = st.sampled_from("12")


@given(MAIN, TAGS, st.none() | MAIN, TAGS)
def test_done_as_it_says_the_mirror_is_in_step(
    main: str, tags: dict[str, str], mirrored_main: str | None, mirrored: dict[str, str]
) -> None:
    """It names every tag that a sync would touch, once, and no other."""
    found = lag(main, tags, mirrored_main, mirrored)

    done = {name: oid for name, oid in mirrored.items() if name not in found.gone}
    done |= {name: tags[name] for name in (*found.new, *found.moved)}
    assert done == tags
    assert len({*found.new, *found.moved, *found.gone}) == len(
        (*found.new, *found.moved, *found.gone)
    )
    assert found.is_none == ((main, tags) == (mirrored_main, mirrored))
    assert ("in step" in found.sentence) == found.is_none


def test_what_is_long_is_cut_and_what_steers_is_escaped() -> None:
    """A tag's name is anybody's."""
    tags = {f"{number}\x1b[2J" + "x" * 100: "1" for number in range(100_000)}

    said = lag("1", tags, None, {}).sentence

    assert said.isprintable()
    assert "main is missing" in said
    assert "100000 tags missing" in said
    assert len(said) < 300
