"""Each source of what may be in flight, asked by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from canon_sweep.core.checkup import Check
from canon_sweep.doctor.guard import guard_check
from canon_sweep.doctor.viewer import Viewer
from canon_sweep.engine.local.engine import LocalEngine
from canon_sweep.guard.choice import sources_of
from canon_sweep.settings.records import BuildServer, GuardSettings
from canon_sweep.settings.values import SecretFile
from doctor.looking import SERVICE, SOMEBODY
from guard.fake_builds import INCOMPLETE, QUEUE, SAYS, FakeBuilds, fake_builds


@pytest.fixture
def builds(tmp_path: Path) -> Iterator[FakeBuilds]:
    """A fake Drone, idle."""
    with fake_builds(tmp_path) as fake:
        yield fake


def drone(builds: FakeBuilds, token: Path | None = None, viewer: Viewer = SERVICE) -> Check:
    """What is found of it."""
    server = BuildServer(url=builds.url, token_file=SecretFile(token or builds.token_file))
    engine = LocalEngine(Path("/nowhere"))
    (source,) = sources_of(GuardSettings(stacks=False, drone=server), engine)
    return guard_check(source, viewer)


def test_a_source_is_asked_once(builds: FakeBuilds) -> None:
    """An idle answer has to hold for a sweep, not for who only wants to know that it comes."""
    check = drone(builds)

    assert (check.subject, check.outcome) == ("guard.drone", "ok")
    assert builds.asked == [QUEUE, INCOMPLETE]


def test_what_is_in_flight_is_told_and_nobodys_fault(builds: FakeBuilds) -> None:
    """A sweep would wait for it."""
    builds.builds()

    check = drone(builds)

    assert check.outcome == "ok"
    assert "recipes/ghost #12" in check.found


@pytest.mark.parametrize("status", SAYS)
def test_a_source_that_cannot_tell_is_a_fault(builds: FakeBuilds, status: int) -> None:
    """Each sweep would be deferred, and look busy."""
    builds.answers = dict.fromkeys(builds.answers, SAYS[status])

    check = drone(builds)

    assert check.outcome == "fail"
    assert "cannot tell" in check.found
    assert check.do


def test_a_wrong_token_is_a_fault(builds: FakeBuilds, tmp_path: Path) -> None:
    """And it is not told."""
    (tmp_path / "wrong").write_text("wrong-token\n")

    check = drone(builds, tmp_path / "wrong")

    assert check.outcome == "fail"
    assert "wrong-token" not in str(check)


def test_a_token_that_only_the_service_reads_is_unknown_to_others(
    builds: FakeBuilds, tmp_path: Path
) -> None:
    """Nobody else can ask as it does."""
    assert drone(builds, tmp_path / "none", SOMEBODY).outcome == "unknown"


def test_every_source_has_the_name_of_its_setting(builds: FakeBuilds) -> None:
    """So that who reads of one knows what to mend."""
    server = BuildServer(url=builds.url, token_file=SecretFile(builds.token_file))
    settings = GuardSettings(
        drone=server,
        woodpecker=server,
        units=("a.service",),
        processes=("a",),
        lock_files=("/run/a",),
    )

    keys = [source.key for source in sources_of(settings, LocalEngine(Path("/nowhere")))]

    assert sorted(keys) == sorted(
        f"guard.{key}"
        for key in ("drone", "woodpecker", "units", "processes", "lockFiles", "stacks")
    )
