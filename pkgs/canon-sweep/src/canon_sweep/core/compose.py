"""A recipe's compose files as facts: services, volumes, secrets, labels.

The files are read for what the sweep has to know.  What is deployed on a Swarm
is left to ``docker stack deploy``, which reads the same files itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from canon_sweep.core import composefile, names, secret
from canon_sweep.core.composefile import given_name, is_external
from canon_sweep.core.envfile import Comment
from canon_sweep.core.secret import Secret
from canon_sweep.core.service import Service, has_check, pairs, service_of
from canon_sweep.core.unread import Unread
from canon_sweep.errors import RecipeFault


@dataclass(frozen=True, slots=True)
class Compose:
    """The merged and interpolated compose files of one deployment.

    ``volumes`` maps each of the stack's own volumes to its full name;
    ``networks`` are the external ones by full name; ``files`` the files of this
    machine that any of the compose files names, for whoever can see where they are;
    ``timeout`` is the ``timeout`` label in seconds, ``version`` the version label;
    ``unread`` is what is asked of secrets and cannot be done; ``written`` is each file
    as it is written, ``parts`` the same with variables filled in, ``tree`` all as one.
    """

    services: Mapping[str, Service]
    volumes: Mapping[str, str]
    secrets: tuple[Secret, ...]
    networks: tuple[str, ...]
    files: tuple[str, ...]
    timeout: float | None
    version: str | None
    unread: tuple[Unread, ...]
    written: tuple[Mapping[str, Any], ...] = field(repr=False)
    parts: tuple[Mapping[str, Any], ...] = field(repr=False)
    tree: Mapping[str, Any] = field(repr=False)

    @property
    def checked(self) -> bool:
        """Whether any service has a health check, or says when it is ready without one."""
        running = (name for name, service in self.services.items() if service.replicas)
        return any(has_check(self.tree["services"][name]) for name in running)


def parse(
    texts: Mapping[str, str], stack: str, env: Mapping[str, str], comments: Mapping[str, Comment]
) -> Compose:
    """Read compose files (text by file name, later ones override) for one stack.

    ``comments`` has what stands behind variables: of what to make the secrets.

    Raises:
        RecipeFault: a file is not YAML, not a compose file, or not safe to deploy.
    """
    tree: dict[str, Any] = {}
    raws: list[Mapping[str, Any]] = []
    parts: list[Mapping[str, Any]] = []
    files: list[str] = []
    written: dict[str, str] = {}
    for name, text in texts.items():
        raw = composefile.load(name, text)
        part = composefile.filled(raw, env, name)
        written |= secret.written(raw)
        # each by itself too: a later file can hide from us what the deploy still reads
        _volumes(part, stack, name)
        _networks(part, name)
        files += _files(part, name)
        raws.append(raw)
        parts.append(part)
        tree = composefile.merged(tree, part)
    shown = " + ".join(texts)
    bodies = _table(tree, "services", shown)
    services = {name: service_of(name, body, env, shown) for name, body in bodies}
    if not services:
        raise RecipeFault(f"{shown} has no services")
    if not any(service.replicas for service in services.values()):
        raise RecipeFault(f"{shown}: every service has 0 replicas, so nothing would run")
    external = [
        (key, given or key)
        for key, body, given in _named(tree, "secrets", shown)
        if is_external(body)
    ]
    own = secret.own(external, tree, written, env, stack=stack, where=shown)
    secrets, unread = secret.with_modifiers(own, written, comments)
    labels = _labels(tree, shown)
    prefix = f"coop-cloud.{stack}."
    return Compose(
        services=services,
        volumes=_volumes(tree, stack, shown),
        secrets=secrets,
        networks=_networks(tree, shown),
        files=tuple(files),
        timeout=_timeout(labels.get(f"{prefix}timeout")),
        version=labels.get(f"{prefix}version"),
        unread=unread,
        written=tuple(raws),
        parts=tuple(parts),
        tree=tree,
    )


def _table(tree: Mapping[str, Any], key: str, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    table = tree.get(key) or {}
    if not isinstance(table, dict):
        raise RecipeFault(f"{where}: {key} is no table")
    kind = key.removesuffix("s")
    for name, body in table.items():
        problem = names.part_problem(name, kind)
        if problem:
            raise RecipeFault(f"{where}: {problem}")
        if not isinstance(body, dict | None):
            raise RecipeFault(f"{where}: {key}.{name} is no table")
        yield name, body or {}


def _labels(tree: Mapping[str, Any], where: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, body in _table(tree, "services", where):
        deploy = body.get("deploy") or {}
        for part in (body, deploy):
            labels = pairs(part.get("labels"), f"{where}: services.{name}: labels")
            found |= {key: value or "" for key, value in labels.items()}
    return found


def _timeout(text: str | None) -> float | None:
    if text is None or not text.strip().isdecimal() or len(text) > 6:
        return None
    return float(text)


def _named(
    tree: Mapping[str, Any], key: str, where: str
) -> Iterator[tuple[str, dict[str, Any], str | None]]:
    """Each of a top-level table: its key, its body, the full name that it is given."""
    for name, body in _table(tree, key, where):
        pairs(body.get("labels"), f"{where}: {key}.{name}: labels")
        yield name, body, given_name(body)


def _files(tree: Mapping[str, Any], where: str) -> Iterator[str]:
    for kind in ("configs", "secrets"):
        for name, body, _ in _named(tree, kind, where):
            if body.get("file") is not None:
                yield _path(body["file"], f"{where}: {kind}.{name}: file")
    for name, body in _table(tree, "services", where):
        given = body.get("env_file")
        for path in given if isinstance(given, list) else [given]:
            if path is not None:
                yield _path(path, f"{where}: services.{name}: env_file")


def _path(given: Any, at: str) -> str:
    if not isinstance(given, str) or not given:
        raise RecipeFault(f"{at} is no path")
    return given


def _networks(tree: Mapping[str, Any], where: str) -> tuple[str, ...]:
    found = []
    for key, body, given in _named(tree, "networks", where):
        problem = names.part_problem(given or key, "network")
        if problem:
            raise RecipeFault(f"{where}: {problem}")
        if is_external(body):
            found.append(given or key)
    return tuple(found)


def _volumes(tree: Mapping[str, Any], stack: str, where: str) -> dict[str, str]:
    found = {}
    for key, body, given in _named(tree, "volumes", where):
        if is_external(body):
            raise RecipeFault(
                f"{where}: volume {key} is external: it is never cold, and could be a canonical's",
                do=f"let {key} be the stack's own",
            )
        full = given or f"{stack}_{key}"
        problem = names.part_problem(full, "volume")
        if problem:
            raise RecipeFault(f"{where}: {problem}")
        if not full.startswith(f"{stack}_"):
            # two deployments would share it: nothing could be cold, nothing kept apart
            raise RecipeFault(
                f"{where}: volume {key} is named {names.printable(full)}, outside its stack",
                do="name it ${STACK_NAME}_" + key,
            )
        found[key] = full
    return found
