"""The operator's own compose files."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from canon_sweep.doctor.overlay import overlay_checks
from canon_sweep.settings.load import read
from canon_sweep.settings.recipe import Recipe, recipe_of
from doctor.looking import SERVICE, SOMEBODY, are_clear, outcomes


def recipe(*files: Path) -> Recipe:
    remotes = {"upstream": "file:///a", "mirror": "file:///b"}
    own = remotes | {"overlays": [{"file": str(file)} for file in files]}
    return recipe_of(read({"recipes": {"notes": own}}, "config.toml"), "notes", date(2026, 6, 14))


@pytest.mark.parametrize("content", [None, "services: [", "x" * (1024 * 1024 + 1)])
def test_one_that_no_test_could_use_is_told_before(tmp_path: Path, content: str | None) -> None:
    """Every test would be `infra`."""
    good, bad = tmp_path / "good.yml", tmp_path / "bad.yml"
    good.write_text("services: {}\n")
    if content is not None:
        bad.write_text(content)

    found = list(overlay_checks(recipe(good, bad), SERVICE))

    assert outcomes(found) == {"overlays[1]": "ok", "overlays[2]": "fail"}
    assert str(bad) in found[1].found
    assert are_clear(found)


def test_what_others_may_read_says_nothing_of_the_service(tmp_path: Path) -> None:
    """Nor what they may not."""
    good = tmp_path / "good.yml"
    good.write_text("services: {}\n")

    found = list(overlay_checks(recipe(good, tmp_path / "bad.yml"), SOMEBODY))

    assert {check.outcome for check in found} == {"unknown"}
