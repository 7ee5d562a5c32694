"""A machine in a container: systemd as process 1 of namespaces, with a Docker inside.

Quick, and its disk survives a crash; but what was written is not lost with the power, and
its clock is the host's, which nothing in it may move.  All that it mounts is mounted in a
namespace that ends with it, all that it runs is in one cgroup.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from machine.layers import IN_A_NAMESPACE, below
from machine.spoken import ENVIRONMENT, Spoken

BOOT_SECONDS = 60.0
# the clock, the kernel's log and its modules are the host's
_HOSTS = ("SYS_TIME", "SYS_MODULE", "SYSLOG")
# beyond these the machine's own systemd has no bounds, and a command none but them
_NO_COMMANDS = (*_HOSTS, "SYS_BOOT", "WAKE_ALARM")
_PAUSE_SECONDS = 0.02
# looked at from within, as to come into a machine costs more than the look
_COMES_UP = "until systemctl is-active --quiet multi-user.target; do sleep 0.05; done"
# ends a machine when its pipe is closed: by us, or by the kernel when nobody is left who
# could, as when a session is killed
_REAPER = """
read -r _
[ -d "$1" ] || exit 0
echo 1 >"$1/cgroup.kill"
while grep -q "populated 1" "$1/cgroup.events"; do sleep 0.02; done
find "$1" -depth -type d -exec rmdir {} +
"""


class DidNotStart(Exception):
    """A machine that is not up in time; with the last that its console said."""


class Container(Spoken):
    """A machine whose disk is ``folder`` over read-only layers, the topmost first.

    What Docker has is on that disk too, which the host and others write to; or, with
    ``docker_size`` as mount(8) has sizes, on one of that size that nobody else has, which
    does not survive a crash.
    """

    def __init__(
        self, name: str, folder: Path, layers: Sequence[Path], docker_size: str = ""
    ) -> None:
        super().__init__(name)
        self._docker_size = docker_size
        self._folder = folder
        self._layers = layers
        self._cgroup = _cgroups() / f"canon-sweep-{name}"
        self._process: subprocess.Popen[bytes] | None = None
        self._reaper: subprocess.Popen[bytes] | None = None
        self._leader = 0
        for part in ("upper", "work", "root", "docker"):
            (folder / part).mkdir(parents=True, exist_ok=True)

    @property
    def disk(self) -> Path:
        """What the machine has written, and what it is to find: only while it is off."""
        return self._folder / "upper"

    def start(self) -> None:
        """Switch it on, unless it is; it is up when `multi-user.target` is.

        Raises:
            DidNotStart: it is not up within `BOOT_SECONDS`.
        """
        if self._process is not None:
            return
        self._reaper = subprocess.Popen(
            ["sh", "-c", _REAPER, "sh", self._cgroup], stdin=subprocess.PIPE, start_new_session=True
        )
        script = "\n".join(self._booting())
        with (self._folder / "console.log").open("ab") as console:
            self._process = subprocess.Popen(
                [*IN_A_NAMESPACE, "sh", "-euc", script],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
                env=os.environ | {"SYSTEMD_SECCOMP": "0", "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
            )
        deadline = time.monotonic() + BOOT_SECONDS
        while not self._is_up():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.crash()
                console_lines = (self._folder / "console.log").read_text(errors="replace")
                raise DidNotStart(f"{self.name}: {' | '.join(console_lines.splitlines()[-5:])}")
            time.sleep(_PAUSE_SECONDS)  # whoever could tell of it is not up either

    def execute(self, command: str) -> tuple[int, str]:
        """Run a line of bash as root: its exit code and its stdout."""
        self.start()
        bounded = ["timeout", str(int(self.patience)), "bash", "-c", _strict(command)]
        # to a file: whom the command leaves running may keep a pipe open
        with (self._folder / "said").open("w+b") as said:
            done = self._run(bounded, said.fileno())
            said.seek(0)
            return done, said.read().decode(errors="replace")

    def crash(self) -> None:
        """Kill all of it at once; what it has written stays, flushed or not."""
        if self._process is None:
            return
        self._process.kill()  # if it was not in its cgroup yet
        assert self._reaper is not None
        self._reaper.communicate()
        self._process.wait()
        self._process = None

    def shutdown(self) -> None:
        """Switch it off in order."""
        self.execute("systemctl poweroff")
        assert self._process is not None
        deadline = time.monotonic() + self.patience
        while self._process.poll() is None:
            assert time.monotonic() < deadline, f"{self.name} does not end"
            # a systemd on its way down stops every process before it kills it, and an
            # nsenter whose child is stopped stops itself: it would never reap that child
            for pid in self._entered():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
            time.sleep(_PAUSE_SECONDS)
        self.crash()

    def _booting(self) -> Iterator[str]:
        here, cgroup = self._folder, Path("/sys/fs/cgroup") / self._cgroup.name
        # cgroup2 for this machine, whatever the host has: in this namespace only
        yield "umount -R /sys/fs/cgroup"
        yield "mount -t cgroup2 cgroup2 /sys/fs/cgroup"
        yield f"mkdir -p {cgroup}/run-in"
        yield f"echo $$ >{cgroup}/cgroup.procs"
        yield "mkdir -p /run/systemd/nspawn && mount -t tmpfs tmpfs /run/systemd/nspawn"
        yield (
            "mount -t overlay overlay"
            f" -o lowerdir={below(self._layers)},upperdir={here}/upper,workdir={here}/work"
            f" {here}/root"
        )
        if self._docker_size:
            yield f"mount -t tmpfs -o size={self._docker_size} tmpfs {here}/docker"
        yield " ".join(
            (
                "exec systemd-nspawn --quiet --boot --register=no --keep-unit --settings=no",
                f"--link-journal=no --directory={here}/root --machine={self.name}",
                "--console=read-only --private-network --resolv-conf=off --timezone=off",
                f"--capability=all --drop-capability={','.join(f'CAP_{each}' for each in _HOSTS)}",
                f"--bind={here}/docker:/var/lib/docker",
            )
        )

    def _is_up(self) -> bool:
        if not self._leader_found():
            return False
        # not is-system-running: it would wait for a sweep that a timer has just started
        return self._run(["timeout", "5", "bash", "-c", _COMES_UP], subprocess.DEVNULL) == 0

    def _leader_found(self) -> bool:
        """Whether nspawn's child is there, in a process namespace of its own."""
        assert self._process is not None
        pid = self._process.pid
        with suppress(OSError):
            for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
                if Path(f"/proc/{child}/ns/pid").readlink() != Path("/proc/self/ns/pid").readlink():
                    self._leader = int(child)
                    return True
        return False

    def _run(self, command: Sequence[str], stdout: int) -> int:
        """Run a command in the machine, as its root.

        nsenter alone would keep all that the caller may do: set the host's clock, too.
        """
        entering = [
            *("sh", "-euc", 'echo $$ >"$0"; exec "$@"', f"{self._cgroup}/run-in/cgroup.procs"),
            *("setpriv", f"--bounding-set={','.join(f'-{each.lower()}' for each in _NO_COMMANDS)}"),
            *("nsenter", f"--target={self._leader}", "--mount", "--uts", "--ipc", "--net"),
            *("--pid", "--cgroup", "--wdns=/", "env", "--ignore-environment"),
            *(f"{name}={value}" for name, value in ENVIRONMENT.items()),
        ]
        done = subprocess.run(
            [*entering, *command],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.STDOUT if stdout == subprocess.DEVNULL else None,
            check=False,
        )
        return done.returncode

    def _entered(self) -> list[int]:
        with suppress(OSError):
            return [int(pid) for pid in (self._cgroup / "run-in/cgroup.procs").read_text().split()]
        return []


def _cgroups() -> Path:
    """Where this host has its cgroup2."""
    root = Path("/sys/fs/cgroup")
    return root if (root / "cgroup.controllers").exists() else root / "unified"


def _strict(command: str) -> str:
    return f"set -euo pipefail; {command}"
