"""A recipe's secret variables: the app has them, and nobody else reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from canon_sweep.core.attempts import Outcome
from stories.both import compose, said
from stories.fleet import Fleet

SECRET = "correct-horse-battery-staple"
SAYS = {"GIVEN": "${PASSWORD:?missing}", "PLAIN": "${PLAIN:-}"}


def secret(fleet: Fleet, text: str = SECRET) -> Path:
    """The recipe notes has its password in a file."""
    file = fleet.folder / "password"
    file.write_text(f"{text}\n")
    fleet.add("notes", envFiles={"PASSWORD": str(file)}, env={"PLAIN": "open"})
    return file


def written(fleet: Fleet) -> list[Path]:
    """The files of runs and of records that have the secret in them."""
    state = fleet.folder / "state"
    kept = [*(state / "runs").rglob("*"), *(state / "canonicals").rglob("*"), *state.glob("*")]
    return [path for path in kept if path.is_file() and SECRET.encode() in path.read_bytes()]


@pytest.mark.usefixtures("settling")
def test_an_app_has_it_and_no_log_and_no_record(anywhere: Fleet) -> None:
    """The app itself says it, and the log has the variable's name."""
    secret(anywhere)
    anywhere.commits("notes", "1.0.0+1", {"compose.yml": compose("1.0.0+1", SAYS)})

    night = anywhere.sweeps()

    assert night["notes"].outcome is Outcome.PROMOTED
    assert said(anywhere) == ["1.0.0+1 GIVEN=[PASSWORD] PLAIN=open"]
    assert written(anywhere) == []


@pytest.mark.usefixtures("settling")
@pytest.mark.parametrize(
    "value",
    [SECRET, f"https://{{domain}}/{SECRET}/{{stack}}"],
    ids=["as it is", "with the deployment's names in it"],
)
def test_what_a_red_quotes_is_hidden_too(anywhere: Fleet, value: str) -> None:
    """A check shows what it has got instead of what it looked for; also where only the log has it.

    Names are filled in, another's in each deployment.
    """
    secret(anywhere, value)
    tells = {"type": "exec", "command": ["sh", "-c", 'echo "got $GIVEN"; exit 1']}
    anywhere.add("notes", checks=[tells])
    anywhere.commits("notes", "1.0.0+1", {"compose.yml": compose("1.0.0+1", SAYS)})

    entry = anywhere.sweeps()["notes"]

    assert entry.outcome is Outcome.RED
    assert "got [PASSWORD]" in entry.reason
    assert written(anywhere) == []


def test_without_its_file_it_is_the_hosts_fault(fleet: Fleet) -> None:
    """Neither red nor promoted, and the line says which file; a plan needs none."""
    secret(fleet).unlink()
    fleet.commits("notes", "1.0.0+1", {"compose.yml": compose("1.0.0+1", SAYS)})

    assert fleet.plans()["notes"].notes == ()
    entry = fleet.sweeps()["notes"]

    assert entry.outcome is Outcome.INFRA
    assert f"envFiles.PASSWORD: {fleet.folder}/password: No such file" in entry.reason
