"""Killed, or without power, in the middle of a promotion: the canonical is whole, always."""

from __future__ import annotations

from collections.abc import Iterator

from stories.first_day import first_day
from stories.machine import Machine
from stories.maintainer import Maintainer
from stories.operator import SERVICE, STATE, Operator

JOURNAL = f"{STATE}/journal.json"
PROMOTION = '"promotion"'
_RECORD = f"{STATE}/canonicals/notes/canonical.json"
# a promotion takes hundredths of a second, and whoever looks may be looking away
_TRIES = 5
# read and not grep: no program is started as quickly; nor a sleep, so the pause is a read
# of what never says anything
_STOPS_WHEN = f"""
exec 9<> <(:)
until pid=$(systemctl show -P MainPID {SERVICE}) && [ "$pid" != 0 ]; do :; done
while [ -d /proc/$pid ]; do
  said= && read -r -d "" said 2>/dev/null <"$1" || true
  if [[ $said == *$2* ]]; then
    kill -STOP $pid
    [[ $(<"$1") == *$2* ]] && exit 0
    kill -CONT $pid
  fi
  read -r -t 0.002 -u 9
done
exit 1
"""


def story(machine: Machine) -> None:
    """Power lost before the record is replaced, and after; then a kill, and the next runs."""
    releases = (f"1.{minor}.0+1.{minor}.0" for minor in range(100))
    with machine.nested("notes has a canonical"):
        operator, notes, draft = first_day(machine)
        notes.publishes(next(releases))
        draft.commits()
        assert operator.night().verdict("notes") == "promoted"

    with machine.nested("the power goes while a release is being promoted: the old or the new"):
        old, new = _stopped(operator, notes, releases, JOURNAL, PROMOTION)
        machine.crash()
        machine.start()
        _is_whole(operator, old, new)

    with machine.nested("the next sweep cleans up, and the new one is the canonical"):
        night = operator.night()
        assert night.result == "success", night.journal
        assert night.totals["recovered"] > 0
        _is_well(operator, new)

    with machine.nested("the power goes when the record has just been replaced: the new one"):
        old, new = _stopped(operator, notes, releases, _RECORD, "")
        machine.crash()
        machine.start()
        _is_whole(operator, new)
        night = operator.night()
        assert night.verdict("notes") == "skip/no-new-version"
        _is_well(operator, new)

    with machine.nested("the program is killed while it promotes: systemd has it cleaned up"):
        old, new = _stopped(operator, notes, releases, JOURNAL, PROMOTION)
        machine.succeed(f"systemctl kill --signal=KILL --kill-whom=main {SERVICE}")
        operator.comes_to_rest()
        assert operator.shows("Result") == "signal"
        _is_whole(operator, old, new)
        machine.fail(f"grep -q stack {JOURNAL}")
        operator.finds_only_canonicals()

    with machine.nested("and the next sweep has it as the canonical"):
        assert operator.night().result == "success"
        _is_well(operator, new)


def _stopped(
    operator: Operator, notes: Maintainer, releases: Iterator[str], path: str, text: str
) -> tuple[str, str]:
    """Release and sweep until a sweep is stopped just as a file says this, or names the release.

    The canonical before it, and the release.
    """
    for _ in range(_TRIES):
        new = next(releases)
        old = operator.record("notes")["tag"]
        notes.publishes(new)
        # git flushes little: what the maintainer has done is not to be lost with the power
        operator.machine.succeed("sync")
        operator.machine.succeed(f"systemctl start --no-block {SERVICE}")
        if is_stopped(operator.machine, path, text or new):
            return old, new
        operator.comes_to_rest()
    raise AssertionError(f"no sweep was seen when {path} said {text}")


def is_stopped(machine: Machine, path: str, text: str) -> bool:
    """Stop the sweep that is on just as a file says this; False if that was not seen."""
    code, _ = machine.execute(f"nice --adjustment=-20 bash -c '{_STOPS_WHEN}' bash {path} '{text}'")
    return code == 0


def _is_whole(operator: Operator, *tags: str) -> None:
    """The record is one of these, and all that it names is there, with the data in it."""
    operator.swarm.comes_up()
    tag = operator.record("notes")["tag"]
    assert tag in tags, tag
    (folder,) = operator.swarm.folders(operator.volumes("notes"))
    assert operator.machine.succeed(f"cat {folder}/token").strip()


def _is_well(operator: Operator, tag: str) -> None:
    _is_whole(operator, tag)
    operator.finds_only_canonicals()
    operator.verifies()
