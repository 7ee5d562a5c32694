"""What a turn costs in which nothing is to be done."""

from __future__ import annotations

import socket
import sys
from collections import Counter
from pathlib import Path

import msgspec

from canon_sweep.forked import forked, say
from stories.fleet import Fleet


def opened(fleet: Fleet, recipe: str) -> dict[str, int]:
    """How often a no-op sweep opens each file of a recipe's own."""
    own = {recipe, f"{recipe}.git"}

    def sweep(line: socket.socket) -> None:
        found: Counter[str] = Counter()

        def watch(event: str, arguments: tuple[object, ...]) -> None:
            if event == "open" and isinstance(arguments[0], (str, Path)):
                path = Path(arguments[0])
                if path.parent.name in own or path.name == f"{recipe}.log":
                    found[path.name] += 1

        # an audit hook cannot be taken away again: only in a child that ends here
        sys.addaudithook(watch)
        assert fleet.sweeps().results.noop
        say(line, msgspec.json.encode(found))

    child = forked(sweep)
    try:
        told = child.hear()
        assert told is not None, "the sweep went wrong"
        return msgspec.json.decode(next(told), type=dict[str, int])
    finally:
        child.end()


def test_a_recipe_with_nothing_to_do_is_read_once_where_nobody_writes_meanwhile(
    released: Fleet,
) -> None:
    """Its record when the run begins, and in its turn before, at and after the decision.

    What the last sync saw is read for the question, and for the answer, which comes later.
    """
    # in place: what a copy's last sync saw is of other remotes
    assert released.sweeps().results.exit_code == 0

    assert opened(released, "notes") == {
        "canonical.json": 4,
        "history.jsonl": 1,
        "canon-sweep-synced": 2,
        "canon-sweep-notes": 1,
        "notes.log": 1,
    }
