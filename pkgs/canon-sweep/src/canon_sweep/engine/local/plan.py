"""What a compose service says about running without containers: ``x-canon-sweep``.

x-canon-sweep:
  command: ["{python}", "{source}/notes.py"]
  environment: { PORT: "{ports.8080}", DATA: "{volumes.data}" }
  ready: { port: 8080, path: /health }
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from canon_sweep.core import names, placeholder
from canon_sweep.errors import RecipeFault

if TYPE_CHECKING:
    from canon_sweep.core.compose import Compose
    from canon_sweep.core.service import Service

_MARK = re.compile(r"\{(python|source|(?:volumes|ports|secrets)\.[A-Za-z0-9_.-]+)\}", re.ASCII)
_PORT_MARK = re.compile(r"\{ports\.([^}]*)\}")
_PATH = re.compile(r"/[!-~]*", re.ASCII)

Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]


class Ready(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a service is ready: its port accepts or, with a path, answers 200."""

    port: Port
    path: str | None = None


class Spec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One service's ``x-canon-sweep`` table."""

    command: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    environment: dict[str, str | int | float | bool] = {}
    ready: Ready | None = None


class Plan(msgspec.Struct, frozen=True):
    """One service to start.  Placeholders of its own table are still unfilled.

    ``environment`` is the service's as its containers have it, ``ports`` are
    the ports it will want an address for.
    """

    service: str
    spec: Spec
    environment: Mapping[str, str]
    ports: tuple[int, ...]


def plans(compose: Compose) -> tuple[Plan, ...]:
    """Plan every service that has replicas; several replicas run as one process.

    Raises:
        RecipeFault: a service cannot be run without containers.
    """
    return tuple(_plan(service) for service in compose.services.values() if service.replicas)


def checked(compose: Compose) -> tuple[Plan, ...]:
    """As `plans`, each with placeholders that stand for something.

    Raises:
        RecipeFault: the recipe cannot run here.
    """
    found, known = plans(compose), known_marks(compose)
    for plan in found:
        check_marks(plan, known)
    return found


def known_marks(compose: Compose) -> frozenset[str]:
    """The placeholders that a stack's services may use, ports aside."""
    volumes = {f"volumes.{key}" for key in compose.volumes}
    return frozenset({"python", "source", *volumes, *_secret_marks(compose)})


def secret_marks(compose: Compose) -> Mapping[str, str]:
    """The full name of the secret that each ``secrets.`` placeholder stands for."""
    return dict(_secret_marks(compose))


def check_marks(plan: Plan, known: frozenset[str]) -> None:
    """Refuse a placeholder that stands for nothing, or would be handed on as it is written.

    Raises:
        RecipeFault: there is one.
    """
    mine = known | {f"ports.{port}" for port in plan.ports}
    for text in _texts(plan.spec):
        fill(text, dict.fromkeys(mine, ""), plan.service)
        for word in placeholder.meant(text, placeholder.WORDS, placeholder.FAMILIES):
            if word[1:-1] not in mine:
                raise _stands_for_nothing(plan.service, word)


def fill(text: str, values: Mapping[str, str], service: str) -> str:
    """Replace the placeholders; other braces stay as they are.

    Raises:
        RecipeFault: a placeholder has no value.
    """

    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise _stands_for_nothing(service, match[0])
        return values[match[1]]

    return _MARK.sub(value, text)


def _stands_for_nothing(service: str, word: str) -> RecipeFault:
    return RecipeFault(
        f"service {service}: {word} in x-canon-sweep stands for nothing",
        do="there are {python}, {source}, {ports.NUMBER}, and {volumes.NAME} and {secrets.NAME}"
        " of the stack's own",
    )


def filled(plan: Plan, values: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """The command and the environment to start a service with.

    Raises:
        RecipeFault: a placeholder has no value.
    """
    command = [fill(text, values, plan.service) for text in plan.spec.command]
    own = {
        name: fill(_text(value), values, plan.service)
        for name, value in plan.spec.environment.items()
    }
    return command, {**plan.environment, **own}


def _plan(service: Service) -> Plan:
    where = f"service {service.name}"
    if "command" not in service.local:
        raise RecipeFault(
            f"{where} has no x-canon-sweep.command: it cannot run on the local engine",
            do="use the swarm engine, or write the command into compose.yml",
        )
    try:
        spec = msgspec.convert(dict(service.local), Spec)
    except msgspec.ValidationError as error:
        raise RecipeFault(f"{where}: x-canon-sweep: {error}") from error
    if spec.ready and spec.ready.path is not None and not _PATH.fullmatch(spec.ready.path):
        raise RecipeFault(f"{where}: {names.printable(spec.ready.path)} is no path to ask")
    check_texts(where, [*spec.command, *service.environment.values(), *_texts(spec)])
    _check_variables(where, {**service.environment, **spec.environment})
    return Plan(service.name, spec, service.environment, tuple(_ports(spec, where)))


def _ports(spec: Spec, where: str) -> list[int]:
    found = {spec.ready.port} if spec.ready else set()
    for text in _texts(spec):
        # behind the last one that closes, no mark is looked for the end of
        for digits in _PORT_MARK.findall(text[: text.rfind("}") + 1]):
            if not re.fullmatch(r"[1-9][0-9]{0,4}", digits, re.ASCII) or int(digits) > 65535:
                raise RecipeFault(f"{where}: {names.printable(digits)} is no port")
            found.add(int(digits))
    return sorted(found)


def _texts(spec: Spec) -> Iterator[str]:
    yield from spec.command
    yield from map(_text, spec.environment.values())


def _text(value: str | float | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def check_texts(where: str, texts: Iterable[str]) -> None:
    """Refuse text that the kernel cannot hand to a program.

    Raises:
        RecipeFault: there is some.
    """
    for text in texts:
        try:
            fine = b"\0" not in os.fsencode(text)
        except UnicodeEncodeError:
            fine = False
        if not fine:
            raise RecipeFault(f"{where}: {names.printable(text)} cannot be given to a program")


def _check_variables(where: str, environment: Mapping[str, Any]) -> None:
    for name in environment:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", name, re.ASCII):
            raise RecipeFault(f"{where}: {names.printable(name)} is no variable name")


def _secret_marks(compose: Compose) -> dict[str, str]:
    ours = {secret.name for secret in compose.secrets}
    marks = {f"secrets.{full}": full for full in ours}
    for key, body in (compose.tree.get("secrets") or {}).items():
        full = str((body or {}).get("name") or key)
        if full in ours:
            marks[f"secrets.{key}"] = full
    return marks
