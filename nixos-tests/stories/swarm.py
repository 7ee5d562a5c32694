"""The machine's Docker, as the operator looks at it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from stories.machine import Machine


@dataclass(frozen=True)
class Swarm:
    """A Docker Engine in Swarm mode, on which nobody but the sweep does anything."""

    machine: Machine

    def comes_up(self) -> None:
        """Wait until it is there, with the image and the network that recipes need."""
        self.machine.wait_for_unit("swarm.service")

    @contextmanager
    def makes_no_container(self) -> Iterator[None]:
        """Nothing is deployed meanwhile."""
        since = self._now()
        yield
        made = self.machine.succeed(
            f"docker events --since {since} --until {self._now()} --filter type=container"
            " --filter event=create --format '{{.Actor.Attributes.name}}'"
        )
        assert not made, f"containers were made: {made}"

    def folders(self, volumes: Iterable[str]) -> list[str]:
        """Where the volumes' files are."""
        words = shlex.join(volumes)
        asked = f"docker volume inspect --format '{{{{.Mountpoint}}}}' {words}"
        return self.machine.succeed(asked).split()

    def everything(self) -> set[str]:
        """All that is there: its kind and its name."""
        lists = {
            "container": ("container ls --all", "Names"),
            "service": ("service ls", "Name"),
            "network": ("network ls", "Name"),
            "volume": ("volume ls", "Name"),
            "secret": ("secret ls", "Name"),
            "config": ("config ls", "Name"),
            "image": ("image ls", "Repository"),
        }
        found = set()
        for kind, (command, field) in lists.items():
            said = self.machine.succeed(f"docker {command} --format '{{{{.{field}}}}}'")
            found |= {f"{kind} {name}" for name in said.split()}
        return found

    def holds_only(self, volumes: set[str]) -> None:
        """No container, service, secret or config, and just these volumes."""
        for kind in ("container ls --all", "service ls", "secret ls", "config ls"):
            found = self.machine.succeed(f"docker {kind} --quiet")
            assert not found, f"docker {kind}: {found}"
        there = set(self.machine.succeed("docker volume ls --format '{{.Name}}'").split())
        assert there == volumes, f"volumes: {sorted(there)}, and not {sorted(volumes)}"

    def _now(self) -> str:
        return self.machine.succeed("date +%s.%N").strip()
