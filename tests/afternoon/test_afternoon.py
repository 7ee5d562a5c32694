"""docs/cc-ci.md is run from top to bottom, and shows what comes out."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from afternoon.cc_ci_host import CcCiHost
from afternoon.document import Changed, Step, Typed, Written, same, steps

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "cc-ci.md").read_text()


def test_every_command_does_what_the_document_shows(tmp_path: Path) -> None:
    """In a folder with a small tree of cc-ci's: its settings, its canonicals, its harness."""
    host = CcCiHost(tmp_path)
    host.found()

    for step, following in pairwise([*steps(TEXT), None]):
        match step:
            case Typed(command, shown):
                came = host.types(command)
                assert same(shown, came), f"$ {command}\n{came}"
                assert asks(following) == (host.last != 0), f"$ {command}\n{came}"
            case Written(path, text):
                host.writes(path, text)
            case Changed(path):
                host.writes(path, step.apply(host.read(path)))


def asks(step: Step | None) -> bool:
    """Whether the exit code of what was typed before is shown, as that of what fails has to be."""
    return isinstance(step, Typed) and step.command == "echo $?"


@pytest.mark.parametrize(
    "command",
    [
        "import-cc-ci /srv/cc-ci .*",
        "check --config .*",
        "adopt --dry-run",
        "adopt",
        "plan",
        "run",
        "run --assert-noop",
        "status",
        "verify",
        "overrides",
        "pins",
        "pins --check",
        "test plausible --ref main --without-pin",
    ],
)
def test_the_changeover_is_whole(command: str) -> None:
    """Each command that it takes is among those that are run."""
    words = [step.command for step in steps(TEXT) if isinstance(step, Typed)]

    assert any(re.fullmatch(rf"(sudo )?canon-sweep {command}", each) for each in words)


def test_the_options_of_the_host_are_some() -> None:
    """What is said in Nix, which is not run here, are options of the module."""
    options = set(
        re.findall(r"^## `services\.canon-sweep\.(\w+)", (DOCS / "options.md").read_text(), re.M)
    )
    (block,) = re.findall(r"^services\.canon-sweep = \{\n(.*?)^\};", TEXT, re.M | re.DOTALL)

    assert set(re.findall(r"^  (\w+)", block, re.M)) <= options


@pytest.mark.parametrize(
    ("shown", "came", "is_same"),
    [
        ("a … c", "a b c\n", True),
        ("a … c", "a c", False),
        ("a … c", "a b b c", False),
        ("run …Z: x", "run 20260614T030000Z: x", True),
        ("a b\nc", "a\nb c", True),
        ("a\n…\nd", "a\nb\nc\nd\n", True),
        ("a\n…\nd", "a\nd", True),
        ("a\n…\nd", "a\nb\nc\n", False),
        ("", "said", False),
        ("a.c", "abc", False),
    ],
)
def test_what_an_ellipsis_stands_for(shown: str, came: str, *, is_same: bool) -> None:
    """One word, or any lines where it has its own."""
    assert same(shown, came) is is_same
