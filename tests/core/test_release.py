"""Which tags are releases."""

from __future__ import annotations

from canon_sweep.core.release import Tag, releases
from canon_sweep.core.version import TagRule
from core.examples import RULE, commit_of, known, tag, version


def test_a_release_is_a_version_on_main_that_leads_to_a_commit() -> None:
    """Everything else is ignored, each with its reason, and nothing is fatal."""
    found = releases(
        [
            tag("2.0.0+1"),
            tag("1.0.0+1"),
            tag("3.0.0+1", on_main=False),
            tag("4.0.0+1", commit=None, on_main=False),
            tag("v9"),
        ],
        RULE,
    )

    assert [release.tag for release in found.known] == ["1.0.0+1", "2.0.0+1"]
    assert found.latest is not None
    assert found.latest.commit == commit_of("2.0.0+1")
    reasons = {ignored.tag: ignored.reason for ignored in found.ignored}
    assert "main" in reasons["3.0.0+1"]
    assert "commit" in reasons["4.0.0+1"]
    assert "form" in reasons["v9"]


def test_a_tag_with_a_problem_is_no_release_whatever_it_looks_like() -> None:
    """What is shown of an odd name may look like a version; it is not what the tag is called."""
    odd = Tag("9.0.0+1", "f" * 40, None, on_main=False, problem="its name cannot be shown")

    found = releases([tag("1.0.0+1"), odd], TagRule(pattern="(?P<version>.*)[+].*"))

    assert [release.tag for release in found.known] == ["1.0.0+1"]
    assert [(entry.tag, entry.reason) for entry in found.ignored] == [
        ("9.0.0+1", "its name cannot be shown")
    ]


def test_no_tags_no_latest() -> None:
    """A recipe that was never released has no latest release."""
    assert known().latest is None
    assert known("v1").latest is None


def test_older_releases_come_newest_first_and_strictly_older() -> None:
    """A version is never older than itself."""
    older = known("1.0.0+1", "1.1.0+1", "2.0.0+1").older_than(version("2.0.0+1"))

    assert [release.tag for release in older] == ["1.1.0+1", "1.0.0+1"]
