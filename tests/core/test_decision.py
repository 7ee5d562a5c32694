"""What is done with a recipe, and why."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code, Decision, Facts, Policy, decide, excepted
from canon_sweep.core.hold import Hold
from canon_sweep.core.release import releases
from core.examples import NOW, POLICY, RULE, attempt, canonical, commit_of, facts, known, tag
from core.test_version import tags


def test_the_first_release_would_be_the_first_canonical() -> None:
    """Without a canonical, the latest release is tested."""
    decision = decide(facts("1.0.0+1", "1.1.0+1"), POLICY, NOW)

    assert decision.code is Code.FIRST_CANONICAL
    assert decision.target is not None
    assert decision.target.tag == "1.1.0+1"


def test_a_newer_release_is_tested() -> None:
    """The trigger is a release that is newer than the canonical."""
    decision = decide(facts("1.0.0+1", "1.1.0+1", proven="1.0.0+1"), POLICY, NOW)

    assert decision.code is Code.NEW_RELEASE
    assert decision.target is not None
    assert decision.target.commit == commit_of("1.1.0+1")


def test_the_same_release_is_skipped() -> None:
    """No new version: nothing to do, and nothing to note."""
    decision = decide(facts("1.0.0+1", proven="1.0.0+1"), POLICY, NOW)

    assert decision == Decision(Code.NO_NEW_VERSION, "1.0.0+1 is the canonical")


def test_a_moved_tag_is_skipped_with_a_note() -> None:
    """The version decides, not the commit; but somebody should know."""
    moved = replace(facts("1.0.0+1"), canonical=canonical("1.0.0+1", commit="a" * 40))

    decision = decide(moved, POLICY, NOW)

    assert decision.code is Code.NO_NEW_VERSION
    assert [note.code for note in decision.notes] == ["tag-moved"]


def test_never_released() -> None:
    """Without a release there is nothing to test; ignored tags are counted."""
    decision = decide(facts("v1.0.3"), POLICY, NOW)

    assert decision.code is Code.NEVER_RELEASED
    assert "(1 tag is none)" in decision.sentence
    assert "(2 tags are none)" in decide(facts("v1.0.3", "x"), POLICY, NOW).sentence


@pytest.mark.parametrize("left", [("1.0.0+1",), ()])
def test_a_withdrawn_tag_leaves_the_canonical_ahead(left: tuple[str, ...]) -> None:
    """A canonical is never downgraded, even when its tag is gone."""
    decision = decide(facts(*left, proven="1.1.0+1"), POLICY, NOW)

    assert decision.code is Code.CANONICAL_AHEAD
    assert [note.code for note in decision.notes] == ["canonical-ahead"]


def test_an_excepted_recipe_says_why() -> None:
    """The written reason is the sentence."""
    assert excepted("mail store without bound").code is Code.EXCEPTED
    assert "mail store without bound" in excepted("mail store without bound").sentence


def test_a_hold_holds_until_it_expires() -> None:
    """A hold has a reason and an end."""
    until = NOW + timedelta(seconds=1)
    hold = Hold(recipe="notes", reason="moving house", until=until)
    held = replace(facts("1.0.0+1"), hold=hold)

    assert decide(held, POLICY, NOW).code is Code.HELD
    assert "moving house" in decide(held, POLICY, NOW).sentence
    assert decide(held, POLICY, until).code is Code.FIRST_CANONICAL


def test_a_hold_of_a_release_dies_with_the_next_one() -> None:
    """An override that names a version does not outlive it."""
    hold = Hold(recipe="notes", reason="broken", until=NOW + timedelta(days=9), tag="1.0.0+1")

    assert decide(replace(facts("1.0.0+1"), hold=hold), POLICY, NOW).code is Code.HELD
    newer = replace(facts("1.0.0+1", "1.0.1+1"), hold=hold)
    assert decide(newer, POLICY, NOW).code is Code.FIRST_CANONICAL


def test_a_known_red_waits_for_retry_red_after() -> None:
    """A second run at once does not test it again; the next weekly one does."""
    hour = timedelta(hours=1)
    red = attempt("1.0.0+1", Outcome.RED, ago=hour)
    known_red = replace(facts("1.0.0+1"), attempts=(red,))

    decision = decide(known_red, POLICY, NOW)

    assert decision.code is Code.KNOWN_RED
    assert "upgrade" in decision.sentence
    assert decide(known_red, POLICY, red.ts + timedelta(days=6)).code is Code.FIRST_CANONICAL
    assert decide(known_red, Policy(timedelta(days=6), retry=True), NOW).code is (
        Code.FIRST_CANONICAL
    )


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Outcome.REFUSED, "1.0.0+1 was refused on 14 June 2026 02:00"),
        (Outcome.PROMOTE_FAILED, "1.0.0+1 could not be promoted on 14 June 2026 02:00"),
    ],
)
def test_what_was_green_and_not_promoted_waits_too(outcome: Outcome, said: str) -> None:
    """A second run at once is a no-op, and says how the first one ended."""
    one = attempt("1.0.0+1", outcome, ago=timedelta(hours=1))
    before = replace(facts("1.0.0+1"), attempts=(msgspec.structs.replace(one, tier=""),))

    decision = decide(before, POLICY, NOW)

    assert decision.code is Code.KNOWN_RED
    assert decision.sentence == f"{said}; tried again from 20 June 2026 02:00"
    assert decide(before, Policy(POLICY.retry_red_after, retry=True), NOW).target is not None


@pytest.mark.parametrize(
    "change",
    [
        lambda f: replace(f, digest="changed settings"),
        lambda f: replace(f, releases=known("1.0.0+1", "1.0.1+1")),
    ],
)
def test_another_key_is_not_a_known_red(change: object) -> None:
    """Changed settings, or a newer release, are tested at once."""
    assert callable(change)
    red = attempt("1.0.0+1", Outcome.RED, ago=timedelta(hours=1))

    decision = decide(change(replace(facts("1.0.0+1"), attempts=(red,))), POLICY, NOW)

    assert decision.code is Code.FIRST_CANONICAL


def test_a_moved_tag_that_was_red_is_tested_again() -> None:
    """The key has the commit: a re-tagged release is another attempt."""
    red = attempt("1.0.0+1", Outcome.RED, ago=timedelta(hours=1))
    other = msgspec.structs.replace(red, key=msgspec.structs.replace(red.key, commit="a" * 40))

    decision = decide(replace(facts("1.0.0+1"), attempts=(other,)), POLICY, NOW)

    assert decision.code is Code.FIRST_CANONICAL


def test_a_record_that_cannot_be_ordered_is_an_error() -> None:
    """Rather no decision than a wrong one."""
    decision = decide(facts("1.0.0+1", proven="latest"), POLICY, NOW)

    assert decision.code is Code.INTERNAL_ERROR
    assert "latest" in decision.sentence
    assert "canon-sweep forget" in decision.sentence


@pytest.mark.parametrize(
    "odd", ["v2.4.8", "1.14.1-rootless_1", "2.0.0", "1.0.1+a b", "1.0.1+caf\xe9", "3.0.0+1+1"]
)
def test_an_ignored_tag_that_looks_newer_is_noted(odd: str) -> None:
    """Perhaps it was meant to be the latest release: the note names both and the reason."""
    decision = decide(facts("1.0.0+1", odd, proven="1.0.0+1"), POLICY, NOW)

    assert decision.code is Code.NO_NEW_VERSION
    (note,) = decision.notes
    assert note.code == "ignored-outranks"
    assert odd in note.text
    assert "1.0.0+1, but is ignored: not " in note.text


def test_many_ignored_tags_are_one_note() -> None:
    """The newest is named and the others are counted, as numbers and not as text."""
    decision = decide(facts("1.0.0+1", "v9.0.0", "v10.0.0", "v0.9.0"), POLICY, NOW)

    assert decision.target is not None
    assert decision.notes[0].text.startswith("v10.0.0 and 1 more would be newer")


@pytest.mark.parametrize(
    "quiet",
    ["1.1.0-rc1+1", "v1.1.0-beta.2", "v1.1.0rc1", "20191109", "2019.11.9", "v0.9.9", "v1.0.0",
     "1.1", "latest", "1.1.0.5"],
)  # fmt: skip
def test_other_ignored_tags_are_no_news(quiet: str) -> None:
    """Pre-releases, dates and old tags are not meant to be the latest release."""
    assert decide(facts("1.0.0+1", quiet), POLICY, NOW).notes == ()


def test_a_release_off_the_branch_that_looks_newer_is_noted() -> None:
    """A release that was cut on another branch is not tested, and that is said."""
    off = releases([tag("1.0.0+1"), tag("2.0.0+1", on_main=False)], RULE)

    decision = decide(replace(facts("1.0.0+1"), releases=off), POLICY, NOW)

    assert [note.code for note in decision.notes] == ["ignored-outranks"]
    assert "not reachable" in decision.notes[0].text


@pytest.mark.parametrize("names", [("1.0.0+1",), ()])
def test_another_head_upstream_is_noted(names: tuple[str, ...]) -> None:
    """Upstream moved on to another branch: whatever the decision, it names the setting."""
    decision = decide(replace(facts(*names), head="trunk"), POLICY, NOW)

    (note,) = decision.notes
    assert note.code == "other-head"
    assert "trunk" in note.text
    assert "set branch" in note.text
    assert decide(replace(facts(*names), head="trunk", branch="trunk"), POLICY, NOW).notes == ()
    assert decide(replace(facts(*names), head="main"), POLICY, NOW).notes == ()


def test_a_branch_that_was_set_is_no_news() -> None:
    """The operator has done what the note asks for, and need not be asked again."""
    chosen = replace(facts("1.0.0+1"), head="trunk", branch="v1", branch_is_set=True)

    assert decide(chosen, POLICY, NOW).notes == ()


def test_notes_are_on_a_held_recipe_too() -> None:
    """A hold silences the test, not what somebody should know."""
    hold = Hold(recipe="notes", reason="moving house", until=NOW + timedelta(days=1))
    held = replace(facts("1.0.0+1", "v2.0.0"), hold=hold, head="trunk")

    decision = decide(held, POLICY, NOW)

    assert decision.code is Code.HELD
    assert [note.code for note in decision.notes] == ["ignored-outranks", "other-head"]


@given(st.text(max_size=250))
def test_no_ignored_tag_is_fatal_or_steers_a_terminal(text: str) -> None:
    """Whatever a tag is called, its note is one plain line."""
    for note in decide(facts("1.0.0+1", f"v9.0.0{text}"), POLICY, NOW).notes:
        assert note.text.isprintable()


@given(st.lists(tags, max_size=6), st.none() | tags)
def test_decide_is_total_and_deterministic(many: list[str], proven: str | None) -> None:
    """Every set of facts has one decision, whatever the order of the tags."""
    one = decide(facts(*many, proven=proven), POLICY, NOW)
    two = decide(facts(*reversed(many), proven=proven), POLICY, NOW)

    assert one.code is two.code
    assert one.sentence
    assert (one.target is not None) == one.code.startswith("test/")


@given(st.lists(tags, max_size=6), st.none() | tags)
def test_decide_is_idempotent_after_promotion(many: list[str], proven: str | None) -> None:
    """What was promoted is not tested again."""
    before = facts(*many, proven=proven)
    target = decide(before, POLICY, NOW).target
    if target is None:
        return

    after: Facts = replace(before, canonical=canonical(target.tag))

    assert decide(after, POLICY, NOW).code is Code.NO_NEW_VERSION


@given(st.lists(tags, max_size=6), tags)
def test_a_target_is_always_newer_than_the_canonical(many: list[str], proven: str) -> None:
    """A canonical never goes back."""
    before = facts(*many, proven=proven)
    target = decide(before, POLICY, NOW).target
    own = before.rule.order(proven)

    assert target is None or target.version > own  # type: ignore[operator]
