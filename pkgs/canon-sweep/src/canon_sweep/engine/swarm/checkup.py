"""What a Docker Engine and its Swarm are like, before anything is deployed on them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from functools import partial

from canon_sweep.core.checkup import Check, fail, ok, warn
from canon_sweep.core.count import counted
from canon_sweep.core.names import plain
from canon_sweep.engine.protocol import Question
from canon_sweep.engine.swarm.api import Body, Docker
from canon_sweep.engine.swarm.facts import NAMESPACE
from canon_sweep.engine.swarm.login import login_of
from canon_sweep.errors import HostFault
from canon_sweep.settings.records import Registry
from canon_sweep.settings.tables import key_of

_MAKE_NETWORK = "docker network create --driver overlay --attachable proxy"


def questions(docker: Docker, registries: Mapping[str, Registry]) -> tuple[Question, ...]:
    """What can be asked, each beside the others."""
    logins = (partial(_login, docker, host, registries) for host in sorted(registries))
    return (partial(_engine, docker), partial(_networks, docker), *logins)


def _engine(docker: Docker) -> Iterator[Check]:
    about = docker.info()
    version = plain(str(about.get("ServerVersion") or "of no version"))
    yield ok("engine", f"Docker {version} answers at {docker.host}")
    yield _swarm(docker, about)
    if shutil.which("docker") is None:
        found = "there is no docker command, which deploys stacks"
        yield fail("engine.command", found, "install it, and put it into the service's PATH")


def _swarm(docker: Docker, about: Body) -> Check:
    swarm = about.get("Swarm") or {}
    state = plain(str(swarm.get("LocalNodeState") or "inactive"))
    if state == "active" and swarm.get("ControlAvailable"):
        nodes = int(swarm.get("Nodes") or 1)
        where = "its only node" if nodes == 1 else "the node that volumes are kept on"
        return ok("engine.swarm", f"a manager of a Swarm of {counted(nodes, 'node')}, {where}")
    if about.get("LiveRestoreEnabled"):
        step = "set live-restore to false, which does not go with a Swarm; then docker swarm init"
    elif state == "locked":
        step = "docker swarm unlock"
    elif state == "active":
        step = f"run canon-sweep on a manager, or docker node promote {swarm.get('NodeID')}"
    else:
        step = "docker swarm init"
    why = plain(str(swarm.get("Error") or ""))
    found = f"Docker at {docker.host} is no manager of an active Swarm: it is {state}"
    return fail("engine.swarm", found + (f" ({why})" if why else ""), step)


def _networks(docker: Docker) -> Iterator[Check]:
    """The overlay networks that stacks may share; which of them a recipe needs, its files say."""
    shared = sorted(
        plain(str(body["Name"]))
        for body in docker.overlays()
        if not body.get("Ingress") and NAMESPACE not in (body.get("Labels") or {})
    )
    if shared:
        yield ok("network", f"overlay networks that stacks can share: {', '.join(shared)}")
    else:
        found = "no overlay network that stacks could share, and most recipes need proxy"
        yield warn("network", found, _MAKE_NETWORK)


def _login(docker: Docker, host: str, registries: Mapping[str, Registry]) -> Iterator[Check]:
    subject = key_of("registries", host)
    try:
        docker.log_in(login_of(host, registries))
    except HostFault as fault:
        step = fault.do or "see the username, and write a new password into its passwordFile"
        yield fail(subject, f"{host} does not take the login: {fault.what}", step)
    else:
        yield ok(subject, f"{host} takes the login of {plain(registries[host].username)}")
