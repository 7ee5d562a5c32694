"""cc-ci's 21 recipes: its settings are imported, its canonicals adopted, its harness tests.

A stand-in of that harness, a copy of its tree of settings, real git remotes; of a Docker
nothing is there but what it is said to have.
"""

from __future__ import annotations

import shutil
import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from canon_sweep.ccci.fleet import Remotes
from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code
from canon_sweep.core.result import Status, Tier
from canon_sweep.engine.protocol import Engine
from canon_sweep.job.adopt import run_adopt
from canon_sweep.job.import_cc_ci import Wanted, import_cc_ci
from cli.test_import_cc_ci import laid_over
from state.ciwarm import CiWarm
from stories.fleet import Night
from stories.outside import TESTS, OutsideFleet

OLD, NEW = "1.0.0+1", "1.1.0+1"
BEFORE = "20260607T030000Z"

# what a release is like, and stays like
RELEASES = {
    "bluesky-pds": "declared:upgrade",
    "discourse": "red:upgrade",
    "immich": "red:backup",
    "mattermost-lts": "promotion-fails",
}
# how the harness fails on a host where things go wrong, until somebody mends it
FAULTS = {
    "cryptpad": ("cut-short", "and wrote no result to "),
    "custom-html": ("other-recipe", "it is of the recipe 'another'"),
    "drone": ("no-result", "and wrote no result to "),
    "ghost": ("killed", "it was ended by signal 9"),
    "keycloak": ("sigterm", "it was told to stop (exit code 143)"),
    "mumble": ("other-run", "it is of another run, 'another'"),
    "n8n": ("unver:custom", "custom"),
    "plausible": ("touches-tree", "its work tree"),
}
LASUITE = ("lasuite-docs", "lasuite-drive", "lasuite-meet")
# and on the night after, when they can be tested
LATER = {
    "lasuite-docs": ("moves-head", "its work tree"),
    "lasuite-drive": ("bare:upgrade", "upgrade"),
}
# the last of that night; nobody else is tested beside what it leaves up
UNTIDY = "plausible"
LEFT = "plau-abc123_ci_localhost"
# its limit was reached twice in one night: then it is the recipe's own
TOO_SLOW = "matrix-synapse"
# cc-ci tests it and keeps no canonical of it, so that a green one cannot be promoted
NOT_WARM = "uptime-kuma"
# known, and not run again for nothing
STAYING = ("discourse", "immich", "mattermost-lts", TOO_SLOW, NOT_WARM)
# older and newer, where something is said of one of them
TAGS = {"plausible": ("3.0.1+v2.0.0", "3.0.2+v2.0.1")}
# what an import asks of a person who keeps his harness, as in examples/cc-ci.nix
DECISIONS: dict[str, dict[str, Any]] = {
    "bluesky-pds": {"expectedNA": {"upgrade": {"until": "2027-06-01"}}},
    "mailu": {
        "enroll": False,
        "exception": {"reason": "mail store without bound", "until": "2027-03-01"},
    },
    "plausible": {"upgradeBase": {"reason": "3.0.0 never comes up", "until": "2027-01-31"}},
}


@dataclass
class Live:
    """A host's stacks that canon-sweep only looks at; everything else is the engine's own."""

    stacks: set[str] = field(default_factory=set)

    def beside(self, engine: Engine) -> Engine:
        """The engine, on this host."""
        stacks = self.stacks

        class Beside:
            name = engine.name

            def __getattr__(self, attribute: str) -> Any:
                return getattr(engine, attribute)

            def lacks(self, stack: str) -> str:
                return "" if stack in stacks else "it is not there"

        return cast(Engine, Beside())


@dataclass
class Host:
    """cc-ci as it is found: its settings, its canonicals, what is up on it."""

    fleet: OutsideFleet
    warm: CiWarm
    tree: Path
    live: Live

    def imports(self) -> None:
        """The operator takes the settings over, and makes his decisions."""
        remotes = Remotes(*(f"{self.fleet.folder.as_uri()}/{kind}/{{recipe}}.git"
                            for kind in ("upstreams", "mirrors")))  # fmt: skip
        done = import_cc_ci(Wanted(self.tree, remotes))
        assert done.exit_code == 0
        self.fleet.recipes = laid_over(tomllib.loads(done.text)["recipes"], DECISIONS)

    def has(self, recipe: str, tag: str, commit: str) -> None:
        """A canonical that the harness has made, with its volume."""
        volume = f"warm-{recipe}_ci_localhost_data"
        self.warm.promotes(recipe, tag, commit, ts=BEFORE, volumes=(volume,))
        (self.fleet.folder / "state/local/volumes" / volume).mkdir(parents=True)

    def keeps_warm(self, recipe: str) -> None:
        """In cc-ci's own settings."""
        meta = self.tree / "tests" / recipe / "recipe_meta.py"
        meta.write_text(f"{meta.read_text()}WARM_CANONICAL = True\n")


@pytest.fixture
def host(outside: OutsideFleet) -> Host:
    """Two releases of each recipe but one; three canonicals, of which two are whole."""
    tree = outside.folder / "cc-ci"
    shutil.copytree(TESTS / "ccci/fleet", tree)
    outside.uses_ccci(CCCI_REPO=str(tree))
    # what is named so is the stand-in of `Live`: the local engine rests on no stack
    outside.options |= {"engine": "swarm", "domain": "ci.example.org", "retries": 1}
    live = Live({"traefik"})
    outside.wrap = live.beside
    host = Host(outside, CiWarm(outside.warm), tree, live)
    commits: dict[str, str] = {}
    for folder in sorted(tree.glob("tests/*/recipe_meta.py")):
        name = folder.parent.name
        older, newer = TAGS.get(name, (OLD, NEW))
        if name != "custom-html-tiny":
            commits[f"{name} old"] = outside.releases(name, older)
        commits[name] = outside.releases(name, newer, RELEASES.get(name, "green"))
    outside.plans_behaviour(
        **{name: words for name, (words, _) in FAULTS.items()}, **{TOO_SLOW: "deadline"}
    )
    host.has("gitea", OLD, commits["gitea old"])
    host.has("hedgedoc", NEW, commits["hedgedoc"])
    # a record that names what main was at
    host.has("custom-html", NEW, outside.releases("custom-html", None))
    host.imports()
    return host


def outcomes(night: Night, recipes: Iterable[str]) -> set[Outcome | None]:
    """How the tests of some recipes ended."""
    return {night[recipe].outcome for recipe in recipes}


def test_a_whole_sweep_of_the_fleet_and_then_a_noop(host: Host) -> None:
    """Promotions, reds, what is not to be tested, each fault of the host's; then nothing at all."""
    fleet = host.fleet
    assert len(fleet.recipes) == 21

    _what_is_whole_is_adopted(host)
    _everything_happens_on_the_first_night(host, fleet.sweeps())
    _faults_are_tried_again(host)
    _the_rest_when_all_is_mended(host)
    before = host.warm.content
    again = fleet.sweeps()

    assert again.results.noop, again.results.totals
    assert again.results.exit_code == 0
    assert {again[recipe].code for recipe in STAYING} == {Code.KNOWN_RED}
    assert host.warm.content == before
    assert fleet.running() == ()


def test_what_the_harness_does_not_enrol_is_promoted_once_it_does(host: Host) -> None:
    """Its green was no promotion; with the flag in cc-ci's own settings it is one."""
    fleet = host.fleet
    entry = fleet.sweeps(NOT_WARM)[NOT_WARM]
    assert entry.outcome is Outcome.PROMOTE_FAILED
    assert "canonical.json is not there" in entry.reason

    host.keeps_warm(NOT_WARM)
    entry = fleet.sweeps(NOT_WARM, retry=True)[NOT_WARM]

    assert entry.outcome is Outcome.PROMOTED
    (finding,) = (each for each in fleet.verifies() if each.recipe == NOT_WARM)
    assert finding.problems == ()


def _what_is_whole_is_adopted(host: Host) -> None:
    took = run_adopt(host.fleet.settings(), (), host.fleet.means(), dry_run=False)

    assert {each.recipe: each.outcome for each in took.canonicals} == {
        "custom-html": "not-adopted",
        "gitea": "adopted",
        "hedgedoc": "adopted",
    }


def _everything_happens_on_the_first_night(host: Host, night: Night) -> None:
    assert Counter(str(entry.outcome or entry.code) for entry in night.results.entries) == {
        Outcome.PROMOTED: 3,
        Outcome.RED: 3,
        Outcome.INFRA: 11,
        Outcome.PROMOTE_FAILED: 2,
        Code.NO_NEW_VERSION: 1,
        Code.EXCEPTED: 1,
    }
    assert night.results.exit_code == 1
    _the_sound_ones_are_promoted(night)
    _reds_were_red_twice(host, night)
    _a_fault_of_the_host_is_told_as_one(night)


def _the_sound_ones_are_promoted(night: Night) -> None:
    """From an adopted base, without one, and with an upgrade that there cannot be."""
    assert night["gitea"].outcome is Outcome.PROMOTED
    assert night["gitea"].code is Code.NEW_RELEASE
    assert night["hedgedoc"].adopted
    reasons = {
        "bluesky-pds": "upgrade is declared N/A",
        "custom-html-tiny": "only one published version",
    }
    for recipe, reason in reasons.items():
        (upgrade,) = (tier for tier in night[recipe].tiers if tier.tier is Tier.UPGRADE)
        assert (upgrade.status, upgrade.reason) == (Status.NA, reason)
        assert night[recipe].outcome is Outcome.PROMOTED


def _reds_were_red_twice(host: Host, night: Night) -> None:
    """Tried once more, alone, and nothing of theirs is kept."""
    assert night["discourse"].reason.startswith("upgrade: ")
    assert night["immich"].reason.startswith("backup: ")
    assert "deadline" in night[TOO_SLOW].reason
    for recipe in ("discourse", "immich", TOO_SLOW):
        assert night[recipe].outcome is Outcome.RED
        assert not (host.warm.folder / recipe).exists()


def _a_fault_of_the_host_is_told_as_one(night: Night) -> None:
    """Each way in which that harness can fail; and a stack that others rest on."""
    for recipe, (_, cause) in FAULTS.items():
        assert night[recipe].outcome is Outcome.INFRA, recipe
        assert cause in night[recipe].reason
    for recipe in LASUITE:
        assert night[recipe].outcome is Outcome.INFRA
        assert "needs the stack keycloak, and it is not there" in night[recipe].reason


def _faults_are_tried_again(host: Host) -> None:
    """The next time, without anybody's doing; and what is left up stops the ones after it."""
    fleet = host.fleet
    host.live.stacks.add("keycloak")
    fleet.plans_behaviour(**{UNTIDY: "stack-left"}, **{n: words for n, (words, _) in LATER.items()})

    night, beside = fleet.sweeps(), fleet.sweeps()

    assert outcomes(night, {*FAULTS, *LASUITE} - LATER.keys()) == {Outcome.PROMOTED}
    assert night.results.totals.tested == len(FAULTS) + len(LASUITE)
    for recipe, (_, cause) in LATER.items():
        assert night[recipe].outcome is Outcome.INFRA
        assert cause in night[recipe].reason
    assert any(LEFT in problem for problem in night.results.problems)
    assert all(LEFT in beside[recipe].reason for recipe in LATER)
    assert beside.results.exit_code == 1


def _the_rest_when_all_is_mended(host: Host) -> None:
    fleet = host.fleet
    (fleet.folder / "state/local/stacks" / LEFT).rmdir()
    fleet.plans_behaviour()

    night = fleet.sweeps()

    assert outcomes(night, LATER) == {Outcome.PROMOTED}
    assert night.results.totals.tested == len(LATER)
    found = [each for each in fleet.verifies() if each.recipe != "-"]
    assert [each.recipe for each in found if each.problems] == []
