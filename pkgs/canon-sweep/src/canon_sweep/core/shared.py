"""What a stack shares with its host and with other stacks, and whether its settings name it.

A folder of the host, or a volume that is not kept in Docker's own folder, is the same for
every deployment: what one test writes there, the next one finds, and so does the canonical.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from canon_sweep.core import names
from canon_sweep.core.canonical import Canonical
from canon_sweep.core.composefile import given_name, is_external, is_true
from canon_sweep.core.declared import Declared, is_path, spelled
from canon_sweep.errors import HostFault, RecipeFault

if TYPE_CHECKING:
    from canon_sweep.core.compose import Compose

_MOST_SHOWN = 5


class Shared(msgspec.Struct, frozen=True):
    """What a stack shares: writable folders of the host, as `spelled`; volumes, by their keys,
    whose driver or driver options keep them elsewhere; external secrets and configs that are
    not its own, by their full names.
    """

    folders: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    configs: tuple[str, ...] = ()

    @property
    def places(self) -> tuple[str, ...]:
        """Where data can come from another deployment."""
        return (*self.folders, *self.volumes)


def shared_by(compose: Compose, stack: str) -> Shared:
    """What the files of one deployment share, each file by itself and all of them together.

    Raises:
        RecipeFault: a secret or config of the stack's own has a name outside it, or a
            service's volumes are no list.
    """
    # a later file can hide from us what the deploy still reads
    trees = (*compose.parts, compose.tree)
    return Shared(
        folders=_folders(compose.parts),
        volumes=_sorted(_kept_elsewhere(trees)),
        secrets=_sorted(_foreign(trees, "secrets", stack)),
        configs=_sorted(_foreign(trees, "configs", stack)),
    )


def carries(shared: Shared, declared: Declared) -> tuple[str, ...]:
    """The named places through which one deployment's data can reach another: it is not cold."""
    if declared.stateless:
        return ()
    return tuple(place for place in shared.places if declared.names_host(place))


def check_kept(shared: Shared, records: Iterable[Canonical]) -> None:
    """Refuse a secret or config of a canonical, whatever the settings say.

    Raises:
        RecipeFault: there is one.
    """
    for record in records:
        own = f"{record.stack}_" if record.stack else None
        for kind, name in _externals(shared):
            if name in record.secrets or (own and name.startswith(own)):
                raise RecipeFault(
                    f"the external {kind} {names.printable(name)} belongs to the canonical of"
                    f" {record.recipe}, and no other stack is given it",
                    do=f"let the recipe have a {kind} of its own: name: ${{STACK_NAME}}_…",
                )


def check_declared(shared: Shared, declared: Declared, recipe: str) -> None:
    """See that the settings of a recipe name everything that it shares.

    Raises:
        RecipeFault: not a place where data can come from another deployment.
        HostFault: not a secret or config that is the host's to have.
    """
    places = [place for place in shared.places if not declared.names_host(place)]
    if places:
        what = [names.printable(p) if is_path(p) else f"volume {p}" for p in places]
        raise RecipeFault(
            f"it would share {_listed(what)} with the host and every other deployment of it",
            do=f"name it with the reason in recipes.{recipe}.hostPaths, or let the recipe use a"
            " plain volume or a read-only mount",
        )
    for kind, name in _externals(shared):
        if name not in (declared.secrets if kind == "secret" else declared.configs):
            raise HostFault(
                f"the external {kind} {names.printable(name)} is not the stack's own, and the"
                " settings do not name it",
                do=f"recipes.{recipe}.external{kind.capitalize()}s = [{names.printable(name)}]"
                " lets the recipe have it",
            )


def _externals(shared: Shared) -> Iterator[tuple[str, str]]:
    yield from (("secret", name) for name in shared.secrets)
    yield from (("config", name) for name in shared.configs)


def _listed(texts: list[str]) -> str:
    more = len(texts) - _MOST_SHOWN
    return ", ".join(texts[:_MOST_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _sorted(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(found)))


def _bodies(tree: Mapping[str, Any], kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for key, body in (tree.get(kind) or {}).items():
        yield key, body or {}


def _foreign(trees: Iterable[Mapping[str, Any]], kind: str, stack: str) -> Iterator[str]:
    for tree in trees:
        for key, body in _bodies(tree, kind):
            given = given_name(body)
            if is_external(body):
                full = given or key
                if kind == "configs" or not full.startswith(f"{stack}_"):
                    yield full
            elif given is not None and not given.startswith(f"{stack}_"):
                # it would be changed, and at the end removed, for whoever else has it
                raise RecipeFault(
                    f"{kind}.{key} is named {names.printable(given)}, outside its stack",
                    do="name it ${STACK_NAME}_" + key,
                )


def _kept_elsewhere(trees: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for tree in trees:
        for key, body in _bodies(tree, "volumes"):
            plain = body.get("driver") in (None, "", "local")
            if not plain or body.get("driver_opts") or "x-cluster-spec" in body:
                yield key


def _folders(parts: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    # at each place in a service's containers, the last file's mount is the one that counts
    mounts: dict[tuple[str, str], str | None] = {}
    for part in parts:
        for service, body in _bodies(part, "services"):
            entries = body.get("volumes")
            if not isinstance(entries, list | None):
                raise RecipeFault(f"services.{service}: volumes is no list")
            for entry in entries or []:
                target, folder = _mount(entry)
                mounts[service, target] = folder
    return _sorted(folder for folder in mounts.values() if folder is not None)


def _mount(entry: Any) -> tuple[str, str | None]:
    """Where something is mounted, and the folder of the host if it is a writable one."""
    if isinstance(entry, dict):
        target, source = str(entry.get("target")), str(entry.get("source") or "?")
        of_docker = entry.get("type", "volume") in ("volume", "tmpfs")
        return target, None if of_docker or is_true(entry.get("read_only")) else spelled(source)
    source, *rest = str(entry).split(":")
    if not rest:
        return source, None  # a volume without a name, made anew for every container
    modes = [mode for mode in ":".join(rest[1:]).split(",") if mode in ("ro", "rw")]
    return rest[0], spelled(source) if is_path(source) and modes[-1:] != ["ro"] else None
