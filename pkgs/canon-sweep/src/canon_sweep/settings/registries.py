"""What the configuration says of registries of images, where no image could ever match it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from canon_sweep.core.address import credential_problem
from canon_sweep.settings.tables import key_of

# other names of Docker Hub, which no image's name is looked up by
_HUB = ("hub.docker.com", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com")


def registry_problems(registries: Mapping[str, Any]) -> Iterator[str]:
    """Registries under a name that no image's name begins with."""
    for name in registries:
        at = key_of("registries", name)
        problem = credential_problem(name)
        if problem:
            yield f"{at}: {problem}"
        elif name in _HUB:
            yield f"{at}: would never be used: Docker Hub is docker.io here"
        elif "." not in name and ":" not in name and name != "localhost":
            # as docker reads it: else it would be the first part of a name on Docker Hub
            yield f"{at}: would never be used: a registry's host has a dot or a port"
