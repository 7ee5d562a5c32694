"""Another tool's records: which are followed, and that nothing of ours is written beside them."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

from canon_sweep.core.adoption import Standing, marker_of, standing
from canon_sweep.core.canonical import Canonical
from canon_sweep.core.foreign import Mark
from canon_sweep.errors import StateFault
from canon_sweep.state.adopted import Adoptions
from canon_sweep.state.followed import Followed
from canon_sweep.state.foreign import ForeignCanonicals
from state.ciwarm import CiWarm
from state.killed import killed_at

NOW = datetime(2026, 6, 14, 3, tzinfo=UTC)
COMMIT = "a" * 40
PROVEN = Canonical(recipe="notes", version="1.0.0+1", tag="1.0.0+1", commit=COMMIT, run_id="r")


@pytest.fixture
def warm(tmp_path: Path) -> CiWarm:
    """A folder with one whole canonical."""
    warm = CiWarm(tmp_path / "ci-warm")
    warm.promotes("notes", "1.0.0+1", COMMIT)
    return warm


def followed(warm: CiWarm, state: Path | None = None) -> Followed:
    """The records there, with a state folder of ours beside."""
    own = state or warm.folder.parent / "state"
    adopted = Adoptions(own / "adopted.json")
    return Followed(own / "canonicals", ForeignCanonicals(warm.folder), adopted)


def record_of(canonicals: Followed) -> Mark:
    """What the record of notes says."""
    record = canonicals.found("notes").record
    assert isinstance(record, Mark)
    return record


def adopt(canonicals: Followed) -> None:
    """An operator takes the record over."""
    canonicals.adopted.put(marker_of("notes", record_of(canonicals), NOW))


def how(canonicals: Followed) -> Standing:
    """How the record stands now."""
    return standing(record_of(canonicals), canonicals.known("notes"))


def test_a_record_that_nobody_has_adopted_is_not_followed(warm: CiWarm) -> None:
    """It is there, and no canonical of ours."""
    canonicals = followed(warm)

    assert canonicals.read("notes") is None
    assert canonicals.read("site") is None
    assert canonicals.recipes() == ("notes",)
    assert canonicals.read_all() == ({}, {})
    assert how(canonicals) is Standing.UNKNOWN


def test_an_adopted_record_is_followed_and_not_proven(warm: CiWarm) -> None:
    """Its release and commit, and no run of ours."""
    canonicals = followed(warm)
    before = warm.content
    adopt(canonicals)

    record = canonicals.read("notes")

    assert record is not None
    assert (record.release_tag, record.commit) == ("1.0.0+1", COMMIT)
    assert record.ts == "2026-06-14T03:20:00Z"
    assert record.is_adopted
    assert canonicals.history("notes") == ()
    assert warm.content == before


def test_a_promotion_that_a_run_of_ours_saw_is_followed_as_proven(warm: CiWarm) -> None:
    """And the marker of what was adopted before goes."""
    canonicals = followed(warm)
    adopt(canonicals)

    canonicals.note_promotion(PROVEN)

    assert canonicals.read("notes") == PROVEN
    assert not PROVEN.is_adopted
    assert canonicals.adopted.read() == {}
    assert canonicals.history("notes") == (PROVEN,)


@pytest.mark.parametrize("changed", [{"version": "1.1.0+1"}, {"commit": "b" * 40}])
@pytest.mark.parametrize("by", ["adopted", "promoted"])
def test_a_record_that_another_tool_changes_is_followed_no_longer(
    warm: CiWarm, changed: dict[str, str], by: str
) -> None:
    """Another release, or the same of another commit: nobody has looked at that one."""
    canonicals = followed(warm)
    if by == "adopted":
        adopt(canonicals)
    else:
        canonicals.note_promotion(PROVEN)

    warm.changes("notes", "canonical.json", **changed)

    assert canonicals.read("notes") is None
    assert how(canonicals) is Standing.CHANGED
    assert canonicals.known("notes").last == f"1.0.0+1 when {by}"
    adopt(canonicals)
    assert how(canonicals) is Standing.ADOPTED


def test_a_record_that_is_written_anew_is_the_same(warm: CiWarm) -> None:
    """As by a quick run: the claim is the one that was adopted."""
    canonicals = followed(warm)
    adopt(canonicals)

    warm.changes("notes", "canonical.json", ts="2026-06-20T03:00:00Z", domain="a.example")

    assert how(canonicals) is Standing.ADOPTED
    assert record_of(canonicals).digest != canonicals.adopted.read()["notes"].digest


def test_a_record_of_an_engine_of_ours_is_never_followed(warm: CiWarm) -> None:
    """It lies beside a last_good and a snapshot of something else."""
    canonicals = followed(warm)
    warm.changes("notes", "canonical.json", schema=1)
    adopt(canonicals)

    assert canonicals.read("notes") is None
    assert how(canonicals) is Standing.UNKNOWN


@pytest.mark.parametrize("by", ["adopted", "promoted"])
def test_a_record_that_is_forgotten_stays_where_it_is(warm: CiWarm, by: str) -> None:
    """It is followed no longer, the history has the reason, and it can be adopted again."""
    canonicals = followed(warm)
    before = warm.content
    if by == "adopted":
        adopt(canonicals)
    else:
        canonicals.note_promotion(PROVEN)

    record = canonicals.forget("notes", "why", NOW)

    assert record is not None
    assert canonicals.read("notes") is None
    assert canonicals.forget("notes", "why", NOW) is None
    assert canonicals.past("notes")[-1] != record
    assert warm.content == before
    adopt(canonicals)
    assert canonicals.read("notes") is not None


def test_a_kill_while_it_is_forgotten_leaves_it_to_be_done_again(warm: CiWarm) -> None:
    """At whatever step."""
    step, done = 1, False
    while not done:
        canonicals = followed(warm, warm.folder.parent / f"state-{step}")
        adopt(canonicals)
        done = killed_at(step, partial(canonicals.forget, "notes", "why", NOW))

        canonicals.forget("notes", "why", NOW)

        assert canonicals.read("notes") is None
        assert len(canonicals.past("notes")) == 1
        step += 1
    assert step > 3


def test_a_kill_while_a_promotion_is_written_down_costs_a_test_at_the_most(warm: CiWarm) -> None:
    """At whatever step: the record is followed as proven, or nobody knows it; done again, it is."""
    warm.promotes("notes", "1.1.0+1", "b" * 40)
    new = replace(PROVEN, version="1.1.0+1", tag="1.1.0+1", commit="b" * 40)
    step, done = 1, False
    while not done:
        canonicals = followed(warm, warm.folder.parent / f"state-{step}")
        canonicals.note_promotion(PROVEN)
        done = killed_at(step, partial(canonicals.note_promotion, new))

        assert canonicals.read("notes") in (None, new)
        canonicals.note_promotion(new)

        assert canonicals.read("notes") == new
        assert canonicals.history("notes") == (PROVEN, new)
        step += 1
    assert step > 3


def test_nothing_is_ever_written_there(warm: CiWarm) -> None:
    """Records are the harness's, and so is what lies beside them."""
    canonicals = followed(warm)
    draft = warm.writes("notes", ".canonical.json.0123456789abcdef.draft", b"")
    before = warm.content

    with pytest.raises(StateFault, match="not canon-sweep's to write"):
        canonicals.write(PROVEN)
    canonicals.note_promotion(PROVEN)
    canonicals.clear_drafts()
    canonicals.flush("notes")

    assert draft.exists()
    assert canonicals.dead_drafts() == ()
    assert warm.content == before


def test_a_record_that_cannot_be_read_is_not_none(warm: CiWarm) -> None:
    """Nobody can say what it names."""
    canonicals = followed(warm)
    warm.writes("notes", "canonical.json", b"{")

    with pytest.raises(StateFault, match=r"notes/canonical\.json is no canonical's record"):
        canonicals.read("notes")
    assert list(canonicals.read_all().problems) == ["notes"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b'{"notes": {"recipe": "site"}}',
        b'{"notes": {"recipe": "notes", "version": "1", "commit": "1", "ts": "1", "at": 1}}',
    ],
)
def test_markers_that_cannot_be_read_are_not_none(warm: CiWarm, content: bytes) -> None:
    """Every recipe would be tested anew."""
    canonicals = followed(warm)
    canonicals.adopted.path.parent.mkdir()
    canonicals.adopted.path.write_bytes(content)

    with pytest.raises(StateFault, match=r"adopted\.json is no list of adopted records"):
        canonicals.read("notes")
