"""What systemd says of its units; nothing here starts or stops any."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from canon_sweep import process
from canon_sweep.core.names import plain
from canon_sweep.errors import HostFault


def shown(
    units: Sequence[str], properties: Sequence[str], seconds: float
) -> Iterator[Mapping[str, str]]:
    """These properties of each unit that one of the names or patterns is for.

    Raises:
        HostFault: systemd cannot be asked, or answers something else.
    """
    command = ["systemctl", "show", "--no-pager", f"--property={','.join(properties)}", "--"]
    env = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
    done = process.run([*command, *units], env=env, timeout=seconds)
    if done.exit_code != 0:
        said = plain(" ".join(done.output.split())[:200])
        raise HostFault(f"systemd cannot be asked: {said}", do="see: systemctl status")
    for block in done.output.split("\n\n"):
        pairs = (line.partition("=") for line in block.splitlines())
        unit = {key: value for key, _, value in pairs}
        if unit.keys() >= set(properties):
            yield unit
        elif block.strip():
            said = plain(" ".join(block.split())[:200])
            what = f"systemd answers what nobody can read: {said}"
            raise HostFault(what, do="see: systemctl status")
