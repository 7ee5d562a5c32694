"""The host's operator: looks at what the timer has done, and asks the program."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import Any

from stories.machine import Machine
from stories.swarm import Swarm

SERVICE = "canon-sweep.service"
TIMER = "canon-sweep.timer"
CONFIG = "/etc/canon-sweep/config.toml"
STATE = "/var/lib/canon-sweep"
_STAMPS = "/var/lib/systemd/timers"
# whatever the weekday, a Sunday lies between
_LONG_AGO = "-8 days"


@dataclass(frozen=True)
class Night:
    """A sweep that the timer has started, when it has ended.

    ``result`` is systemd's word for it, ``journal`` what it said there.
    """

    result: str
    journal: str
    entries: dict[str, dict[str, Any]]
    totals: dict[str, int]

    def verdict(self, recipe: str) -> str:
        """How a recipe's test ended, else what was decided."""
        entry = self.entries[recipe]
        return str(entry["outcome"] or entry["code"])

    def says(self, recipe: str, text: str) -> bool:
        """Whether the journal has this in a line of the recipe's."""
        lines = self.journal.splitlines()
        return any(line.startswith(f"{recipe} ") and text in line for line in lines)


@dataclass(frozen=True)
class Operator:
    """Whoever is root on the machine."""

    machine: Machine

    @property
    def swarm(self) -> Swarm:
        """The machine's Docker, if it has one."""
        return Swarm(self.machine)

    def sets(self, **values: str) -> None:
        """Give keys that the configuration has another value each, as by a rebuild."""
        edits = " ".join(f"-e 's/^{key} = .*/{key} = \"{new}\"/'" for key, new in values.items())
        self.machine.succeed(
            f"sed {edits} {CONFIG} >/root/config.toml",
            f"install --mode=644 /root/config.toml {CONFIG}",
        )

    def arrives(self) -> None:
        """Wait until the machine is up, and see that there was no sweep."""
        self.machine.wait_for_unit("multi-user.target")
        self.machine.wait_for_unit(TIMER)
        assert not self.invocation(), "a sweep has run already"
        self.machine.succeed(f"[ ! -e {STATE}/canonicals ]")

    def night(self) -> Night:
        """Let the timer find that its week is over: its stamp moves, never the clock."""
        before = self.invocation()
        self.is_overdue(TIMER)
        return self.ended(before)

    def is_overdue(self, timer: str) -> None:
        """Let a timer fire: its stamp moves, never the clock."""
        self.machine.succeed(
            f"systemctl stop {timer}",
            f"touch -d '{_LONG_AGO}' {_STAMPS}/stamp-{timer}",
            f"systemctl start {timer}",
        )

    def misses_a_week(self) -> None:
        """Leave the timer as if the machine had been off over its time."""
        stamp = f"{_STAMPS}/stamp-{TIMER}"
        self.machine.succeed(f"systemctl stop {TIMER}", f"touch -d '{_LONG_AGO}' {stamp}", "sync")

    def ended(self, before: str = "") -> Night:
        """Wait for the end of a sweep that nobody but the timer starts, after another."""
        self.comes_to_rest(after=before)
        invocation = self.invocation()
        results = json.loads(self.machine.succeed(f"cat {STATE}/runs/latest/results.json"))
        return Night(
            result=self.shows("Result"),
            journal=self._journal(invocation),
            entries={entry["recipe"]: entry for entry in results["entries"]},
            totals=results["totals"],
        )

    def comes_to_rest(self, unit: str = SERVICE, *, after: str | None = None) -> None:
        """Wait until a service has ended, and what runs after it: another run than ``after``."""
        if after is not None:
            self.machine.wait_until_succeeds(
                f"now=$(systemctl show -P InvocationID {unit});"
                f' [ -n "$now" ] && [ "$now" != "{after}" ]'
            )
        self.machine.wait_until_succeeds(
            f"systemctl show -P ActiveState {unit} | grep -qxE 'inactive|failed'"
        )

    def shows(self, name: str, unit: str = SERVICE) -> str:
        """A property of a unit."""
        return self.machine.succeed(f"systemctl show -P {name} {unit}").strip()

    def invocation(self) -> str:
        """The run of the service that is or was the last since boot; none: empty."""
        return self.shows("InvocationID")

    def record(self, recipe: str) -> dict[str, Any]:
        """A recipe's canonical."""
        text = self.machine.succeed(f"cat {STATE}/canonicals/{shlex.quote(recipe)}/canonical.json")
        record: dict[str, Any] = json.loads(text)
        return record

    def bytes_of(self, recipe: str) -> str:
        """Digests of all that a canonical is, times included: record, history, volumes."""
        kept = [
            f"{STATE}/canonicals/{shlex.quote(recipe)}",
            *self.swarm.folders(self.volumes(recipe)),
        ]
        return self.machine.succeed(
            *(f"find {path} -printf '%p %T@ %m %U %s\\n' | sort" for path in kept),
            *(f"find {path} -type f -exec sha256sum {{}} + | sort" for path in kept),
        )

    def refs_of(self, recipe: str, kind: str = "mirror") -> str:
        """The refs of a repository, and what they name."""
        return self.machine.succeed(f"git ls-remote git://127.0.0.1/{kind}/{shlex.quote(recipe)}")

    def finds_only_canonicals(self) -> None:
        """Nothing of a sweep is left but the volumes that records name."""
        named = self.machine.succeed(f"ls {STATE}/canonicals").split()
        self.swarm.holds_only({volume for each in named for volume in self.volumes(each)})

    def verifies(self) -> None:
        """Every record holds, says the program, run as the service runs."""
        self.machine.succeed("canon-sweep verify")

    def finds_all_well(self, *asked: str) -> None:
        """Whatever a sweep needs can be asked and is there, says the program, as the service.

        ``asked`` are checks that have to be among those that are well.
        """
        found = json.loads(self.machine.succeed("canon-sweep doctor --json"))
        checks = [*found["host"], *(each for one in found["recipes"] for each in one["checks"])]
        bad = [each for each in checks if each["outcome"] not in ("ok", "warn")]
        assert found["user"] == "canon-sweep"
        assert not bad, bad
        known = {each["subject"] for each in checks if each["outcome"] == "ok"}
        assert {"stateDir", "engine.swarm", "timer", *asked} <= known, known

    def volumes(self, recipe: str) -> list[str]:
        """The volumes that a recipe's canonical is to have."""
        names = [str(volume["name"]) for volume in self.record(recipe)["volumes"]]
        assert names, "a canonical without a volume proves little"
        return names

    def _journal(self, invocation: str) -> str:
        self.machine.succeed("journalctl --sync")
        return self.machine.succeed(
            "journalctl --quiet --no-pager --output=cat"
            f" INVOCATION_ID={invocation} + _SYSTEMD_INVOCATION_ID={invocation}"
        )
