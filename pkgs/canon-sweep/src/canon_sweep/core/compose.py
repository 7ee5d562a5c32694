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
from canon_sweep.core.unread import Unread
from canon_sweep.errors import RecipeFault

MAX_REPLICAS = 100


@dataclass(frozen=True, slots=True)
class Service:
    """One service: what runs, on which volumes (volume key by mount path)."""

    name: str
    image: str
    replicas: int
    mounts: Mapping[str, str]
    environment: Mapping[str, str]
    local: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Compose:
    """The merged and interpolated compose files of one deployment.

    ``volumes`` maps each of the stack's own volumes to its full name;
    ``networks`` are the external ones by full name; ``files`` the files of this
    machine that any of the compose files names, for whoever can see where they are;
    ``timeout`` is the ``timeout`` label in seconds, ``version`` the version label;
    ``unread`` is what is asked of secrets and cannot be done; ``parts`` is each file by
    itself, ``tree`` all of them as one.
    """

    services: Mapping[str, Service]
    volumes: Mapping[str, str]
    secrets: tuple[Secret, ...]
    networks: tuple[str, ...]
    files: tuple[str, ...]
    timeout: float | None
    version: str | None
    unread: tuple[Unread, ...]
    parts: tuple[Mapping[str, Any], ...] = field(repr=False)
    tree: Mapping[str, Any] = field(repr=False)

    @property
    def checked(self) -> bool:
        """Whether any service has a health check, or says when it is ready without one."""
        running = (name for name, service in self.services.items() if service.replicas)
        return any(_has_check(self.tree["services"][name]) for name in running)


def parse(
    texts: Mapping[str, str], stack: str, env: Mapping[str, str], comments: Mapping[str, Comment]
) -> Compose:
    """Read compose files (text by file name, later ones override) for one stack.

    ``comments`` has what stands behind variables: of what to make the secrets.

    Raises:
        RecipeFault: a file is not YAML, not a compose file, or not safe to deploy.
    """
    tree: dict[str, Any] = {}
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
        parts.append(part)
        tree = composefile.merged(tree, part)
    shown = " + ".join(texts)
    services = {name: _service(name, body, shown) for name, body in _table(tree, "services", shown)}
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


def _service(name: str, body: Mapping[str, Any], where: str) -> Service:
    deploy = body.get("deploy") or {}
    local = body.get("x-canon-sweep") or {}
    image = body.get("image")
    if not isinstance(deploy, dict) or not isinstance(local, dict):
        raise RecipeFault(f"{where}: services.{name}: deploy and x-canon-sweep must be tables")
    if not isinstance(image, str) or not image:
        raise RecipeFault(f"{where}: services.{name} has no image")
    at = f"{where}: services.{name}"
    if not isinstance(body.get("networks"), list | dict | None):
        raise RecipeFault(f"{at}: networks is neither a list nor a table")
    return Service(
        name=name,
        image=image,
        replicas=_replicas(deploy.get("replicas", 1), at),
        mounts=dict(_mounts(body.get("volumes"), at)),
        environment=_pairs(body.get("environment"), f"{at}: environment"),
        local=local,
    )


def _has_check(body: Mapping[str, Any]) -> bool:
    check = body.get("healthcheck")
    if isinstance(check, dict) and not check.get("disable"):
        return check.get("test") not in ("NONE", ["NONE"])
    return bool((body.get("x-canon-sweep") or {}).get("ready"))


def _replicas(value: Any, at: str) -> int:
    is_whole = isinstance(value, int | float) and not isinstance(value, bool) and value % 1 == 0
    is_digits = isinstance(value, str) and value.isascii() and value.strip().isdecimal()
    if not is_whole and not is_digits:
        raise RecipeFault(f"{at}: replicas is no number")
    if isinstance(value, str) and len(value) > 9:
        value = MAX_REPLICAS + 1
    if not 0 <= int(value) <= MAX_REPLICAS:
        raise RecipeFault(f"{at}: replicas is not between 0 and {MAX_REPLICAS}")
    return int(value)


def _mounts(entries: Any, at: str) -> Iterator[tuple[str, str]]:
    if not isinstance(entries, list | None):
        raise RecipeFault(f"{at}: volumes is no list")
    for entry in entries or []:
        if isinstance(entry, dict):
            if entry.get("type", "volume") == "volume" and entry.get("source"):
                yield str(entry.get("target")), str(entry["source"])
        elif isinstance(entry, str) and ":" in entry:
            source, target = entry.split(":")[:2]
            if source and source[0] not in "./~":
                yield target, source


def _pairs(entries: Any, at: str) -> dict[str, str]:
    """Labels and environments are written as a table or as a list of ``NAME=value``."""
    if not isinstance(entries, list | dict | None):
        raise RecipeFault(f"{at} is neither a list nor a table")
    if isinstance(entries, dict):
        return {str(key): _scalar(value) for key, value in entries.items()}
    if isinstance(entries, list):
        split = (str(entry).partition("=") for entry in entries)
        return {name: value for name, _, value in split}
    return {}


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _labels(tree: Mapping[str, Any], where: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, body in _table(tree, "services", where):
        deploy = body.get("deploy") or {}
        for part in (body, deploy):
            found |= _pairs(part.get("labels"), f"{where}: services.{name}: labels")
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
        _pairs(body.get("labels"), f"{where}: {key}.{name}: labels")
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
