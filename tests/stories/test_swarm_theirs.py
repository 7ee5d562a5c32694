"""A harness that promotes by itself beside a real Docker: its volumes are seen there."""

from __future__ import annotations

import shutil

import pytest

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code
from canon_sweep.job.adopt import run_adopt
from engine.docker_host import BUSYBOX
from stories.outside import OutsideFleet
from stories.test_swarm import docker
from stories.test_swarm_outside import SwarmOutside

pytestmark = pytest.mark.swarm

VOLUME = "warm-notes_ci_localhost_data"


def test_volumes_of_a_docker_are_what_makes_a_canonical_whole(
    docker_host: str, outside: OutsideFleet
) -> None:
    """Promoted with them, adopted with them, and told when one is gone; none is ours to remove."""
    fleet = SwarmOutside(outside.folder)
    fleet.host = docker_host
    fleet.uses_ccci()
    fleet.uses_docker(docker_host, BUSYBOX)
    fleet.releases("notes", "1.0.0+1", "no-volume")
    fleet.releases("notes", "1.1.0+1")
    try:
        night, again = fleet.sweeps(), fleet.sweeps()
        assert night["notes"].outcome is Outcome.PROMOTED, night["notes"].reason
        assert again.results.noop
        assert [each.problems for each in fleet.verifies()] == [()]

        # another canon-sweep, that knows nothing of it
        shutil.rmtree(fleet.folder / "state")
        (one,) = run_adopt(fleet.settings(), (), fleet.means(), dry_run=False).canonicals
        assert one.outcome == "adopted", one.why
        assert fleet.sweeps()["notes"].code is Code.NO_NEW_VERSION
    finally:
        docker(docker_host, "volume", "rm", VOLUME)

    (finding,) = fleet.verifies()
    assert f"volumes missing ({VOLUME} does not exist)" in finding.problems[0]
    fleet.releases("notes", "1.2.0+1", "no-volume")
    failed = fleet.sweeps()["notes"]
    assert failed.outcome is Outcome.PROMOTE_FAILED
    assert f"volume {VOLUME} does not exist" in failed.reason
