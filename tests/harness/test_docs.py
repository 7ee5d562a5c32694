"""What docs/harness.md shows is what is read."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from canon_sweep.core import ownform
from canon_sweep.core.result import Tier
from canon_sweep.settings.harness import PLACEHOLDERS
from canon_sweep.settings.load import read

TEXT = (Path(__file__).parents[2] / "docs" / "harness.md").read_text()
RECIPES = {"notes": {"upstream": "/srv/notes", "mirror": "/srv/mirror"}}


def blocks() -> list[str]:
    """The indented blocks, without their indent."""
    found = re.findall(r"(?:^    .*\n|^\n)+", TEXT, re.MULTILINE)
    return [re.sub(r"^    ", "", block, flags=re.MULTILINE) for block in found if block.strip()]


def test_the_table_is_a_configuration() -> None:
    """An operator begins with it."""
    table = next(tomllib.loads(block) for block in blocks() if "[harness]" in block.splitlines())

    harness = read({"recipes": RECIPES} | table, "docs/harness.md").harness

    assert harness is not None
    assert harness.result.format == "cc-ci-2"


def test_the_result_is_one() -> None:
    """But for what is said of each key beside it, and the digits that are left out."""
    block = next(block for block in blocks() if '"schema": "canon-sweep-1"' in block)
    result = re.sub(r"(?<=[,}\]])\s{3,}[a-z].*|(?<=\"})\s{3,}\w.*", "", block)

    told = ownform.read(result.encode())

    assert told.kept is not None
    assert told.tiers[1].tier is Tier.UPGRADE
    assert told.base == "2.0.0+v1.5.1"


def test_each_placeholder_is_explained() -> None:
    """And no other is."""
    rows = set(re.findall(r"^\| `\{(\w+)\}` \|", TEXT, re.MULTILINE))

    assert rows == set(PLACEHOLDERS)


def test_each_tier_and_status_is_named() -> None:
    """A harness's author has only this page."""
    assert all(f"`{tier}`" in TEXT for tier in Tier)
