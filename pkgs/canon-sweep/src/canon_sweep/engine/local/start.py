"""Starts the services of a stack on the local engine."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import msgspec

from canon_sweep.engine.local import log as local_log
from canon_sweep.engine.local import plan as local_plan
from canon_sweep.engine.local import port as local_port
from canon_sweep.engine.local import process as local_process
from canon_sweep.engine.local import state as local_state
from canon_sweep.engine.local.plan import Plan
from canon_sweep.engine.local.process import Held
from canon_sweep.engine.local.state import Deployment, Running


class Start(msgspec.Struct, frozen=True):
    """One start of a stack's services.

    ``values`` fill the placeholders, ports aside; ``taken_ports`` are other
    stacks', whether or not somebody listens there at this moment; ``grace`` is in
    seconds, for what a program leaves running.
    """

    folder: Path
    plans: tuple[Plan, ...]
    values: Mapping[str, str]
    taken_ports: set[int]
    grace: float

    def run(self, version: str) -> None:
        """Start every service; all are on record before any becomes a program.

        Raises:
            RecipeFault: a placeholder stands for nothing, or a command is too long.
            HostFault: no process can be started, or nothing written.
        """
        services: dict[str, Running] = {}
        ports = self._ports()
        with ExitStack() as until_released:
            held = []
            for plan in self.plans:
                child, running = self._held(plan, ports[plan.service])
                until_released.callback(child.drop)
                held.append(child)
                services[plan.service] = running
            local_state.save(self.folder, Deployment(version, services))
            for child in held:
                child.release()

    def _ports(self) -> dict[str, dict[int, int]]:
        count = sum(len(plan.ports) for plan in self.plans)
        free = iter(local_port.free(count, self.taken_ports))
        return {plan.service: {port: next(free) for port in plan.ports} for plan in self.plans}

    def _held(self, plan: Plan, ports: dict[int, int]) -> tuple[Held, Running]:
        marks = {f"ports.{port}": str(free) for port, free in ports.items()}
        command, own = local_plan.filled(plan, {**self.values, **marks})
        environment = {**_basics(), **own}
        log = local_log.file_of(self.folder / "logs", plan.service)
        with local_log.opened(log) as output:
            log_from = output.tell()
            held = local_process.start_held(
                command,
                env=environment,
                home=self.folder,
                cwd=self.folder / "source",
                output=output,
                grace=self.grace,
            )
        return held, Running(held.identity, environment, ports, plan.spec.ready, log_from)


def _basics() -> dict[str, str]:
    """What every child sees: no variable of ours but where programs are found."""
    ours = os.environ.get("PATH", os.defpath)
    # images of Python programs have a python3, so commands rely on one
    return {"PATH": f"{ours}:{Path(sys.executable).parent}", "LANG": "C.UTF-8"}
