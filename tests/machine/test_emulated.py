"""What only a computer of its own can show: its clock passes weeks, and its power goes."""

from __future__ import annotations

from datetime import datetime

import pytest

from machine.emulated import Emulated
from machine.local_stories import is_whole, local_day
from stories.crash import JOURNAL, PROMOTION, is_stopped

pytestmark = pytest.mark.machine

# it begins on Saturday, the second
MONDAY_WEEK = datetime(2027, 1, 11, 12)


def test_weeks_pass_and_the_power_goes_in_a_promotion(computer: Emulated) -> None:
    """Sunday comes; the next one is missed; what catches it up loses its power as it promotes."""
    operator, notes = local_day(computer)

    with computer.nested("Sunday at three, by the clock: a sweep, and a canonical"):
        computer.succeed("date --set '2027-01-03 02:59:58'")
        night = operator.ended()

        assert operator.shows("ExecMainStartTimestamp").startswith("Sun 2027-01-03 03:0")
        assert night.result == "success", night.journal
        assert night.verdict("notes") == "promoted"

    with computer.nested("off until Monday week: the missed sweep begins, and the power goes"):
        notes.publishes("1.1.0+1.1.0")
        computer.shutdown()
        computer.clock = MONDAY_WEEK
        computer.start()
        computer.wait_until_succeeds("[ $(systemctl show -P MainPID canon-sweep.service) != 0 ]")
        assert is_stopped(computer, JOURNAL, PROMOTION)
        computer.crash()

    with computer.nested("at the next boot the canonical is whole, the old or the new"):
        computer.start()
        is_whole(operator, "1.0.0+1.0.0", "1.1.0+1.1.0")

    with computer.nested("the next Sunday's sweep cleans up, and the new release is canonical"):
        computer.succeed("date --set '2027-01-17 02:59:58'")
        night = operator.ended()

        assert night.result == "success", night.journal
        assert night.totals["recovered"] > 0
        is_whole(operator, "1.1.0+1.1.0")
        operator.verifies()
