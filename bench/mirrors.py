"""What a sweep that has nothing to do takes: beside its floor, and beside git's own commands.

The floor is what the wire allows: the same advertisements, read by pygit2 in eight threads.
The loop is a line of shell, `git ls-remote` of one remote after another.  All are measured in
turns, in one run, and compared within each round: a machine on which others work is slower
for all of them.  Real servers, real runs of the program; each of them has to be the no-op that
it is taken for, or this fails.  Whether the goals are met is said, and is no failure.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from wire.drawing import drawing
from wire.measuring import Measured, Measuring
from wire.plan import QUICK, WHOLE, Plan
from wire.series import WrongError
from wire.table import listed, quiet, table


def measured(plan: Plan) -> Measured:
    """Measure it all, and say on stderr what is done."""
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="bench-mirrors-") as folder,
        Measuring.of(plan, Path(folder)) as measuring,
    ):
        for done in measuring.all():
            print(f"{time.monotonic() - began:5.0f} s  {done}", file=sys.stderr, flush=True)
        return measuring.found


def main() -> None:
    """Print the table and the goals, and draw the table if that is wanted."""
    words = argparse.ArgumentParser(description="what a no-op sweep takes, beside its floor")
    words.add_argument("--quick", action="store_true", help="less of everything, in two minutes")
    words.add_argument("--recipes", type=int, nargs="+", metavar="N", help="of so many alone")
    words.add_argument("--draw", type=Path, metavar="FILE", help="draw the table as an SVG")
    given = words.parse_args()
    plan = QUICK if given.quick else WHOLE
    try:
        found = measured(plan.only(given.recipes) if given.recipes else plan)
    except WrongError as error:
        sys.exit(f"bench/mirrors.py: {error}")
    print(table(found.rows))
    print(f"{quiet(found.rows)}\n")
    print(listed(found.goals()))
    if given.draw:
        given.draw.write_text(drawing(found.rows))


if __name__ == "__main__":
    main()
