"""The one door to the Docker API.

Whatever goes wrong with it is the host's fault and becomes a `HostFault` here.
A thing that is asked for and not there is no trouble: None, or nothing done.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from http import HTTPStatus
from typing import Any

import docker
import docker.errors
import docker.types

from canon_sweep.engine.swarm import answers, execution, log, pull
from canon_sweep.engine.swarm.events import Events
from canon_sweep.engine.swarm.login import ask
from canon_sweep.engine.swarm.trouble import TROUBLE, innermost, told
from canon_sweep.errors import HostFault
from canon_sweep.process import Completed

# for one answer, not for a whole transfer; removing a large volume takes a while
CALL_SECONDS = 120

Body = Mapping[str, Any]


class Docker:
    """The calls that this engine makes, answers plain; ``home`` is this canon-sweep's mark."""

    def __init__(self, host: str, home: str = "") -> None:
        self.host = host
        self.home = home

    @property
    def is_here(self) -> bool:
        """Whether the engine runs on this machine, so that its paths are ours."""
        return self.host.startswith("unix://")

    @cached_property
    def _client(self) -> docker.APIClient:
        return docker.APIClient(base_url=self.host, version="auto", timeout=CALL_SECONDS)

    @contextmanager
    def _door(self) -> Iterator[Any]:  # the SDK's stubs know a part of its methods
        try:
            yield self._client
        except docker.errors.APIError as error:
            raise HostFault(f"Docker refused: {told(error)}") from error
        except TROUBLE as error:
            raise HostFault(
                f"Docker does not answer at {self.host}: {innermost(error)}",
                do="start it, and check `docker info`",
            ) from error

    def info(self) -> Body:
        """The engine and its Swarm."""
        with self._door() as client:
            return _body(client.info())

    def log_in(self, login: Mapping[str, str]) -> None:
        """See that a registry takes a login; the engine asks it, and keeps nothing."""
        with self._door() as client:
            ask(client, login)

    # what exists

    def services(self, label: str | None = None) -> list[Body]:
        """The services with a label (``name`` or ``name=value``), or all."""
        with self._door() as client:
            return _bodies(client.services(filters={"label": label} if label else None))

    def tasks(self, services: Sequence[str]) -> list[Body]:
        """The tasks of these services, past ones included."""
        if not services:
            return []
        with self._door() as client:
            return _bodies(client.tasks(filters={"service": list(services)}))

    def tasks_of(self, label: str) -> list[Body]:
        """The tasks of services with a label, which may be gone by now."""
        with self._door() as client:
            return _bodies(client.tasks(filters={"label": label}))

    def containers(self, **filters: str) -> list[Body]:
        """The containers that match, running or not, in their short form."""
        with self._door() as client:
            return _bodies(client.containers(all=True, filters=filters))

    def networks(self, label: str) -> list[Body]:
        """The networks with a label."""
        with self._door() as client:
            return _bodies(client.networks(filters={"label": label}))

    def overlays(self) -> list[Body]:
        """The overlay networks of the Swarm."""
        with self._door() as client:
            return _bodies(client.networks(filters={"driver": "overlay", "scope": "swarm"}))

    def configs(self, label: str | None = None) -> list[Body]:
        """The configs with a label, or all."""
        with self._door() as client:
            return _bodies(client.configs(filters={"label": label} if label else None))

    def secrets(self) -> list[Body]:
        """All secrets, without their values."""
        with self._door() as client:
            return _bodies(client.secrets())

    def volumes(self) -> list[Body]:
        """All volumes."""
        with self._door() as client:
            return _bodies(client.volumes()["Volumes"])

    def images(self, *, inner: bool = False) -> list[Body]:
        """All images that are already here; with ``inner`` those that are only built upon, too."""
        with self._door() as client:
            return _bodies(client.images(all=inner))

    def container(self, name: str) -> Body | None:
        """One container in full."""
        with self._door() as client:
            return answers.found(lambda: client.inspect_container(name))

    def network(self, name: str) -> Body | None:
        """One network with the containers on it."""
        with self._door() as client:
            return answers.found(lambda: client.inspect_network(name))

    def volume(self, name: str) -> Body | None:
        """One volume."""
        with self._door() as client:
            return answers.found(lambda: client.inspect_volume(name))

    def image(self, name: str) -> Body | None:
        """One image; what is no name of one is not there either."""
        with self._door() as client:
            try:
                return answers.found(lambda: client.inspect_image(name))
            except docker.errors.APIError as error:
                if error.status_code == HTTPStatus.BAD_REQUEST:
                    return None
                raise

    # what is made

    def pull(self, image: str, login: Mapping[str, str]) -> Iterator[str]:
        """Fetch an image, as `pull.words` does.  Not bounded in time.

        Raises:
            PullFault: the engine or the registry refused.
        """
        with self._door() as client:
            yield from pull.words(client, image, login)

    def create_secret(self, name: str, value: str, labels: Mapping[str, str]) -> None:
        """Make a secret."""
        with self._door() as client:
            client.create_secret(name, value.encode(), labels=dict(labels))

    def create_volume(self, name: str, driver: str, labels: Mapping[str, str]) -> Body:
        """Make an empty volume."""
        with self._door() as client:
            return _body(client.create_volume(name, driver=driver, labels=dict(labels)))

    def create_holder(self, image: str, volume: str, path: str, label: str) -> str:
        """Make a container, never started, that holds a volume; its ``label`` says whose it is."""
        # no_copy: else the image's own files at that path would be put into it
        mount = docker.types.Mount(path, volume, type="volume", no_copy=True)
        with self._door() as client:
            made = client.create_container(
                image,
                command=["/never-started"],
                labels={label: self.home},
                host_config=client.create_host_config(mounts=[mount], network_mode="none"),
            )
            return str(made["Id"])

    # what is removed

    def remove_service(self, name: str) -> None:
        """Remove a service; its containers end some time later."""
        with self._door() as client:
            answers.found(lambda: client.remove_service(name))

    def remove_container(self, name: str) -> None:
        """Remove a container, running or not, unless it is being removed already.

        Its anonymous volumes, which an image can ask for, go with it; named ones stay.
        """
        with self._door() as client:
            answers.unless_busy(lambda: client.remove_container(name, v=True, force=True))

    def remove_network(self, name: str) -> None:
        """Remove a network, unless something still uses it."""
        with self._door() as client:
            answers.unless_busy(lambda: client.remove_network(name))

    def remove_config(self, name: str) -> str:
        """Remove a config, unless something still uses it: gives what (empty: it is gone)."""
        with self._door() as client:
            return answers.held(lambda: client.remove_config(name))

    def remove_secret(self, name: str) -> str:
        """Remove a secret, unless something still uses it: gives what (empty: it is gone)."""
        with self._door() as client:
            return answers.held(lambda: client.remove_secret(name))

    def remove_volume(self, name: str) -> str:
        """Remove a volume with its data, unless something still uses it: gives what."""
        with self._door() as client:
            return answers.held(lambda: client.remove_volume(name))

    def remove_image(self, name: str) -> str:
        """Remove a name of an image, or by its id an image, unless something needs it: gives what.

        Never by force; what it was built on stays.
        """
        with self._door() as client:
            return answers.held(lambda: client.remove_image(name, force=False, noprune=True))

    # what goes in and out

    def logs(self, container: str, lines: int, limit: int) -> str:
        """The end of what a container said, in lines and bytes; empty when it is not kept."""
        with self._door() as client:
            return log.read(client, container, lines, limit)

    def execute(self, container: str, command: Sequence[str]) -> Completed:
        """Run a command in a container, as `execution.run` does.  Not bounded in time.

        Raises:
            RecipeFault: the container has just ended.
        """
        with self._door() as client:
            return execution.run(client, container, command)

    def archive(self, container: str, path: str) -> Iterator[bytes]:
        """A folder of a container as a tar stream."""
        with self._door() as client:
            stream, _ = client.get_archive(container, path)
            yield from stream

    def extract(self, container: str, path: str, stream: Iterable[bytes]) -> None:
        """Unpack a tar stream into a folder of a container."""
        with self._door() as client:
            client.put_archive(container, path, stream)

    @contextmanager
    def events(self) -> Iterator[Events]:
        """Subscribe to what happens to containers, services and networks."""
        with self._door() as client:
            # since: the engine answers before it has subscribed us
            stream = client.events(
                decode=True,
                since=int(time.time()),
                filters={"type": ["container", "service", "network"]},
            )
        events = Events(self.host, stream)
        try:
            yield events
        finally:
            events.close()


def _body(answer: Any) -> Body:
    assert isinstance(answer, dict)
    return answer


def _bodies(answer: Any) -> list[Body]:
    return [_body(item) for item in answer or []]
