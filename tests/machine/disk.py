"""The disk of an emulated computer: the same layers, and a root shell for the test."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from debian import CannotMake
from machine.layers import IN_A_NAMESPACE, below
from machine.rendered import enable, write
from machine.spoken import ENVIRONMENT

READY = b"the machine is yours"
_SIZE = "3G"
_SHELL = f"""\
[Unit]
Description=Root shell for the test
# as in a container: it is up when all of it is
After=basic.target

[Service]
Environment={" ".join(f"{name}={value}" for name, value in ENVIRONMENT.items())}
WorkingDirectory=/root
ExecStart=/bin/bash --norc /usr/local/sbin/test-shell
KillSignal=SIGHUP

[Install]
WantedBy=multi-user.target
"""
# the terminal is reset when nobody has it open any more, so it is set here; and a bash whose
# commands are a file, and no terminal, says nothing by itself
_PROGRAM = f"""\
exec </dev/hvc0 >/dev/hvc0 2>/dev/null
stty -F /dev/hvc0 raw -echo
echo {READY.decode()}
exec bash --norc /dev/hvc0
"""
# nobody sits at it, and nothing on it needs what these wait for: seconds, emulated
_LEFT_OUT = (
    *("getty.target", "serial-getty@ttyS0.service", "serial-getty@hvc0.service"),
    *("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer"),
    *("e2scrub_all.timer", "e2scrub_reap.service", "fstrim.timer", "systemd-pstore.service"),
    *("systemd-udevd.service", "systemd-udevd-control.socket", "systemd-udevd-kernel.socket"),
    *("systemd-udev-trigger.service", "systemd-udev-load-credentials.service"),
    *("systemd-tmpfiles-setup-dev-early.service", "kmod-static-nodes.service"),
    *("modprobe@configfs.service", "modprobe@drm.service", "modprobe@fuse.service"),
    *("modprobe@efi_pstore.service", "systemd-binfmt.service", "systemd-random-seed.service"),
    *(
        "systemd-hostnamed.service",
        "systemd-hostnamed.socket",
        "systemd-logind.service",
        "systemd-user-sessions.service",
    ),
    *("systemd-journal-catalog-update.service", "systemd-hwdb-update.service"),
    *("systemd-update-done.service", "systemd-firstboot.service"),
    *("sys-kernel-debug.mount", "sys-kernel-tracing.mount", "sys-kernel-config.mount"),
    *("sys-fs-fuse-connections.mount", "dev-hugepages.mount", "dev-mqueue.mount"),
    *("systemd-modules-load.service", "systemd-sysctl.service", "ldconfig.service"),
    *("run-lock.mount", "tmp.mount"),
)


def make(image: Path, over: Path, layers: Sequence[Path]) -> None:
    """Make a disk of a folder over the layers, the topmost first.

    Raises:
        CannotMake: there is no mke2fs, or it has failed.
    """
    if shutil.which("mke2fs") is None:
        raise CannotMake("a disk needs mke2fs")
    units = over / "etc/systemd/system"
    write(units / "test-shell.service", _SHELL)
    write(over / "usr/local/sbin/test-shell", _PROGRAM)
    enable(over, "test-shell.service", _SHELL)
    for unit in _LEFT_OUT:
        (units / unit).symlink_to("/dev/null")
    root = image.with_name("root")
    root.mkdir()
    script = "\n".join(_lines(image, root, [over, *layers]))
    done = subprocess.run(
        [*IN_A_NAMESPACE, "sh", "-euc", script], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise CannotMake(f"no disk could be made: {done.stderr[-500:]}")


def _lines(image: Path, root: Path, layers: Sequence[Path]) -> Iterator[str]:
    yield f"mount -t overlay overlay -o lowerdir={below(layers)} {root}"
    yield f"truncate -s {_SIZE} {image}"
    # filled without a journal, which is quicker, and then given one
    yield f"mke2fs -q -F -t ext4 -O ^has_journal,^resize_inode -m 0 -d {root} {image}"
    yield f"tune2fs -O has_journal {image} >/dev/null"
