"""What a recipe's settings name of all that its stack may share with others.

Here is no compose file: `shared` says what the stack does share.
"""

from __future__ import annotations

import posixpath

import msgspec

# how the docker command tells a path from a volume's name
_PATH_SIGNS = ("/", ".", "~", "\\")


class Declared(msgspec.Struct, frozen=True):
    """What a recipe's settings name.

    ``host_paths`` has paths of the host and keys of volumes, ``stateless`` says of all
    of them that nothing in them matters to the next deployment.
    """

    host_paths: frozenset[str] = msgspec.field(default_factory=frozenset)
    stateless: bool = False
    secrets: frozenset[str] = msgspec.field(default_factory=frozenset)
    configs: frozenset[str] = msgspec.field(default_factory=frozenset)

    def names_host(self, shared: str) -> bool:
        """Whether a host folder or a volume is one of those that are named."""
        return shared in {spelled(path) for path in self.host_paths}


def is_path(name: str) -> bool:
    """Whether a mount's source is a path of the host, and no volume."""
    return name.startswith(_PATH_SIGNS)


def spelled(name: str) -> str:
    """One spelling of each path; a volume's key stays what it is."""
    if not is_path(name):
        return name
    path = posixpath.normpath(name)
    path = path[1:] if path.startswith("//") else path
    return path if is_path(path) else f"./{path}"
