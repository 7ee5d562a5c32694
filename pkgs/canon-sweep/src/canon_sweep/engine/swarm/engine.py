"""The engine ``swarm``: the promises of `protocol`, kept on a Docker Swarm."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from canon_sweep import disk
from canon_sweep.bounded import OverdueError, bounded
from canon_sweep.core.image import Image
from canon_sweep.core.oldimage import Stored
from canon_sweep.core.space import Space
from canon_sweep.core.stray import Thing
from canon_sweep.engine.part import check_part, check_stack
from canon_sweep.engine.protocol import Address, App, Converging, Question, Volume
from canon_sweep.engine.secret import random_value
from canon_sweep.engine.swarm import (
    checkup,
    labelled,
    outside,
    overlay,
    reach,
    removal,
    standing,
    storage,
    stored,
    volume,
)
from canon_sweep.engine.swarm import converging as others
from canon_sweep.engine.swarm import stack as swarm_stack
from canon_sweep.engine.swarm.api import Body, Docker
from canon_sweep.engine.swarm.images import Images
from canon_sweep.engine.swarm.ready import Limits
from canon_sweep.errors import HostFault, RecipeFault
from canon_sweep.process import Completed
from canon_sweep.settings.records import Registry
from canon_sweep.state.images import Pulls


class SwarmEngine:
    """Deploys stacks on the Swarm behind ``host``, e.g. ``unix:///var/run/docker.sock``.

    ``registries`` has the logins of registries, by their host; ``home`` is the mark of what
    this canon-sweep makes, empty if it makes nothing; ``pulls`` is told of images.
    """

    def __init__(
        self,
        host: str,
        *,
        registries: Mapping[str, Registry] | None = None,
        limits: Limits | None = None,
        home: str = "",
        pulls: Pulls | None = None,
    ) -> None:
        self._docker = Docker(host, home)
        self._limits = limits or Limits()
        self._home = home
        self._images = Images(self._docker, registries or {}, self._limits.registry, pulls)

    @property
    def name(self) -> str:
        """The engine's name in settings and records."""
        return "swarm"

    def node(self) -> str:
        """The id of the node that holds this engine's volumes.

        Raises:
            HostFault: no active Swarm.
        """
        return str(self._check_swarm()["NodeID"])

    def questions(self, apps: Callable[[], Iterable[App]]) -> tuple[Question, ...]:
        """What can be asked of Docker, its Swarm, and the registries with a login."""
        return checkup.questions(self._docker, self._images.registries, apps)

    def space(self) -> Space | None:
        """How much room there is where volumes and images are kept; None if nobody can say.

        Raises:
            HostFault: the engine has to be asked for the places first, and cannot be.
        """
        return disk.tightest(disk.space_of(place) for place in self._places)

    @cached_property
    def _places(self) -> tuple[Path, ...]:
        return storage.places(self._docker)

    def prepare(self, app: App, timeout: float) -> tuple[Image, ...]:
        """Check that the Swarm is usable, and fetch the images as their registries have them.

        Raises:
            HostFault: no active Swarm, an external network, secret or config is missing,
                or an image cannot be had.
            RecipeFault: an external secret or config is another stack's of ours, or an
                image has no name that could be one.
        """
        check_stack(app.stack)
        source = app.source
        deadline = time.monotonic() + timeout
        self._check_swarm()
        outside.check(self._docker, source.compose, app.stack)
        wanted = sorted({service.image for service in source.compose.services.values()})
        return tuple(self._images.fetch(name, deadline - time.monotonic()) for name in wanted)

    def deploy(self, app: App) -> None:
        """Start the stack, or update it to this version; returns before it is ready.

        Raises:
            RecipeFault: the recipe's files are refused by the engine.
        """
        from canon_sweep.engine.swarm import command, written  # noqa: PLC0415 - start-up

        check_stack(app.stack)
        source = app.source
        environment = command.environment(source, self._docker)
        swarm = self._check_swarm()
        self._make_secrets(app)
        with written.written(source, self._files(app, swarm)) as files:
            command.deploy(self._docker, app.stack, files, environment)

    def wait_ready(self, app: App, timeout: float) -> None:
        """Return as soon as every service of this version is up and healthy.

        Raises:
            RecipeFault: a service failed for good, or was not ready in ``timeout`` seconds.
        """
        check_stack(app.stack)
        swarm_stack.wait_ready(self._docker, app, self._limits, timeout)

    def undeploy(self, stack: str) -> None:
        """End the stack and wait until nothing of it is left but volumes and secrets."""
        check_stack(stack)
        removal.undeploy(self._docker, stack, self._limits)

    def execute(
        self, stack: str, service: str, command: Sequence[str], timeout: float
    ) -> Completed:
        """Run a command inside a running service and return what it answered.

        Raises:
            RecipeFault: the service does not run, or the command took longer than ``timeout``.
        """
        container = self._container(stack, service)
        try:
            return bounded(lambda: self._docker.execute(container, command), timeout)
        except OverdueError:
            raise RecipeFault(
                f"a command in service {service} took longer than {timeout:g} s"
            ) from None

    def address(self, stack: str, service: str, port: int) -> Address:
        """Where this port of a running service can be reached from this machine.

        Raises:
            RecipeFault: the service does not run or has no such port.
        """
        container = self._container(stack, service)
        body = self._docker.container(container)
        if body is None:
            raise RecipeFault(f"service {service} of {stack} does not run")
        found = reach.address(self._docker, body, port)
        if found is None:
            raise RecipeFault(f"port {port} of service {service} cannot be reached from the host")
        return found

    def volumes(self, stack: str) -> tuple[Volume, ...]:
        """The named volumes of a stack, deployed or not, sorted by name."""
        check_stack(stack)
        return swarm_stack.volumes(self._docker, stack)

    def secrets(self, stack: str) -> tuple[str, ...]:
        """The full names of the secrets of a stack, deployed or not, sorted."""
        check_stack(stack)
        return swarm_stack.secret_names(self._docker, stack)

    def leftovers(self, stack: str) -> tuple[str, ...]:
        """Everything that exists under a stack's name, e.g. ``volume x_data``."""
        check_stack(stack)
        return swarm_stack.leftovers(self._docker, stack)

    def volume_digest(self, name: str) -> str:
        """A digest of everything in a volume: equal means byte for byte the same.

        Raises:
            HostFault: the volume is not there, or cannot be read.
        """
        check_part(name, "volume")
        return volume.digest(self._docker, name)

    def clone_volume(self, source: str, target: str) -> None:
        """Make ``target`` an exact copy of ``source``, replacing any earlier ``target``.

        Raises:
            HostFault: a volume is missing, in use, or has driver options.
        """
        check_part(source, "volume")
        check_part(target, "volume")
        volume.clone(self._docker, source, target)

    def remove_volume(self, name: str) -> None:
        """Remove a volume with its data; one that is not there is no error."""
        check_part(name, "volume")
        volume.remove_stale_holders(self._docker)
        removal.volume(self._docker, name, self._limits)

    def remove_secret(self, name: str) -> None:
        """Remove a secret; one that is not there is no error."""
        check_part(name, "secret")
        removal.secret(self._docker, name, self._limits)

    def stacks_of_ours(self) -> tuple[str, ...]:
        """Stacks with our label of which anything is left that an undeploy removes."""
        return swarm_stack.of_ours(self._docker)

    def volumes_of_ours(self) -> tuple[str, ...]:
        """Volumes with our label, by full name, sorted."""
        bodies = self._docker.volumes()
        ours = (body["Name"] for body in bodies if overlay.STACK in (body.get("Labels") or {}))
        return tuple(sorted(ours))

    def of_ours(self) -> tuple[Thing, ...]:
        """Everything with our labels, whichever canon-sweep made it."""
        return labelled.things(self._docker, self._home)

    def present(self) -> frozenset[str]:
        """What is up or kept here, whoever made it."""
        return labelled.present(self._docker)

    def images(self) -> tuple[Stored, ...]:
        """Every image here, with what needs it."""
        return stored.images(self._docker)

    def remove_image(self, image: Stored) -> str:
        """Remove an image that nothing needs; gives why it stays, empty if it is gone."""
        return stored.remove(self._docker, image)

    def converging(self) -> tuple[Converging, ...]:
        """The stacks of others that are on their way from one state to another."""
        return others.converging(self._docker, self._home)

    def lacks(self, stack: str) -> str:
        """What a stack lacks to be up and healthy, whoever deployed it; empty if nothing."""
        return standing.lacks(self._docker, stack)

    def logs(self, stack: str) -> str:
        """What the stack's services said, for the recipe's log; empty when not deployed."""
        check_stack(stack)
        return swarm_stack.logs(self._docker, stack)

    def last_words(self, stack: str, service: str) -> str:
        """The end of what a running service said, on one line; empty if there is nothing."""
        check_stack(stack)
        check_part(service, "service")
        return swarm_stack.last_words(self._docker, stack, service)

    def _container(self, stack: str, service: str) -> str:
        check_stack(stack)
        check_part(service, "service")
        return swarm_stack.container_of(self._docker, stack, service)

    def _check_swarm(self) -> Body:
        swarm: Body = self._docker.info()["Swarm"]
        if swarm.get("LocalNodeState") != "active" or not swarm.get("ControlAvailable"):
            raise HostFault(
                f"Docker at {self._docker.host} is no manager of an active Swarm",
                do="docker swarm init",
            )
        return swarm

    def _make_secrets(self, app: App) -> None:
        present = {body["Spec"]["Name"] for body in self._docker.secrets()}
        for secret in app.source.compose.secrets:
            if secret.name not in present:
                labels = {
                    overlay.RECIPE: app.recipe,
                    overlay.VERSION: app.version,
                    overlay.STACK: app.stack,
                } | ({overlay.HOME: self._home} if self._home else {})
                # without the stack's own label: `docker stack rm` would take it along
                self._docker.create_secret(secret.name, random_value(secret), labels)

    def _files(self, app: App, swarm: Body) -> tuple[str, ...]:
        """The texts of the app's compose files as they are deployed."""
        source = app.source
        return overlay.texts(
            list(source.texts.values()),
            recipe=app.recipe,
            version=app.version,
            stack=app.stack,
            node=swarm["NodeID"] if int(swarm.get("Nodes") or 1) > 1 else None,
            home=self._home,
            images={
                service.name: self._images.pinned(service.image)
                for service in source.compose.services.values()
            },
        )
