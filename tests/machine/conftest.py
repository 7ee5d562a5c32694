"""Machines for tests, each of a test's own, gone with the test."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from debian import CannotMake
from machine import ground, rendered
from machine.container import Container
from machine.layers import layers


def _or_skip(reason: str) -> None:
    if os.environ.get("CANON_SWEEP_REQUIRE_ALL") == "1":
        pytest.fail(f"test machines are required: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def machine_layers() -> tuple[Path, ...]:
    """What every machine's disk begins with; the test is skipped where it cannot be had."""
    if os.geteuid() != 0:
        _or_skip("a machine is started by root only")
    for program in ("systemd-nspawn", "unshare", "nsenter", "setpriv"):
        if shutil.which(program) is None:
            _or_skip(f"a machine needs {program}")
    try:
        return layers()
    except CannotMake as reason:
        _or_skip(str(reason))
        raise


@pytest.fixture
def machine(machine_layers: tuple[Path, ...]) -> Iterator[Container]:
    """A machine that is still off."""
    folder = Path(tempfile.mkdtemp(prefix="canon-sweep-machine-"))
    made = Container(f"machine-{secrets.token_hex(3)}", folder, machine_layers)
    yield made
    made.remove()


@pytest.fixture
def node(machine: Container) -> Container:
    """The machine of the stories, still off: the module's texts, and what they stand on."""
    ground.prepare(machine.disk)
    rendered.install("machine", machine.disk)
    return machine
