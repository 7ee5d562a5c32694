"""Machines for tests, each of a test's own, gone with the test."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from debian import CannotMake
from forge.program import CannotBuild
from forge.program import layer as forge_layer
from machine import disk, ground, kernel, rendered
from machine.container import Container
from machine.emulated import Emulated
from machine.layers import layers

_PROGRAMS = ("systemd-nspawn", "unshare", "nsenter", "setpriv")


def _or_skip(reason: str) -> None:
    if os.environ.get("CANON_SWEEP_REQUIRE_ALL") == "1":
        pytest.fail(f"test machines are required: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def machine_layers() -> tuple[Path, ...]:
    """What every machine's disk begins with; the test is skipped where it cannot be had."""
    if os.geteuid() != 0:
        _or_skip("a machine is started by root only")
    for program in _PROGRAMS:
        if shutil.which(program) is None:
            _or_skip(f"a machine needs {program}")
    try:
        return layers()
    except CannotMake as reason:
        _or_skip(str(reason))
        raise


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where a machine has what it writes."""
    made = Path(tempfile.mkdtemp(prefix="canon-sweep-machine-"))
    yield made
    shutil.rmtree(made)


@pytest.fixture
def machine(machine_layers: tuple[Path, ...], folder: Path) -> Iterator[Container]:
    """A machine that is still off."""
    made = Container(f"machine-{secrets.token_hex(3)}", folder, machine_layers)
    yield made
    made.crash()


@pytest.fixture
def node(machine: Container) -> Container:
    """The machine of the stories, still off: the module's texts, and what they stand on."""
    return _with_texts("machine", machine)


@pytest.fixture
def changed_over(machine: Container) -> Container:
    """The same with a harness that was there before, which the story brings."""
    return _with_texts("changeover", machine)


@pytest.fixture
def small_disk(machine_layers: tuple[Path, ...], folder: Path) -> Iterator[Container]:
    """The machine of the stories with a disk for Docker that nobody else writes to, still off."""
    name = f"machine-{secrets.token_hex(3)}"
    made = _with_texts("machine", Container(name, folder, machine_layers, docker_size="2G"))
    yield made
    made.crash()


@pytest.fixture
def beside_forge(machine_layers: tuple[Path, ...], folder: Path) -> Iterator[Container]:
    """The machine of the stories with a forge on it, still off."""
    try:
        above = forge_layer()
    except CannotBuild as reason:
        _or_skip(str(reason))
        raise
    name = f"machine-{secrets.token_hex(3)}"
    made = _with_texts("forge", Container(name, folder, (above, *machine_layers)))
    ground.forge(made.disk)
    yield made
    made.crash()


@pytest.fixture
def local_node(machine: Container) -> Container:
    """A machine without Docker, still off: the local engine, mirrors in its own folders."""
    _install_local(machine.disk)
    return machine


@pytest.fixture
def computer(machine_layers: tuple[Path, ...], folder: Path) -> Iterator[Emulated]:
    """The same as a whole computer, still off, on a Saturday at noon.

    Without Docker: emulated, that takes minutes.
    """
    if shutil.which("qemu-system-x86_64") is None:
        _or_skip("a computer needs qemu-system-x86_64")
    *above, root = machine_layers
    try:
        with_kernel = [*above, kernel.layer(), root]
        _install_local(folder / "over")
        disk.make(folder / "disk", folder / "over", with_kernel)
    except CannotMake as reason:
        _or_skip(str(reason))
        raise
    made = Emulated("computer", folder, kernel.layer(), datetime(2027, 1, 2, 12))
    yield made
    made.crash()


def _with_texts(host: str, machine: Container) -> Container:
    ground.git_server(machine.disk)
    ground.swarm(machine.disk)
    ground.fake_drone(machine.disk)
    rendered.install(host, machine.disk)
    return machine


def _install_local(folder: Path) -> None:
    ground.git_server(folder)
    rendered.install("local", folder)
