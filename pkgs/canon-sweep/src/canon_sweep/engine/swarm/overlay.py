"""Our labels, as one more compose file after the recipe's own.  Pure.

``docker stack deploy`` merges services, but replaces a volume, network, config or
secret as a whole: what the overlay says of one must repeat what the recipe said,
or its ``driver_opts`` and ``name`` would be lost.  It repeats the text before
interpolation, which the deploy then interpolates as it would have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from canon_sweep.core.composefile import as_table, is_external
from canon_sweep.core.yamltext import first_document

RECIPE = "canon-sweep.recipe"
VERSION = "canon-sweep.version"
STACK = "canon-sweep.stack"

_KINDS = ("networks", "volumes", "configs", "secrets")


def text(
    sources: Iterable[str],
    *,
    recipe: str,
    version: str,
    stack: str,
    node: str | None,
    images: Mapping[str, str] | None = None,
) -> str:
    """Write the overlay of the compose files ``sources`` (their texts, in order).

    ``node`` is the id of the node that the services must run on, if that matters; ``images``
    is what services run instead of what the recipe calls it.
    """
    trees = [first_document(source) for source in sources]
    constant = {RECIPE: recipe, STACK: stack}
    overlay: dict[str, Any] = {}
    if "version" in trees[0]:
        overlay["version"] = trees[0]["version"]  # must be the same in all files
    overlay["services"] = {
        name: _service(constant, version, node) | _escaped(_image(name, images or {}))
        for tree in trees
        for name in tree.get("services") or {}
    }
    for kind in _KINDS:
        bodies = _last_said(trees, kind)
        if kind == "networks":
            bodies.setdefault("default", {})
        # A volume's labels are part of its service's definition: the version there,
        # as on a container, would restart every service at every update.
        labels = constant if kind == "volumes" else constant | {VERSION: version}
        labelled = {
            name: body | {"labels": as_table(body.get("labels") or {}) | _escaped(labels)}
            for name, body in bodies.items()
            if not is_external(body)
        }
        # an older format does not know every kind
        overlay |= {kind: labelled} if labelled else {}
    return yaml.dump(overlay, Dumper=_Dumper, sort_keys=True)


class _Dumper(yaml.SafeDumper):
    """Writes every text in quotes: docker takes some for numbers that the library does not."""


def _quoted(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')


_Dumper.add_representer(str, _quoted)


def _service(constant: Mapping[str, str], version: str, node: str | None) -> dict[str, Any]:
    deploy: dict[str, Any] = {"labels": _escaped({**constant, VERSION: version})}
    if node is not None:
        deploy["placement"] = {"constraints": [f"node.id=={node}"]}
    return {"labels": _escaped(constant), "deploy": deploy}


def _image(service: str, images: Mapping[str, str]) -> dict[str, str]:
    return {"image": images[service]} if service in images else {}


def _last_said(trees: Iterable[Mapping[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for tree in trees:
        for name, body in (tree.get(kind) or {}).items():
            found[name] = dict(body or {})
    return found


def _escaped(texts: Mapping[str, str]) -> dict[str, str]:
    return {name: text.replace("$", "$$") for name, text in texts.items()}
