"""What a recipe's files say and nobody can follow is in every report."""

from __future__ import annotations

import json

import pytest

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Note
from canon_sweep.job.explain import explain
from stories.fleet import RUNS, Fleet, compose

KEY = {"external": True, "name": "${STACK_NAME}_key_${SECRET_KEY_VERSION}"}
TOLD = [
    ".env.sample, line 2: 'IMAGE nginx' cannot be read: it is not NAME=value",
    "abra.sh, line 1: the export of BUILT is no plain assignment, so BUILT is not read",
    ".env.sample, line 3: SECRET_KEY_VERSION: charset 'klingon' is not known",
]


def files(tag: str, **more: str) -> dict[str, str]:
    """A recipe with a secret."""
    tree = json.loads(compose(RUNS, tag))
    tree["secrets"] = {"key": KEY}
    tree["services"]["app"]["secrets"] = ["key"]
    sample = "TYPE=notes\nSECRET_KEY_VERSION=v1 # length=64 charset=hex\n"
    return {"compose.yml": json.dumps(tree), ".env.sample": sample} | more


@pytest.fixture
def odd(fleet: Fleet) -> Fleet:
    """A good release after which comes one that says strange things."""
    fleet.commits("notes", "1.0.0+1", files("1.0.0+1"))
    strange = {
        ".env.sample": "TYPE=notes\nIMAGE nginx\nSECRET_KEY_VERSION=v1 # charset=klingon\n",
        "abra.sh": "export BUILT=$(date)\n",
    }
    fleet.commits("notes", "1.1.0+1", files("1.1.0+1", **strange))
    return fleet


def unread(notes: tuple[Note, ...]) -> list[str]:
    """The notes' texts, without what is known."""
    return [note.text.split(", so the")[0] for note in notes if note.code == "unread-line"]


def test_a_sweep_tells_it_also_when_nothing_is_new(odd: Fleet) -> None:
    """It stops nothing: the release is tested with what could be read."""
    first = odd.sweeps()["notes"]

    assert first.outcome is Outcome.PROMOTED
    assert unread(first.notes) == TOLD
    assert unread(odd.sweeps()["notes"].notes) == TOLD


def test_a_plan_an_explanation_and_a_test_tell_it(odd: Fleet) -> None:
    """Without a deploy where none was asked for, and of the very commit that was."""
    assert unread(odd.plans()["notes"].notes) == TOLD
    assert unread(explain(odd.settings(), "notes", odd.means()).notes) == TOLD
    assert unread(odd.tests("notes").notes) == TOLD
    assert unread(odd.tests("notes", version="1.0.0+1").notes) == []


def test_files_that_are_understood_are_not_mentioned(fleet: Fleet) -> None:
    """Nor is a release that cannot be read at all: its test says that better."""
    fleet.commits("notes", "1.0.0+1", files("1.0.0+1"))
    fleet.commits("site", "1.0.0+1", {"compose.yml": "services: {app: ["})

    night = fleet.sweeps()

    assert unread(night["notes"].notes) == []
    assert "not YAML" in night["site"].reason
    assert unread(night["site"].notes) == []


def test_a_secret_is_made_as_it_is_asked_for(fleet: Fleet) -> None:
    """Its length, and its letters."""
    fleet.commits("notes", "1.0.0+1", files("1.0.0+1"))

    assert fleet.sweeps()["notes"].outcome is Outcome.PROMOTED

    (name,) = fleet.canonical("notes").secrets
    value = (fleet.folder / "state/local/secrets" / name).read_text()
    assert name.endswith("_key_v1")
    assert len(value) == 64
    assert set(value) <= set("0123456789abcdef")


def test_a_version_that_is_not_set_is_red_by_name(fleet: Fleet) -> None:
    """With the secret, and where to set it."""
    fleet.commits("notes", "1.0.0+1", files("1.0.0+1", **{".env.sample": "TYPE=notes\n"}))

    entry = fleet.sweeps()["notes"]

    assert entry.outcome is Outcome.RED
    assert "secret key has no version: SECRET_KEY_VERSION is not set" in entry.reason
    assert "set it in .env.sample" in entry.reason
