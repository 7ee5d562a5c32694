"""A registry of the tests' own: Debian's docker-registry on the loopback, with a login."""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import docker

from canon_sweep.engine.local import port
from engine.docker_host import BUSYBOX
from engine.installed import CannotStart, or_skip

USER = "sweep"
PASSWORD = "correct-horse"
# bcrypt of the password, the one form that the registry reads
_LOGIN = f"{USER}:$2b$05$1aaTDHLhNU9fPmrUjTZxoOKxZJPt.FMhRe3YlQDfN0RpuIY5JuHA2\n"
START_SECONDS = 30.0


class Registry:
    """A running registry; ``host`` is how an image's name begins.

    ``locked``: nobody is served without the login.
    """

    def __init__(self, *, locked: bool = False) -> None:
        self._root = Path(tempfile.mkdtemp(prefix="canon-sweep-registry-"))
        self._port = next(iter(port.free(1, set())))
        self._locked = locked
        self._process: subprocess.Popen[bytes] | None = None
        self.host = f"localhost:{self._port}"

    def start(self) -> None:
        """Start it, again with what it had if it was stopped.

        Raises:
            CannotStart: this machine has no such program, or it does not come up.
        """
        program = shutil.which("docker-registry")
        if program is None:
            raise CannotStart("docker-registry is not installed")
        (self._root / "htpasswd").write_text(_LOGIN)
        (self._root / "config.yml").write_text(self._config())
        with (self._root / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [program, "serve", str(self._root / "config.yml")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                last = (self._root / "log").read_text(errors="replace").splitlines()[-3:]
                raise CannotStart(f"docker-registry did not start: {' | '.join(last)}")
            time.sleep(0.02)  # one that starts has no event to wait for

    def stop(self) -> None:
        """Nobody answers any more; what it has stays."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        """End it with all that it has."""
        self.stop()
        shutil.rmtree(self._root, ignore_errors=True)

    def publish(self, engine: str, image: str, changes: str = "CMD true") -> str:
        """Give a name, e.g. ``app:1``, a new image, made on an engine; gives its digest there."""
        return self.publish_after(engine, image, [], changes)

    def publish_after(
        self, engine: str, image: str, command: list[str], changes: str = "CMD true"
    ) -> str:
        """As `publish`, of what a command has left in a container; without one nothing runs."""
        client: Any = docker.APIClient(base_url=engine, version="1.41", timeout=60)
        name, _, tag = f"{self.host}/{image}".rpartition(":")
        made = client.create_container(BUSYBOX, command=command or ["true"])["Id"]
        try:
            if command:
                client.start(made)
                assert client.wait(made)["StatusCode"] == 0
            client.commit(made, repository=name, tag=tag, changes=changes)
        finally:
            client.remove_container(made, force=True)
        said = client.push(name, tag, auth_config=self.login, stream=True, decode=True)
        found = [line["aux"]["Digest"] for line in said if "Digest" in line.get("aux", {})]
        client.close()
        return str(found[0])

    def withdraw(self, image: str, digest: str) -> None:
        """Take an image away: its name is unknown from then on."""
        connection = http.client.HTTPConnection("localhost", self._port, timeout=10)
        connection.request("DELETE", f"/v2/{image.rpartition(':')[0]}/manifests/{digest}")
        assert connection.getresponse().status == http.HTTPStatus.ACCEPTED
        connection.close()

    @property
    def login(self) -> dict[str, str]:
        """What an engine needs to push."""
        return {"username": USER, "password": PASSWORD, "serveraddress": self.host}

    def _config(self) -> str:
        config: dict[str, Any] = {
            "version": "0.1",
            "log": {"level": "error"},
            "storage": {
                "filesystem": {"rootdirectory": f"{self._root}/data"},
                "delete": {"enabled": True},
            },
            "http": {"addr": self.host},
        }
        if self._locked:
            config["auth"] = {"htpasswd": {"realm": "tests", "path": f"{self._root}/htpasswd"}}
        return json.dumps(config)

    def _answers(self) -> bool:
        with suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("localhost", self._port, timeout=5)
            connection.request("GET", "/v2/")
            connection.getresponse().read()
            return True
        return False


@contextmanager
def running_registry(*, locked: bool = False) -> Iterator[Registry]:
    """One that is gone afterwards.

    Where it cannot be started the test is skipped with the reason, or fails if
    ``CANON_SWEEP_REQUIRE_SWARM=1``.
    """
    registry = Registry(locked=locked)
    try:
        or_skip(registry.start)
        yield registry
    finally:
        registry.remove()
