"""`adopt`, and what the other commands say of canonicals that a harness keeps by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from canon_sweep.settings.load import load
from canon_sweep.state.store import State
from cli.test_commands import config
from cli.test_state_commands import Host
from state.ciwarm import CiWarm
from stories.outside import OutsideFleet

TAG = "1.0.0+1"


@pytest.fixture
def outside(tmp_path: Path) -> OutsideFleet:
    """An empty fleet for outside harnesses."""
    return OutsideFleet(tmp_path)


@pytest.fixture
def warm(outside: OutsideFleet) -> CiWarm:
    """One canonical that is whole, one whose commit is not its tag's, one of no recipe here."""
    outside.uses_ccci()
    warm = CiWarm(outside.warm)
    warm.promotes("notes", TAG, outside.releases("notes", TAG))
    outside.releases("mail", TAG)
    warm.promotes("mail", TAG, outside.releases("mail", None))
    warm.promotes("gone", TAG, "a" * 40)
    return warm


@pytest.fixture
def host(outside: OutsideFleet, warm: CiWarm) -> Host:
    """The host that has it."""
    path = config(outside)
    return Host(path, State.of(load(path)))


def row(host: Host, recipe: str, *words: str) -> dict[str, object]:
    """What a command reports of a recipe."""
    found = host.reports(*words)
    rows = found.get("canonicals") or found["recipes"]
    return next(each for each in rows if each["recipe"] == recipe)


def test_each_canonical_is_told_and_the_whole_ones_are_followed(host: Host, warm: CiWarm) -> None:
    """Exit 1, as some cannot be; what can be is adopted all the same."""
    before = warm.content

    code, text = host.call("adopt")

    assert code == 1
    assert "adopted" in next(line for line in text.splitlines() if line.startswith("notes"))
    assert "1 canonical adopted, 2 not adopted" in text
    assert row(host, "notes", "adopt")["outcome"] == "already-adopted"
    mail, gone = row(host, "mail", "adopt"), row(host, "gone", "adopt")
    assert (mail["outcome"], gone["outcome"]) == ("not-adopted", "not-adopted")
    assert f"is not that of {TAG}" in str(mail["why"])
    assert "the configuration does not have this recipe" in str(gone["why"])
    assert [part["state"] for part in mail["parts"]] == [  # type: ignore[attr-defined]
        "holds", "differs", "holds", "holds", "holds",
    ]  # fmt: skip
    assert warm.content == before


def test_a_dry_run_writes_nothing(host: Host) -> None:
    """Not even our own marker."""
    code, text = host.call("adopt", "--dry-run", "notes")

    assert (code, row(host, "notes", "adopt", "--dry-run")["outcome"]) == (0, "adopted")
    assert "1 canonical to be adopted" in text
    assert not (host.state.folder / "adopted.json").exists()


def test_adopted_is_said_wherever_the_canonical_is(host: Host) -> None:
    """Status, history, explain and verify; a record that nobody has adopted is none."""
    assert host.call("adopt", "notes")[0] == 0

    status, mail = row(host, "notes", "status"), row(host, "mail", "status")
    (line,) = (line for line in host.call("status")[1].splitlines() if line.startswith("notes"))
    history = host.reports("history", "notes")

    assert (status["canonical"], status["adopted"]) == (TAG, True)
    assert (mail["canonical"], mail["adopted"]) == ("", False)
    assert line.split()[:4] == ["notes", TAG, "2026-06-14", "adopted"]
    assert history["adopted"]["version"] == TAG
    assert "taken over from another tool" in " ".join(host.call("history", "notes")[1].split())
    assert f"canonical  {TAG} (adopted)" in host.call("explain", "notes")[1]
    code, text = host.call("verify")
    assert code == 0, text
    told = " ".join(text.split())
    held = "holds: canonical.json, tag, last_good, snapshot, volumes (the snapshot names none)"
    assert f"{held}; adopted on" in told
    assert f"another tool's record of {TAG}" in told


def test_a_time_that_is_none_is_said_and_costs_nothing(host: Host, warm: CiWarm) -> None:
    """The release is known all the same."""
    warm.changes("notes", "canonical.json", ts="soon")

    notes = row(host, "notes", "adopt", "notes")

    assert notes["outcome"] == "adopted"
    assert "canonical.json holds (its ts 'soon' is no moment)" in str(notes["why"])
    assert "(its ts 'soon' is no moment)" in " ".join(host.call("verify")[1].split())


def test_a_recipe_that_is_none_is_a_usage_error(host: Host) -> None:
    """Nothing is looked at."""
    code, text = host.call("adopt", "nobody")

    assert code == 2
    assert "there is no recipe 'nobody'" in text


def test_a_folder_without_any_canonical_is_not_silent(host: Host, warm: CiWarm) -> None:
    """A disk that is not mounted would look so."""
    warm.folder.rename(warm.folder.with_name("elsewhere"))

    code, text = host.call("adopt")

    assert code == 1
    assert f"error: there is no canonical in {warm.folder}" in text


def test_another_tools_folder_is_not_for_our_own_engines(host: Host, outside: OutsideFleet) -> None:
    """One line with the folder, what was found there, and both ways out; whatever is asked."""
    del outside.options["harness"]
    config(outside)

    for words in (["status"], ["history", "notes"], ["plan"], ["verify"], ["adopt"], ["prune"]):
        code, text = host.call(*words)
        assert code == 2
        (line,) = text.splitlines()
        assert (
            f"canonicalsDir {outside.warm} has another tool's canonicals (gone/last_good)" in line
        )
        assert "harness.promotes = true" in line
