"""kill -9, of a sweep or of the Docker Engine, at the moments that the engine tells of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import pytest

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code
from canon_sweep.core.result import OURS
from child import in_child
from crash import struck
from crash.matrix import Matrix, Row
from crash.swarm_fleet import SwarmFleet
from crash.tiers import heard, moments, sweeps_until, tier_on
from engine import installed
from engine.docker_host import DockerHost
from engine.installed import SWEPT, or_skip
from engine.swarm_fixture import DockerHosts
from host import own_disk
from stories.engines import LastWord
from stories.fleet import CHECKED

pytestmark = pytest.mark.swarm

# in the middle of the install, the base, the upgrade, the reattachment and the promotion; one
# quick run's clone, test and way back
FEW_OF_A_SWEEP = (8, 28, 36, 49, 66)
FEW_OF_A_QUICK_RUN = (12, 24)
# the stack half gone, and its data
FEW_OF_A_PRUNE = (2, 6)


@dataclass(frozen=True, slots=True)
class Blow:
    """What befalls a sweep, whose process it is told, and what somebody does about it later."""

    name: str
    strike: Callable[[int], object]
    mend: Callable[[], object] = lambda: None


@dataclass(frozen=True, slots=True)
class Struck:
    """In which tier a sweep was struck, empty outside of them, and which record it left."""

    tier: str
    record: str


@pytest.fixture
def swarm(docker_hosts: DockerHosts, tmp_path: Path) -> Iterator[SwarmFleet]:
    """A fleet whose one recipe has a canonical."""
    yield from _proven(tmp_path, docker_hosts.use(SWEPT))


@pytest.fixture
def own_host() -> Iterator[DockerHost]:
    """An engine that may be killed: no other test is on it."""
    host = DockerHost(or_skip(installed.newer))
    or_skip(host.start)
    yield host
    host.stop()


def _proven(folder: Path, host: str) -> Iterator[SwarmFleet]:
    fleet = SwarmFleet(folder, host=host)
    fleet.publishes("notes", "1.0.0+1")
    fleet.publishes("notes", "1.1.0+1")
    fleet.add("notes", checks=[CHECKED])
    fleet.steps = heard(fleet)
    yield fleet
    fleet.forget("notes")


def test_a_sweep_that_is_killed_leaves_a_whole_canonical(
    swarm: SwarmFleet, matrix: Matrix, every: bool
) -> None:
    """In each tier, during deploy, update and teardown, and in promotion; the next does the rest.

    Of the tiers that there are: one that is new is struck too.
    """
    points = count(1) if every else FEW_OF_A_SWEEP

    ends = _strike_sweeps(swarm, matrix, points, Blow("run", struck.kill))
    tiers = {end.tier for end in ends}
    rest = moments(swarm.steps, every=every, struck=tiers)
    tiers |= set(_strike_tiers(swarm, matrix, rest))

    if every:
        assert {end.record for end in ends} == {"old", "new"}
    else:
        assert len(ends) == len(FEW_OF_A_SWEEP)
    assert tiers >= set(OURS)


def test_an_engine_that_is_killed_costs_no_canonical(
    own_host: DockerHost, tmp_path: Path, matrix: Matrix, every: bool
) -> None:
    """It is started again, and the sweep goes on; or both are, and it brings up what it had."""

    def restart(_pid: int) -> None:
        own_host.kill()
        own_host.start_again()

    def reboot(pid: int) -> None:
        struck.kill(pid)
        restart(pid)

    for fleet in _proven(tmp_path, own_host.url):
        points = count(2, 5) if every else (15,)
        assert _strike_sweeps(fleet, matrix, points, Blow("run, and dockerd is killed", restart))
        points = count(2, 5) if every else (32,)
        assert _strike_sweeps(fleet, matrix, points, Blow("run, and a reboot", reboot))


@pytest.fixture
def small_host() -> Iterator[DockerHost]:
    """An engine that has a disk to itself: images, volumes and the Swarm's memory are on it."""
    host = DockerHost(or_skip(installed.newer))
    try:
        host.data.mkdir()
        with own_disk(host.data, "size=400m"):
            or_skip(host.start)
            yield host
    finally:
        host.stop()


def _filled(host: DockerHost) -> Blow:
    """There is no room any more, all at once; then there is."""
    filler = host.data / "filler"

    def fill(_pid: int) -> None:
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(65536)):
                pass

    return Blow("and its disk is full", fill, filler.unlink)


def test_a_disk_that_is_full_all_at_once_costs_no_canonical(
    small_host: DockerHost, tmp_path: Path, matrix: Matrix, every: bool
) -> None:
    """In deploy, update and promotion."""
    for fleet in _proven(tmp_path, small_host.url):
        points = count(2, 5) if every else (32,)
        blow = _filled(small_host)
        assert _strike_sweeps(fleet, matrix, points, replace(blow, name=f"run, {blow.name}"))


def _strike_sweeps(
    swarm: SwarmFleet,
    matrix: Matrix,
    points: Iterable[int],
    blow: Blow,
) -> list[Struck]:
    """What each blow has met and left, in order; after a sweep's last moment there is none."""
    common = swarm.there() - swarm.kept()
    ends: list[Struck] = []
    for point in points:
        old, new = swarm.canonical("notes").tag, f"1.{swarm.clock}.0+1"
        swarm.publishes("notes", new)

        moment = struck.strike(swarm.host, swarm.sweeps, point, blow.strike)

        if moment:
            blow.mend()
        tier = tier_on(swarm)
        record = _mended(swarm, old, new)
        left = swarm.there() - swarm.kept() - common
        if moment:
            ends.append(Struck(tier, record))
            matrix.add(Row("swarm", blow.name, f"{point} {moment}", record, len(left)))
        assert not left
        if not moment:
            break
    return ends


def _strike_tiers(
    swarm: SwarmFleet, matrix: Matrix, moments: Iterable[tuple[str, str]]
) -> Iterator[str]:
    """Each of these tiers is struck before a step of its own, where no event tells of one."""
    common = swarm.there() - swarm.kept()
    for number, (tier, step) in enumerate(moments, start=1):
        old, new, last = swarm.canonical("notes").tag, f"1.{swarm.clock}.0+1", LastWord()
        swarm.publishes("notes", new)

        assert in_child(sweeps_until(swarm, tier, step, last)) != 0, (tier, step)

        yield tier_on(swarm)
        assert _mended(swarm, old, new) == "old"
        left = swarm.there() - swarm.kept() - common
        matrix.add(Row("swarm", "run, each tier", f"{number} {last.text}", "old", len(left)))
        assert not left


def _mended(swarm: SwarmFleet, old: str, new: str) -> str:
    """Which release a struck sweep has left, the old or the new; the next one does the rest."""
    record = swarm.whole("notes")
    assert record.tag in (old, new)
    after = swarm.sweeps()["notes"]
    assert after.outcome in (Outcome.PROMOTED, None), after.why
    assert swarm.whole("notes").tag == new, after.why
    assert swarm.state().journal.entries() == ()
    # whatever struck, it was not the recipe
    outcomes = {attempt.outcome for attempt in swarm.state().ledger.index().all}
    assert outcomes <= {Outcome.PROMOTED, Outcome.INFRA}
    return "new" if record.tag == new else "old"


def test_a_quick_run_that_is_killed_is_put_back(
    swarm: SwarmFleet, matrix: Matrix, every: bool
) -> None:
    """At any moment: the canonical's data is what it was, byte for byte."""
    points = count(1) if every else FEW_OF_A_QUICK_RUN

    times = _strike_quick_runs(swarm, matrix, points, Blow("test --quick", struck.kill))

    assert times > 10 if every else times == len(FEW_OF_A_QUICK_RUN)


def test_a_disk_that_is_full_in_a_quick_run_costs_no_canonical(
    small_host: DockerHost, tmp_path: Path, matrix: Matrix, every: bool
) -> None:
    """While the snapshot is taken, in the test, and on the way back."""
    for fleet in _proven(tmp_path, small_host.url):
        # nothing becomes ready on a full disk
        fleet.add("notes", timeouts={"deploy": "15s"})
        points = count(1, 5) if every else (2,)
        blow = _filled(small_host)
        named = replace(blow, name=f"test --quick, {blow.name}")
        assert _strike_quick_runs(fleet, matrix, points, named)


def _strike_quick_runs(swarm: SwarmFleet, matrix: Matrix, points: Iterable[int], blow: Blow) -> int:
    """How often it was struck: after a quick run's last moment it is not."""
    times = 0
    swarm.publishes("notes", None, 'echo x > "$$DATA/changed"; exec sleep 1000')
    before, common = swarm.digest("notes"), swarm.there()
    for point in points:
        moment = struck.strike(
            swarm.host, lambda: swarm.tests("notes", ref="main", quick=True), point, blow.strike
        )

        if moment:
            blow.mend()
        assert swarm.sweeps()["notes"].code is Code.NO_NEW_VERSION
        left = swarm.there() - common
        if moment:
            times += 1
            matrix.add(Row("swarm", blow.name, f"{point} {moment}", "old", len(left)))
        assert not left
        assert swarm.digest("notes") == before
        assert swarm.state().journal.entries() == ()
        outcomes = {attempt.outcome for attempt in swarm.state().ledger.index().all}
        assert outcomes <= {Outcome.PROMOTED, Outcome.PASSED, Outcome.INFRA}
        if not moment:
            break
    return times


def test_a_prune_that_is_killed_leaves_no_more_than_the_next_removes(
    swarm: SwarmFleet, matrix: Matrix, every: bool
) -> None:
    """At any moment: a stack, its secret and its volume go, and the canonical stays whole."""
    common = swarm.there()
    digest = swarm.digest("notes")
    times = 0
    for point in count(1) if every else FEW_OF_A_PRUNE:
        swarm.leaves(f"left-{point:06x}_ci_localhost")
        assert swarm.there() > common

        moment = struck.strike(swarm.host, swarm.prunes, point, struck.kill)

        assert swarm.prunes().exit_code == 0
        left = swarm.there() - common
        if moment:
            times += 1
            matrix.add(Row("swarm", "prune", f"{point} {moment}", "old", len(left)))
        assert not left
        assert swarm.whole("notes").tag == "1.1.0+1"
        assert swarm.digest("notes") == digest
        if not moment:
            break
    assert times > 5 if every else times == len(FEW_OF_A_PRUNE)
