"""Weeks of faults, then a clean one: canonicals whole, nothing left over, all of it told."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from canon_sweep.core.attempts import Outcome
from host import own_disk
from soak.weeks import RECIPES, Soak
from stories.fleet import Fleet


@pytest.mark.host
@pytest.mark.long
def test_after_weeks_of_faults_one_clean_sweep_makes_all_well(
    tmp_path: Path, pytestconfig: pytest.Config, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever befell them; the seed is printed, and makes the same weeks again."""
    sweeps = pytestconfig.getoption("--soak")
    seed = pytestconfig.getoption("--seed") or secrets.randbelow(10**6)
    state = tmp_path / "state"
    state.mkdir()
    with own_disk(state, "size=24m"):
        _soak(Soak(Fleet(tmp_path), seed), sweeps, capsys)


def _soak(soak: Soak, sweeps: int, capsys: pytest.CaptureFixture[str]) -> None:
    fleet = soak.fleet
    told = {}
    for number, week in enumerate(soak.run(sweeps)):
        with capsys.disabled():
            print(f"seed {soak.seed} week {number} {week.fault}: {week.code}")
        if "Traceback" in week.said or "a bug in canon-sweep" in week.said:
            pytest.fail(f"seed {soak.seed}: {week.said}\n{soak.logs()}")
        assert week.code in (0, 1, 75, -9), (soak.seed, week)
        if week.fault == "build in flight":
            assert week.results is not None
            # from the third week running on it is wrong, too
            assert week.code in (1, 75)
            assert {entry["code"] for entry in week.results["entries"]} == {"deferred/in-flight"}
        if week.results is not None:
            assert {entry["recipe"] for entry in week.results["entries"]} == set(RECIPES)
            told[week.results["run_id"]] = week.results

    last = soak.ends()

    assert last.results is not None, last
    assert last.code == (1 if soak.bad else 0), (soak.seed, last)
    for recipe in RECIPES:
        # a good release that a bad one followed before any sweep got to it is nobody's
        if recipe not in soak.bad:
            assert fleet.canonical(recipe).tag == soak.good[recipe], (soak.seed, recipe)
    verified = soak.verify()
    assert verified.returncode == 0, (soak.seed, verified.stdout)
    kept = {volume.name for recipe in RECIPES for volume in fleet.canonical(recipe).volumes}
    assert fleet.volumes() == kept
    assert fleet.running() == ()
    assert fleet.state().journal.entries() == ()
    assert fleet.state().waiting.due() == {}
    pruned = soak.prune()
    assert (pruned.returncode, pruned.stdout) == (0, "0 to be removed\n"), (soak.seed, pruned)
    _is_told(soak, told)


def _is_told(soak: Soak, told: dict[str, dict[str, object]]) -> None:
    """Each outcome of each run is a line of the ledger, and each promotion, of killed ones too."""
    state = soak.fleet.state()
    lines = state.ledger.index().all
    promoted = {(a.key.recipe, a.key.tag) for a in lines if a.outcome is Outcome.PROMOTED}
    kept = {(recipe, e.tag) for recipe in RECIPES for e in state.canonicals.history(recipe)}
    assert promoted == kept, soak.seed
    written = {(attempt.run_id, attempt.key.recipe, attempt.outcome) for attempt in lines}
    for run, results in told.items():
        entries = results["entries"]
        assert isinstance(entries, list)
        for entry in entries:
            if entry["outcome"]:
                assert (run, entry["recipe"], entry["outcome"]) in written, (soak.seed, run, entry)
