"""What a stack needs of the Swarm besides itself: told when missing, given when free."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from canon_sweep.engine.swarm.engine import SwarmEngine
from canon_sweep.engine.swarm.overlay import STACK as OF_STACK
from canon_sweep.engine.swarm.ready import Limits
from canon_sweep.errors import HostFault, RecipeFault
from engine.contract import Bench, service

pytestmark = pytest.mark.swarm

STACK = "outs-1a2b3c_ci_localhost"
KINDS = ("secret", "config")


@pytest.fixture
def bench(docker_host: str, tmp_path: Path) -> Iterator[Bench]:
    """A recipe on the session's Swarm, cleaned away afterwards."""
    engine = SwarmEngine(docker_host, limits=Limits(patience=0, settle=0.3))
    bench = Bench(engine, tmp_path / "recipe", STACK, "outs-1a2b3c.ci.localhost")
    yield bench
    bench.clean()


@pytest.fixture
def client(docker_host: str) -> Iterator[Any]:
    """The Docker API, whose secrets and configs of this file's are removed afterwards."""
    client = docker.APIClient(docker_host, version="1.41")
    yield client
    for kind in KINDS:
        for body in getattr(client, f"{kind}s")(filters={"name": "outside"}):
            getattr(client, f"remove_{kind}")(body["ID"])
    client.close()


def wanting(kind: str) -> dict[str, Any]:
    """A compose file's table with one external secret or config."""
    return {f"{kind}s": {"x": {"external": True, "name": "outside"}}}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_missing_is_the_hosts_fault(bench: Bench, kind: str) -> None:
    """The operator is told the command that makes it."""
    app = bench.app(**wanting(kind))

    with pytest.raises(HostFault, match="outside does not exist") as caught:
        bench.engine.prepare(app, 60)

    assert caught.value.do == f"docker {kind} create outside FILE"


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_stack_of_ours_has_is_given_to_no_other(
    bench: Bench, client: Any, kind: str
) -> None:
    """Also where no record of this state folder names it."""
    getattr(client, f"create_{kind}")("outside", b"x", labels={OF_STACK: "canon-1_ci"})
    app = bench.app(**wanting(kind))

    with pytest.raises(RecipeFault, match="belongs to the stack canon-1_ci"):
        bench.engine.prepare(app, 60)


def test_what_is_there_is_read_and_outlives_the_stack(bench: Bench, client: Any) -> None:
    """An operator's secret and config, in the service that asks for them."""
    client.create_secret("outside", b"whisper")
    client.create_config("outside", b"motd")
    body = service("1.0.0+1")
    body["secrets"] = ["pw"]
    body["configs"] = [*body.get("configs", []), {"source": "motd", "target": "/motd"}]
    own = {"program": {"file": "./app.py", "name": "${STACK_NAME}_program_v1"}}
    app = bench.app(
        services={"app": body},
        secrets={"pw": {"external": True, "name": "outside"}},
        configs=own | {"motd": {"external": True, "name": "outside"}},
    )

    bench.up(app)

    assert bench.shell("cat /run/secrets/pw /motd") == "whispermotd"
    assert bench.engine.secrets(STACK) == ()
    bench.clean()
    assert [body["Spec"]["Name"] for body in client.secrets()] == ["outside"]
    assert [body["Spec"]["Name"] for body in client.configs()] == ["outside"]
