"""Two people, or a person and a timer, at the same moment: each pair of the commands that act."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import combinations_with_replacement

import pytest

from canon_sweep.core.decision import Code
from soak.weeks import PROGRAM, settings
from stories.fleet import Fleet

pytestmark = pytest.mark.long

COMMANDS = {
    "run": ["run"],
    "resume": ["run", "--resume"],
    "test": ["test", "notes"],
    "quick": ["test", "notes", "--quick"],
    "prune": ["prune"],
    "hold": ["hold", "wiki", "--reason", "the operator looks at it", "--for", "1d"],
    "recover": ["recover"],
}
PAIRS = list(combinations_with_replacement(COMMANDS, 2))
# whoever only notes something has not to wait for those who act
NEVER_DEFERRED = ("hold",)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    """Two recipes with a canonical each; the settings are a file for the command line."""
    fleet = Fleet(tmp_path_factory.mktemp("together"))
    for recipe in ("notes", "wiki"):
        fleet.publishes(recipe, "1.0.0+1")
    (fleet.folder / "config.toml").write_text(settings(fleet))
    done = began(fleet, ["run"])
    assert done.wait() == 0, done.communicate()
    return fleet


def began(fleet: Fleet, words: list[str]) -> subprocess.Popen[str]:
    """A command, begun."""
    command = [sys.executable, "-c", PROGRAM, *words, "--config", f"{fleet.folder}/config.toml"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize(("one", "other"), PAIRS, ids=["-".join(pair) for pair in PAIRS])
def test_each_does_its_whole_job_or_says_that_it_is_deferred(
    fleet: Fleet, one: str, other: str
) -> None:
    """Whoever comes second; nothing is left by either, and every canonical is whole."""
    before = fleet.bytes_of("notes", "wiki")

    both = [began(fleet, COMMANDS[name]) for name in (one, other)]
    told = [process.communicate(timeout=60) for process in both]

    codes = [process.returncode for process in both]
    for name, code, (out, err) in zip((one, other), codes, told, strict=True):
        assert code in ((0,) if name in NEVER_DEFERRED else (0, 75)), (name, code, out, err)
        if code == 75:
            assert "at work" in err, err
    assert 0 in codes
    # a test of the latest release is a promotion: the canonical is made anew
    assert "test" in (one, other) or fleet.bytes_of("notes", "wiki") == before
    assert fleet.running() == ()
    assert fleet.state().journal.entries() == ()
    kept = {volume.name for name in ("notes", "wiki") for volume in fleet.canonical(name).volumes}
    assert fleet.volumes() == kept
    assert _ended(fleet, "verify") == 0
    if "hold" in (one, other):
        assert fleet.plans()["wiki"].code is Code.HELD
        assert _ended(fleet, "unhold", "wiki") == 0


def _ended(fleet: Fleet, *words: str) -> int:
    process = began(fleet, list(words))
    out, err = process.communicate()
    os.write(2, (out + err).encode())
    return process.returncode
