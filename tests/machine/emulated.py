"""A machine that is a whole computer: slow, but with a clock and a power switch of its own.

What its programs have not flushed when it crashes is lost, as with a real one.
"""

from __future__ import annotations

import base64
import shlex
import socket
import subprocess
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from machine import disk
from machine.spoken import Spoken

BOOT_SECONDS = 240.0
_COMPUTER = (
    # a second processor costs the host a tenth more, and makes nothing of the story quicker
    *("-nodefaults", "-no-user-config", "-machine", "pc", "-smp", "1", "-m", "1536"),
    # no KVM: where CI is itself a virtual machine, it is there and does not work; and the more
    # a processor can do, the more of it is emulated
    *("-accel", "tcg,tb-size=512", "-cpu", "Nehalem"),
    *("-display", "none", "-no-reboot", "-device", "virtio-rng-pci"),
    *("-device", "virtio-serial", "-device", "virtconsole,chardev=shell"),
    *("-device", "nvme,drive=disk,serial=1"),
)
_KERNEL = (
    "root=/dev/nvme0n1 rootfstype=ext4 rw console=ttyS0 quiet mitigations=off audit=0 nokaslr"
    " no_timer_check cryptomgr.notests random.trust_cpu=on"
)


class Emulated(Spoken):
    """A computer whose disk is the file ``disk`` in its folder, with the kernel of a layer.

    ``clock`` is what the clock of its board says at the next start, in UTC.
    """

    def __init__(self, name: str, folder: Path, kernel: Path, clock: datetime) -> None:
        super().__init__(name)
        self.clock = clock
        # emulated, everything takes its time, and a look takes it from what is waited for
        self.patience *= 4
        self.pause = 3.0
        self._folder = folder
        self._kernel = kernel / "boot/vmlinux"
        self._process: subprocess.Popen[bytes] | None = None
        self._shell: socket.socket | None = None

    def start(self) -> None:
        """Switch it on, unless it is; it is up when its shell answers."""
        if self._process is not None:
            return
        path = self._folder / "shell"
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
            server.listen()
            server.settimeout(BOOT_SECONDS)
            self._process = subprocess.Popen(self._command(path), stdin=subprocess.DEVNULL)
            self._shell, _ = server.accept()
        path.unlink()
        self._shell.settimeout(BOOT_SECONDS)
        self._lines = self._shell.makefile("rb")
        while disk.READY not in (line := self._lines.readline()):
            assert line, f"{self.name} did not start: {self._console()}"

    def execute(self, command: str) -> tuple[int, str]:
        """Run a line of bash as root: its exit code and its stdout."""
        self.start()
        assert self._shell is not None
        words = f"timeout {self.patience:g} bash -c {shlex.quote(f'set -euo pipefail; {command}')}"
        self._shell.settimeout(self.patience + 60)
        self._shell.sendall(
            f"{words} </dev/null | (base64 -w0; echo); echo ${{PIPESTATUS[0]}}\n".encode()
        )
        said = base64.b64decode(self._lines.readline()).decode(errors="replace")
        return int(self._lines.readline()), said

    def crash(self) -> None:
        """Cut its power: what was not flushed is lost."""
        if self._process is not None:
            self._process.kill()
            self._ended()

    def shutdown(self) -> None:
        """Switch it off in order."""
        assert self._process is not None
        assert self._shell is not None
        self._shell.sendall(b"systemctl poweroff\n")
        self._process.wait(self.patience)
        self._ended()

    def _ended(self) -> None:
        assert self._process is not None
        self._process.wait()
        self._process = None
        if self._shell is not None:
            self._lines.close()
            self._shell.close()
            self._shell = None

    def _command(self, shell: Path) -> Sequence[str]:
        return (
            *("setpriv", "--pdeathsig=KILL", "qemu-system-x86_64", *_COMPUTER),
            *("-kernel", str(self._kernel), "-append", _KERNEL),
            # what the guest has written is in the file when its power goes, flushed by the host
            # or not: the host goes on
            *("-drive", f"file={self._folder}/disk,if=none,id=disk,format=raw,cache=unsafe"),
            *("-rtc", f"base={self.clock:%Y-%m-%dT%H:%M:%S}"),
            *("-chardev", f"socket,id=shell,path={shell}"),
            *("-serial", f"file:{self._folder}/console.log"),
        )

    def _console(self) -> str:
        lines = (self._folder / "console.log").read_text(errors="replace").splitlines()
        return " | ".join(lines[-5:])
