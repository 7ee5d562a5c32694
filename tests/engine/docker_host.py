"""A Docker Engine of the tests' own, which shares nothing with one that runs here.

Its own folders and socket, an address of its own on the loopback for the Swarm, a
bridge and a port for overlay traffic of its own, and no rules in iptables.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import docker

from engine import installed, python_image
from engine.installed import CannotStart, Installed

BUSYBOX = "canon-sweep/busybox:1"
PYTHON = "canon-sweep/python:1"
START_SECONDS = 60.0
# dockerd starts itself eight times for each stack that is put up, and that its runtime then
# looked for garbage was nearly half of what such a start costs the processor
SPARING = {"GOGC": "400"}


class DockerHost:
    """A running engine in Swarm mode; ``url`` is what to connect to.

    ``disk`` has options of tmpfs, for an engine that has a small file system to itself.
    """

    def __init__(self, docker: Installed | None = None, *, disk: str = "") -> None:
        self._disk = disk
        self._installed = docker or installed.own()
        self._root = Path(tempfile.mkdtemp(prefix="canon-sweep-docker-"))
        self._mark = secrets.token_hex(3)
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"unix://{self._root}/docker.sock"

    def start(self) -> None:
        """Start the engine, make it a Swarm, and put the images in.

        Raises:
            CannotStart: this machine lacks something for it.
        """
        busybox = python_image.busybox()
        if os.geteuid() != 0:
            raise CannotStart("a Docker Engine is started by root only")
        if busybox is None:
            raise CannotStart("there is no busybox for the images")
        if self._disk:
            self._mount_disk()
        self._process = self._dockerd()
        client = docker.APIClient(base_url=self.url, version="1.41", timeout=60)
        self._until(lambda: _answers(client))
        self._init_swarm(client)
        client.create_network("proxy", driver="overlay", attachable=True)
        self._import(client, BUSYBOX, lambda out: python_image.write_busybox(out, busybox))
        self._import(client, PYTHON, lambda out: python_image.write_python(out, busybox))
        client.close()

    @property
    def data(self) -> Path:
        """Where the engine keeps images, volumes, and what it knows of its Swarm."""
        return self._root / "data"

    def kill(self) -> None:
        """End the engine as a crash would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def start_again(self) -> None:
        """Start an engine that was killed, as after a reboot: its containers are gone too.

        Raises:
            CannotStart: it does not come up.
        """
        self._end_stragglers()
        self._unmount()
        # as /run is: empty
        shutil.rmtree(self._root / "exec", ignore_errors=True)
        (self._root / "pid").unlink(missing_ok=True)
        self._process = self._dockerd()
        client: Any = docker.APIClient(base_url=self.url, version="1.41", timeout=60)
        self._until(lambda: _answers(client))
        self._until(lambda: _is_manager(client))
        client.close()

    def stop(self) -> None:
        """End the engine and everything it has started and mounted."""
        if self._process is not None and self._process.poll() is None:
            self._end_containers()
            # asked to end, it waits 5 s for a Swarm that nobody needs any more
            self.kill()
        self._end_stragglers()
        self._unmount()
        self._command("ip", "link", "delete", self._bridge)
        shutil.rmtree(self._root, ignore_errors=True)

    @property
    def _bridge(self) -> str:
        return f"cs{self._mark}"

    def _dockerd(self) -> subprocess.Popen[bytes]:
        root = self._root
        command = ["dockerd", "--host", self.url, "--data-root", f"{root}/data"]
        if self._installed.enter is not None:
            (root / "layer").mkdir(exist_ok=True)
            command = [str(self._installed.enter), f"{root}/layer", *command]
        command += ["--exec-root", f"{root}/exec", "--pidfile", f"{root}/pid"]
        command += ["--bridge=none", "--iptables=false", "--ip6tables=false"]
        (root / "empty.json").write_text("{}")
        command += ["--config-file", f"{root}/empty.json"]
        with (root / "log").open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=os.environ | SPARING,
            )

    def _init_swarm(self, client: Any) -> None:
        # of other engines' choice: 172.17-31, 10.0; a pool for the test's bridge apart
        subnet = docker.types.IPAMPool(subnet=f"{_unused()}.0/24")
        client.create_network(
            "docker_gwbridge",
            driver="bridge",
            ipam=docker.types.IPAMConfig(pool_configs=[subnet]),
            options={
                "com.docker.network.bridge.name": self._bridge,
                "com.docker.network.bridge.enable_icc": "false",
                "com.docker.network.bridge.enable_ip_masquerade": "false",
            },
        )
        address = ".".join(["127", *(str(1 + byte % 250) for byte in bytes.fromhex(self._mark))])
        port = 20000 + secrets.randbelow(10000)
        client.init_swarm(
            advertise_addr=f"{address}:{port}",
            listen_addr=f"{address}:{port}",
            data_path_port=port + 1,
        )

    def _import(self, client: Any, image: str, write: Callable[[IO[bytes]], None]) -> None:
        repository, tag = image.split(":")
        with tempfile.NamedTemporaryFile(dir=self._root) as file:
            write(file)
            file.flush()
            client.import_image_from_file(
                file.name, repository, tag, changes=["ENV PATH=/bin:/usr/bin"]
            )

    def _until(self, ready: Callable[[], bool]) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        while not ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                log = (self._root / "log").read_text(errors="replace").splitlines()
                raise CannotStart(f"dockerd did not start: {' | '.join(log[-3:])}")
            time.sleep(0.02)  # an engine that starts has no event to wait for

    def _end_containers(self) -> None:
        with suppress(docker.errors.DockerException, OSError):
            client: Any = docker.APIClient(base_url=self.url, version="1.41", timeout=30)
            for service in client.services():
                client.remove_service(service["ID"])
            for container in client.containers(all=True):
                with suppress(docker.errors.APIError):  # Swarm may be quicker
                    client.remove_container(container["Id"], force=True)

    def _end_stragglers(self) -> None:
        """containerd, its shims and their containers outlive a dockerd that was killed."""
        ours = [pid for pid in _processes() if str(self._root) in _command_line(pid)]
        ours += [pid for pid in _processes() if _parent(pid) in ours]
        for pid in ours:
            if pid != os.getpid():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _mount_disk(self) -> None:
        (self._root / "data").mkdir()
        command = ["mount", "-t", "tmpfs", "-o", self._disk, "none", f"{self._root}/data"]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            raise CannotStart("no file system can be mounted")

    def _unmount(self) -> None:
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for mount in sorted(mounts, reverse=True):
            if mount.startswith(f"{self._root}/"):
                self._command("umount", "-l", mount)

    @staticmethod
    def _command(*command: str) -> None:
        with suppress(OSError):  # where it is missing, nothing was made with it
            subprocess.run(command, capture_output=True, timeout=60, check=False)


def _answers(client: Any) -> bool:
    try:
        return bool(client.ping())
    except (docker.errors.DockerException, OSError):
        return False


def _is_manager(client: Any) -> bool:
    try:
        return bool(client.nodes())
    except (docker.errors.DockerException, OSError):
        return False


def _unused() -> str:
    """The first three numbers of a subnet that no other engine's bridge has."""
    said = subprocess.run(["ip", "-4", "address"], capture_output=True, text=True, check=True)
    while (found := f"10.213.{secrets.randbelow(256)}") + "." in said.stdout:
        pass
    return found


def _processes() -> list[int]:
    return [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]


def _command_line(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    return ""


def _parent(pid: int) -> int:
    with suppress(OSError):
        # the name before it, in brackets, may have any character
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0
