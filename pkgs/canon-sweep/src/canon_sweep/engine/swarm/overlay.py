"""Our labels in a recipe's own compose files.  Pure.

They could be one more file after the recipe's, but ``docker stack deploy`` joins a service
that two files have, and of its ports with one number (tcp and udp), and of its mounts of one
config or secret, it then keeps only the last.  A service that the recipe has in one file stays
in one file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from canon_sweep.core.composefile import is_external

if TYPE_CHECKING:
    from canon_sweep.core.yamledit import Document, Table

RECIPE = "canon-sweep.recipe"
VERSION = "canon-sweep.version"
STACK = "canon-sweep.stack"
# which canon-sweep: another one on the same engine has records of its own
HOME = "canon-sweep.home"

_KINDS = ("networks", "volumes", "configs", "secrets")
# whose bodies may be left empty, as a service's `deploy` may; of all else docker wants a table
_EMPTY = ("networks", "volumes")


def texts(
    sources: Sequence[str],
    *,
    recipe: str,
    version: str,
    stack: str,
    node: str | None,
    home: str = "",
    images: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """The compose files ``sources`` (their texts, in order) with our labels in them.

    ``node`` is the id of the node that the services must run on, if that matters; ``home``
    says which canon-sweep this is; ``images`` is what services run instead of what the recipe
    calls it.
    """
    # YAML is only read for a deploy; what the labels are called is asked in every sweep
    from canon_sweep.core.yamledit import Document  # noqa: PLC0415 - start-up

    constant = _escaped({RECIPE: recipe, STACK: stack} | ({HOME: home} if home else {}))
    labels = constant | _escaped({VERSION: version})
    documents = [Document(source) for source in sources]
    for name, service in _last(documents, "services"):
        service.add_pairs("labels", constant)
        deploy = service.body("deploy")
        deploy.add_pairs("labels", labels)
        if node is not None:
            deploy.table("placement").extend("constraints", [f"node.id=={node}"])
        if images and name in images:
            service.put("image", images[name].replace("$", "$$"))
    if not any("default" in _names(document, "networks") for document in documents):
        documents[-1].root.table("networks").table("default")
    for kind in _KINDS:
        for _, body in _last(documents, kind):
            if not is_external(body.values):
                # A volume's labels are part of its service's definition: the version there,
                # as on a container, would restart every service at every update.
                body.add_pairs("labels", constant if kind == "volumes" else labels)
    return tuple(document.text() for document in documents)


def text(sources: Sequence[str], **named: Any) -> str:
    """As `texts`, of a recipe with one file."""
    return texts(sources, **named)[-1]


def _last(documents: Sequence[Document], kind: str) -> Iterator[tuple[str, Table]]:
    """Each of a kind, in the last file that has it: what that says is what counts."""
    seen: set[str] = set()
    for document in reversed(documents):
        fresh = [name for name in _names(document, kind) if name not in seen]
        seen.update(fresh)
        if not fresh:
            continue
        section = document.root.table(kind)
        within = section.body if kind in _EMPTY else section.table
        yield from ((name, within(name)) for name in fresh)


def _names(document: Document, kind: str) -> tuple[str, ...]:
    return document.root.table(kind).names if kind in document.root.names else ()


def _escaped(texts: Mapping[str, str]) -> dict[str, str]:
    return {name: text.replace("$", "$$") for name, text in texts.items()}
