"""What a Docker Engine and its Swarm are like, before anything is deployed on them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from functools import partial

import msgspec

from canon_sweep.core.checkup import Check, fail, ok, warn
from canon_sweep.core.count import counted
from canon_sweep.core.names import plain
from canon_sweep.core.shared import shared_by
from canon_sweep.engine.protocol import App, Question
from canon_sweep.engine.swarm.api import Body, Docker
from canon_sweep.engine.swarm.facts import NAMESPACE
from canon_sweep.engine.swarm.login import login_of
from canon_sweep.engine.swarm.pull import LoginFault, PullFault
from canon_sweep.engine.swarm.registry import Word
from canon_sweep.errors import RecipeFault
from canon_sweep.settings.records import Registry
from canon_sweep.settings.tables import key_of

_NETWORK = "docker network create --driver overlay --attachable {}"
_MOST_SHOWN = 5


def questions(
    docker: Docker, registries: Mapping[str, Registry], apps: Callable[[], Iterable[App]]
) -> tuple[Question, ...]:
    """What can be asked, each beside the others."""
    logins = (partial(_login, docker, host, registries) for host in sorted(registries))
    return (partial(_engine, docker), partial(_outside, docker, apps), *logins)


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


def _outside(docker: Docker, apps: Callable[[], Iterable[App]]) -> Iterator[Check]:
    """What stacks need of the Swarm that they do not bring themselves."""
    needed = _Needed()
    for app in apps():
        needed.add(app)
    if not needed.recipes:
        yield _shareable(docker)
        return
    # one by one: those of the node itself are no overlays, and let be named as well
    networks = {name for name in needed.networks if docker.network(name) is not None}
    secrets = {str(body["Spec"]["Name"]) for body in docker.secrets()}
    configs = {str(body["Spec"]["Name"]) for body in docker.configs()}
    yield from _lacking("network", needed.networks, networks, _NETWORK)
    yield from _lacking("secret", needed.secrets, secrets, "docker secret create {} FILE")
    yield from _lacking("config", needed.configs, configs, "docker config create {} FILE")


class _Needed(msgspec.Struct, frozen=True):
    """What is external, by its name, with the recipes whose latest release needs it."""

    recipes: set[str] = msgspec.field(default_factory=set)
    networks: dict[str, list[str]] = msgspec.field(default_factory=dict)
    secrets: dict[str, list[str]] = msgspec.field(default_factory=dict)
    configs: dict[str, list[str]] = msgspec.field(default_factory=dict)

    def add(self, app: App) -> None:
        """One more app; what is wrong with its files is told by a test."""
        self.recipes.add(app.recipe)
        for network in app.source.compose.networks:
            self.networks.setdefault(network, []).append(app.recipe)
        with suppress(RecipeFault):
            shared = shared_by(app.source.compose, app.stack)
            for secret in shared.secrets:
                self.secrets.setdefault(secret, []).append(app.recipe)
            for config in shared.configs:
                self.configs.setdefault(config, []).append(app.recipe)


def _lacking(
    kind: str, needed: Mapping[str, Sequence[str]], there: Set[str], make: str
) -> Iterator[Check]:
    for name, recipes in sorted(needed.items()):
        if name not in there:
            whose = ", ".join(recipes[:_MOST_SHOWN]) + (", …" if recipes[_MOST_SHOWN:] else "")
            found = f"there is no {kind} {plain(name)} on the Swarm, which {whose} shares"
            yield fail(f"{kind} {plain(name)}", found, make.format(plain(name)))
    if needed and needed.keys() <= there:
        names = ", ".join(map(plain, sorted(needed)))
        yield ok(f"{kind}s", f"what recipes share is there: {names}")


def _shareable(docker: Docker) -> Check:
    """The overlay networks that stacks may share, where nobody knows yet which they need."""
    shared = sorted(
        plain(str(body["Name"]))
        for body in docker.overlays()
        if not body.get("Ingress") and NAMESPACE not in (body.get("Labels") or {})
    )
    if shared:
        return ok("networks", f"overlay networks that stacks can share: {', '.join(shared)}")
    found = "no overlay network that stacks could share, and most recipes need proxy"
    return warn("networks", found, _NETWORK.format("proxy"))


def _refused(subject: str, host: str, fault: PullFault) -> Check:
    """A login that does not pass; of a registry that is away nobody knows whether it would."""
    if isinstance(fault, LoginFault) or fault.word is Word.LOGIN:
        step = "see the username, and write a new password into its passwordFile"
        return fail(subject, f"{host} does not take the login: {fault.what}", fault.do or step)
    found = f"whether {host} takes the login cannot be asked: {fault.what}"
    return fail(subject, found, "see whether the engine's machine reaches it")


def _login(docker: Docker, host: str, registries: Mapping[str, Registry]) -> Iterator[Check]:
    subject = key_of("registries", host)
    try:
        docker.log_in(login_of(host, registries))
    except PullFault as fault:
        yield _refused(subject, host, fault)
    else:
        yield ok(subject, f"{host} takes the login of {plain(registries[host].username)}")
