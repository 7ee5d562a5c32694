"""How a stand-in of a harness is to behave, as a test has chosen it.

A word is in the file ``ci`` of the recipe's tree, so that a release brings its own; or in the
JSON object that ``STANDIN_PLAN`` names, by recipe, which comes first.  A word may have an
argument: ``red:upgrade``.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

GREEN = "green"


class Behaviour(NamedTuple):
    """One word, and what comes after its colon."""

    word: str
    argument: str = ""


def chosen(recipe: str, tree: Path) -> Behaviour:
    """What the test has chosen; green if it has not."""
    plan = os.environ.get("STANDIN_PLAN")
    planned = json.loads(Path(plan).read_text()).get(recipe) if plan else None
    file = tree / "ci"
    text = planned or (file.read_text().strip() if file.is_file() else "") or GREEN
    word, _, argument = text.partition(":")
    return Behaviour(word, argument)


def acts(behaviour: Behaviour, tree: Path) -> None:
    """What is done before there is any result; some of it does not return."""
    match behaviour.word:
        case "deadline":
            _goes_over(tree, behaviour.argument)
        case "sigterm":
            sys.exit(143)
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "no-result":
            sys.exit(0)
        case "hangs":
            print("hanging", flush=True)
            signal.pause()
        case "touches-tree":
            (tree / "left-behind").write_text("of the harness\n")
        case "moves-head":
            head = tree / ".git" / "HEAD"
            head.write_text("ref: refs/heads/elsewhere\n")
        case "escapes":
            # in a session of its own, as a daemon would be
            child = subprocess.Popen(["sleep", "1000"], start_new_session=True)
            print(f"escaped {child.pid}", flush=True)


def _goes_over(tree: Path, file: str) -> None:
    """End at its own deadline; meanwhile somebody else may have put a file into its tree."""
    if file:
        (tree / file).write_text("of somebody else\n")
    sys.exit(142)
