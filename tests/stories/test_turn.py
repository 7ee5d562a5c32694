"""What a turn costs in which nothing is to be done."""

from __future__ import annotations

import gc
import socket
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from canon_sweep.forked import forked, say
from canon_sweep.job.run import run_sweep
from canon_sweep.job.wiring import Surroundings
from canon_sweep.mirror.synced import Synced
from canon_sweep.report.records import Entry
from stories.fleet import Fleet, Quiet


@dataclass
class Weighing(Quiet):
    """How many recipes' tags are in memory, as each turn ends; but those of other tests."""

    before: list[Synced]
    at_hand: list[int] = field(default_factory=list)

    @classmethod
    def begun(cls) -> Weighing:
        """What is there by now does not count."""
        return cls(_in_memory())

    def ended(self, entry: Entry) -> None:
        """Count them."""
        known = set(map(id, self.before))
        self.at_hand.append(sum(id(each) not in known for each in _in_memory()))


def _in_memory() -> list[Synced]:
    return [each for each in gc.get_objects() if isinstance(each, Synced)]


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


def test_what_tags_a_recipe_has_goes_with_its_turn_where_nothing_was_to_be_done(
    released: Fleet,
) -> None:
    """A thousand recipes' are many megabytes."""
    assert released.sweeps().results.exit_code == 0
    around, weighing = released.means(), Weighing.begun()
    around = Surroundings(weighing, around.say, around.clock, around.engine)
    assert run_sweep(released.settings(), (), around).noop
    assert weighing.at_hand == [1, 1]
