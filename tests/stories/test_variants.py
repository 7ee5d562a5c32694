"""What the operator adds to a recipe, by version and by what it is deployed as."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code
from stories.both import compose, said
from stories.fleet import Fleet

SAYS = {"AT": "${AT:-}", "RULE": "${RULE:-}", "OVER": "${OVER:-no}"}

SETTINGS = {
    "env": {"AT": "sandbox.{domain}/{stack}", "RULE": "none"},
    "envRules": [
        {"when": ">= 1.1.0", "env": {"RULE": "first"}},
        {"when": ">= 1.1.0, < 2", "env": {"RULE": "last"}},
    ],
    "upgradeEnv": {"OVER": "yes"},
}


def publish(fleet: Fleet, *tags: str) -> None:
    for tag in tags:
        fleet.commits("notes", tag, {"compose.yml": compose(tag, SAYS)})


def rules(lines: list[str]) -> list[str]:
    """What was said, without the deployment's own names."""
    return [" ".join(word for word in line.split() if not word.startswith("AT=")) for line in lines]


@pytest.mark.usefixtures("settling")
def test_each_version_has_its_own_variables_and_what_is_upgraded_to_some_more(
    anywhere: Fleet,
) -> None:
    """The base by its version, the target by its own; what will be kept is made without them."""
    anywhere.add("notes", **SETTINGS)
    publish(anywhere, "1.0.0+1", "1.1.0+1")

    night = anywhere.sweeps()

    assert night["notes"].outcome is Outcome.PROMOTED
    assert rules(said(anywhere)) == [
        "1.1.0+1 RULE=last OVER=no",  # install
        "1.0.0+1 RULE=none OVER=no",  # the base
        "1.1.0+1 RULE=last OVER=yes",  # over it
        "1.1.0+1 RULE=last OVER=no",  # what is kept, on its own data
    ]


@pytest.mark.usefixtures("settling")
def test_the_names_of_the_deployment_are_those_of_the_canonical_where_it_is_put_up(
    anywhere: Fleet,
) -> None:
    """A second domain that was stored in the data is the same one after a quick run."""
    anywhere.add("notes", **SETTINGS)
    publish(anywhere, "1.0.0+1")
    anywhere.sweeps()
    record = anywhere.canonical("notes")
    at = f"AT=sandbox.{record.domain}/{record.stack}"
    assert said(anywhere) == [f"1.0.0+1 {at} RULE=none OVER=no"] * 1
    publish(anywhere, "1.1.0+1")

    entry = anywhere.tests("notes", quick=True)

    assert entry.outcome is Outcome.PASSED
    assert said(anywhere) == [
        f"1.0.0+1 {at} RULE=none OVER=no",  # as it was made
        f"1.1.0+1 {at} RULE=last OVER=yes",
    ]


@pytest.mark.usefixtures("settling")
def test_a_commit_without_a_version_is_newer_than_every_release(fleet: Fleet) -> None:
    """As it is for its base: what is proposed comes after what is there."""
    fleet.add("notes", **SETTINGS)
    publish(fleet, "1.0.0+1")
    fleet.commits("notes", None, {"compose.yml": compose("untagged", SAYS)})

    entry = fleet.tests("notes", ref="main")

    assert entry.outcome is Outcome.PASSED
    assert [line for line in rules(said(fleet)) if line.startswith("untagged")][:2] == [
        "untagged RULE=first OVER=no",
        "untagged RULE=first OVER=yes",
    ]


@pytest.mark.usefixtures("settling")
def test_a_file_of_the_operators_is_joined_where_it_is_meant_to_be(
    anywhere: Fleet, tmp_path: Path
) -> None:
    """A base that does not come up without is repaired, and what is tested is as published."""
    overlay = {"base": tmp_path / "previous.yml", "target": tmp_path / "more.yml"}
    for role, file in overlay.items():
        file.write_text(json.dumps({"services": {"app": {"environment": {"OVER": role}}}}))
    both = [{"file": str(file), "on": role} for role, file in overlay.items()]
    never = {"file": str(tmp_path / "nowhere.yml"), "when": ">= 9"}
    anywhere.add("notes", overlays=[*both, never])
    publish(anywhere, "1.0.0+1", "1.1.0+1")

    night = anywhere.sweeps()

    assert night["notes"].outcome is Outcome.PROMOTED
    assert [line.rpartition("OVER=")[2] for line in said(anywhere)] == [
        "target", "base", "target"
    ]  # fmt: skip
    quick = anywhere.tests("notes", quick=True)
    assert quick.outcome is Outcome.PASSED
    assert said(anywhere)[0].endswith("OVER=target")


def test_an_overlay_that_cannot_be_used_says_nothing_of_the_recipe(
    fleet: Fleet, tmp_path: Path
) -> None:
    """Infra, before anything is deployed, with the file and the next step; mended, it is tested."""
    file = tmp_path / "more.yml"
    fleet.add("notes", overlays=[{"file": str(file)}])
    publish(fleet, "1.0.0+1")

    entry = fleet.sweeps()["notes"]

    assert entry.outcome is Outcome.INFRA
    assert f"the overlay {file} cannot be used: No such file" in entry.reason
    assert entry.deploys == 0
    file.write_text("services: {app: {image: other}}")
    assert fleet.sweeps()["notes"].outcome is Outcome.PROMOTED


def test_a_known_red_is_tested_again_when_an_overlay_is_changed(
    fleet: Fleet, tmp_path: Path
) -> None:
    """As when any other setting is."""
    file = tmp_path / "more.yml"
    file.write_text('services: {app: {x-canon-sweep: {command: ["sh", "-c", "exit 3"]}}}')
    fleet.add("notes", overlays=[{"file": str(file)}])
    publish(fleet, "1.0.0+1")
    assert fleet.sweeps()["notes"].outcome is Outcome.RED
    assert fleet.sweeps()["notes"].code is Code.KNOWN_RED

    file.write_text("services: {app: {image: other}}")

    assert fleet.sweeps()["notes"].outcome is Outcome.PROMOTED
