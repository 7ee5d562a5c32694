"""What past runs tell of a recipe's bases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from canon_sweep.core.pin import Seen
from canon_sweep.core.result import BrokenBase
from canon_sweep.state.bases import seen

TIERS = [{"tier": "install", "status": "pass"}, {"tier": "upgrade", "status": "pass"}]


def ended(folder: Path, run_id: str, *entries: dict[str, Any], **more: Any) -> None:
    """A run with these lines."""
    (folder / run_id).mkdir(parents=True)
    results = {"schema": 1, "entries": entries} | more
    (folder / run_id / "results.json").write_text(json.dumps(results))


def test_the_newest_run_comes_first_and_what_was_not_tested_tells_nothing(tmp_path: Path) -> None:
    """A skipped recipe has no tiers; a tier of another version of ours is let pass."""
    broken = [{"tag": "1.0.0+1", "reason": "404"}]
    line = {"recipe": "notes", "tag": "1.1.0+1", "tiers": TIERS, "base": None}
    ended(tmp_path, "20260101T000000Z", line | {"base": "0.9.0+1", "broken_bases": broken})
    ended(tmp_path, "20260108T000000Z", {"recipe": "notes", "tiers": []}, {"recipe": "site"})
    ended(tmp_path, "20260115T000000Z", line | {"tiers": [*TIERS, {"tier": "x", "status": "y"}]})

    assert seen(tmp_path) == {
        "notes": (
            Seen(run_id="20260115T000000Z", tag="1.1.0+1", upgraded=True),
            Seen(
                run_id="20260101T000000Z",
                tag="1.1.0+1",
                base="0.9.0+1",
                upgraded=True,
                broken=(BrokenBase(tag="1.0.0+1", reason="404"),),
            ),
        )
    }


def test_results_that_cannot_be_read_tell_nothing(tmp_path: Path) -> None:
    """And cost nothing: others may show the same."""
    good = {"recipe": "notes", "tiers": TIERS, "base": "1.0.0+1"}
    ended(tmp_path, "20260101T000000Z", good)
    ended(tmp_path, "20260102T000000Z", good, schema=2)
    ended(tmp_path, "20260103T000000Z", {"recipe": 3})
    (tmp_path / "20260104T000000Z").mkdir()
    (tmp_path / "20260105T000000Z").mkdir()
    (tmp_path / "20260105T000000Z" / "results.json").write_text("{")

    assert [each.run_id for each in seen(tmp_path)["notes"]] == ["20260101T000000Z"]
    assert seen(tmp_path / "none") == {}


def test_a_run_on_the_canonicals_own_data_tells_nothing(tmp_path: Path) -> None:
    """The canonical was up on what it had: that it comes up from nothing is another thing."""
    line = {"recipe": "notes", "tiers": TIERS, "base": "1.0.0+1"}
    ended(tmp_path, "20260101T000000Z", line)
    ended(tmp_path, "20260102T000000Z", line | {"quick": True})
    # as earlier versions of ours have written it
    reattached = [{"tier": "reattach", "status": "pass"}, TIERS[1]]
    ended(tmp_path, "20260103T000000Z", line | {"tiers": reattached})

    assert [each.run_id for each in seen(tmp_path)["notes"]] == ["20260101T000000Z"]
