"""What an upgrade starts from."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from canon_sweep.core.base import Bases, bases, upgrade_na
from canon_sweep.core.decision import decide
from canon_sweep.core.release import Releases, releases
from core.examples import NOW, POLICY, RULE, canonical, commit_of, facts, known, tag, version
from core.test_version import tags

TAGS = ("1.0.0+1", "1.1.0+1", "2.0.0+1", "2.1.0+1")


def found(under_test: str | None, proven: str | None, **options: object) -> Bases:
    return bases(
        version(under_test) if under_test else None,
        canonical(proven) if proven else None,
        known(*TAGS),
        RULE,
        depth=int(str(options.get("depth", 3))),
        pin=str(options["pin"]) if "pin" in options else None,
        commit=str(options.get("commit", "")),
    )


def names(answer: Bases) -> list[str]:
    return [base.tag for base in answer.candidates]


def test_the_canonical_comes_first_then_older_releases() -> None:
    """A base that does not come up is followed by the next older one, not by a newer one."""
    answer = found("2.1.0+1", "1.1.0+1")

    assert names(answer) == ["1.1.0+1", "1.0.0+1"]
    assert answer.candidates[0].origin == "canonical"


def test_without_a_canonical_the_newest_older_release() -> None:
    """The first canonical is upgraded to from the release before it."""
    assert names(found("2.1.0+1", None)) == ["2.0.0+1", "1.1.0+1", "1.0.0+1"]


def test_at_most_base_depth() -> None:
    """A recipe with a long past does not test all of it."""
    assert names(found("2.1.0+1", None, depth=2)) == ["2.0.0+1", "1.1.0+1"]


def test_the_same_version_steps_back() -> None:
    """A pull request with the canonical's own version label upgrades from the one before."""
    answer = found("2.0.0+1", "2.0.0+1")

    assert names(answer) == ["1.1.0+1", "1.0.0+1"]
    assert answer.stepped_back


def test_a_canonical_that_is_newer_is_no_base() -> None:
    """Testing an old release never downgrades to it."""
    assert names(found("1.1.0+1", "2.1.0+1")) == ["1.0.0+1"]


def test_the_first_release_has_no_base() -> None:
    """Nothing is older than the first release: the upgrade is N/A by itself, and says why."""
    answer = found("1.0.0+1", None)

    assert answer.candidates == ()
    assert upgrade_na(answer, None) == "there is no older release to upgrade from"


def test_a_declared_reason_wins() -> None:
    """What the operator wrote stands, with or without bases."""
    assert upgrade_na(found("1.0.0+1", None), "not here") == "not here"
    assert upgrade_na(found("2.1.0+1", None), "not here") == "not here"


def test_a_base_is_a_reason_to_upgrade() -> None:
    """The second release is covered without anybody's doing."""
    assert upgrade_na(found("1.1.0+1", None), None) is None


def same_commit(*names: str) -> Releases:
    """Releases that are all one commit, the one under test."""
    return releases([tag(name, commit="a" * 40) for name in names], RULE)


def test_the_very_commit_under_test_is_no_base() -> None:
    """A commit that was tagged again changes nothing in an upgrade from itself."""
    many = releases([tag("1.0.0+1"), *(tag(n, commit="a" * 40) for n in TAGS[1:])], RULE)

    answer = bases(
        version("2.1.0+1"), canonical("2.0.0+1", commit="a" * 40), many, RULE, depth=3,
        pin="1.1.0+1", commit="a" * 40,
    )  # fmt: skip

    assert names(answer) == ["1.0.0+1"]
    assert answer.pin_problem == "upgradeBase 1.1.0+1 is the very commit under test"


def test_older_releases_of_the_same_commit_only() -> None:
    """Nothing is left to upgrade from, and the reason is another one."""
    for proven in (None, canonical("1.0.0+1", commit="a" * 40)):
        answer = bases(
            version("2.0.0+1"), proven, same_commit("1.0.0+1", "2.0.0+1"), RULE, depth=3,
            commit="a" * 40,
        )  # fmt: skip

        assert answer.candidates == ()
        assert upgrade_na(answer, None) == "every older release is the same commit"


def test_a_pin_that_cannot_be_used_leaves_the_canonical() -> None:
    """A stale pin is told, and costs no more than itself."""
    answer = found("2.1.0+1", "1.1.0+1", pin="2.0.0+1", commit=commit_of("2.0.0+1"))

    assert names(answer) == ["1.1.0+1", "1.0.0+1"]
    assert answer.candidates[0].origin == "canonical"
    assert "very commit" in answer.pin_problem


def test_a_pin_goes_before_the_canonical() -> None:
    """An operator's upgradeBase is tried first, if it is older."""
    answer = found("2.1.0+1", "2.0.0+1", pin="1.1.0+1")

    assert names(answer) == ["1.1.0+1", "1.0.0+1"]
    assert answer.candidates[0].origin == "pin"
    assert names(found("1.1.0+1", None, pin="2.0.0+1")) == ["1.0.0+1"]


def test_a_commit_without_a_version_starts_from_the_canonical() -> None:
    """A branch without a version label is taken for newer than everything."""
    assert names(found(None, "2.0.0+1")) == ["2.0.0+1", "1.1.0+1", "1.0.0+1"]
    assert not found(None, "2.0.0+1").stepped_back


@given(st.lists(tags, max_size=6), st.none() | tags, st.none() | tags)
def test_in_a_sweep_the_base_is_strictly_older(
    many: list[str], proven: str | None, pin: str | None
) -> None:
    """Same-version upgrades are impossible by construction."""
    before = facts(*many, proven=proven)
    target = decide(before, POLICY, NOW).target
    if target is None:
        return

    answer = bases(
        target.version, before.canonical, before.releases, before.rule, depth=3, pin=pin,
        commit=target.commit,
    )  # fmt: skip

    assert all(base.version < target.version for base in answer.candidates)
    assert all(base.commit != target.commit for base in answer.candidates)
    assert bool(answer.candidates) == (not answer.none_reason)
    assert not answer.stepped_back
