"""YAML as the docker command reads it: 1.1, but for numbers, dates, tags and joined tables.

Tried with ``docker stack config`` of Docker 26.1; a test holds this module to that command.
Where docker's own releases (tried: 28.2) disagree on what a file says, it is refused.
"""

from __future__ import annotations

import base64
import math
import re
from typing import Any

import yaml
from yaml.constructor import ConstructorError
from yaml.parser import ParserError
from yaml.scanner import ScannerError

from canon_sweep.core import names

_INT = "tag:yaml.org,2002:int"
_FLOAT = "tag:yaml.org,2002:float"
_BOOL = "tag:yaml.org,2002:bool"
_TIME = "tag:yaml.org,2002:timestamp"
_MERGE = "tag:yaml.org,2002:merge"
_BINARY = "tag:yaml.org,2002:binary"
# what is no kind of its own to docker
_KINDS = tuple(f"tag:yaml.org,2002:{kind}" for kind in ("set", "omap", "pairs"))

_WHOLE = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO]?[0-7_]+|[1-9][0-9_]*|0)")
_DECIMAL = re.compile(
    r"(?:\.[0-9]+|[-+]\.[0-9_]+|[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9_]+)?"
)
_SPECIAL = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
# the bounds of a whole number; what is beyond is a float
_MOST, _LEAST = 2**64 - 1, -(2**63)
# entries that tables of one text take over from others
MAX_JOINED = 100_000

Pairs = list[tuple[yaml.Node, yaml.Node]]


class Loader(yaml.SafeLoader):
    """Reads what it is told to ignore (``!reset``) as if nothing had been said."""

    # 12:30 and 2001-01-01 are text to docker, and so is a lone =
    yaml_implicit_resolvers = {  # noqa: RUF012  # as in the library
        first: [(tag, pattern) for tag, pattern in resolvers if tag.endswith((":bool", ":null"))]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._joined = 0

    def scan_to_next_token(self) -> None:
        """Also over tabs, but where a line's indentation could still be told."""
        super().scan_to_next_token()
        while self.peek() == "\t" and (self.flow_level or not self.allow_simple_key):
            self.forward()
            super().scan_to_next_token()

    def scan_block_scalar_indentation(self) -> tuple[list[Any], int, Any]:
        """Told by the spaces of a text's first line, behind which no tab may stand."""
        found = super().scan_block_scalar_indentation()
        if self.peek() == "\t":
            raise ScannerError(None, None, "a tab where the indentation ends", self.get_mark())
        return found

    def process_directives(self) -> Any:
        """Of YAML's versions docker takes one."""
        found = super().process_directives()  # type: ignore[no-untyped-call]
        if self.yaml_version not in (None, (1, 1)):
            raise ParserError(None, None, "docker reads YAML 1.1 alone", self.get_mark())
        return found

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """An anchor may be used again: the last one before an alias counts."""
        event: yaml.NodeEvent = self.peek_event()  # type: ignore[no-untyped-call]
        if not isinstance(event, yaml.AliasEvent):
            self.anchors.pop(event.anchor, None)
        return super().compose_node(parent, index)

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Take over what ``<<`` names; of a list, the first table's entries count.

        The library's own rules have changed from one release to the next.

        Raises:
            ConstructorError: no tables, too many entries, or two meanings to docker.
        """
        pairs, node.value = node.value, []  # one that names itself takes over nothing
        own: Pairs = []
        said: set[object] = set()
        taken: dict[object, tuple[yaml.Node, yaml.Node]] = {}
        for key, value in pairs:
            if key.tag != _MERGE:
                own.append((key, value))
                said.add(name_of(key))
                continue
            for other in self._tables(value):
                name = name_of(other[0])
                if name in said:
                    raise ConstructorError(None, None, _two_meanings(name), key.start_mark)
                taken[name] = other
        # what has a name twice is refused by some of docker's releases
        node.value = [*(pair for name, pair in taken.items() if name not in said), *own]

    def _tables(self, node: yaml.Node) -> Pairs:
        tables = node.value if isinstance(node, yaml.SequenceNode) else [node]
        found: Pairs = []
        for table in reversed(tables):
            if not isinstance(table, yaml.MappingNode):
                raise ConstructorError(None, None, "<< names what is no table", node.start_mark)
            self.flatten_mapping(table)
            self._joined += len(table.value)
            if self._joined > MAX_JOINED:
                raise ConstructorError(None, None, "<< takes over too much", node.start_mark)
            found += table.value
        return found


def name_of(key: yaml.Node) -> object:
    """What a key is to docker; one that is no scalar is like no other."""
    if not isinstance(key, yaml.ScalarNode):
        return id(key)
    return _decoded(key) if key.tag == _BINARY else key.value


def _two_meanings(name: object) -> str:
    told = names.printable(str(name))
    return f"<< stands behind {told} and has it too: docker's releases differ, so write << first"


def _binary(loader: Loader, node: yaml.ScalarNode) -> str:
    loader.construct_scalar(node)  # refuses what is no scalar
    return _decoded(node)


def _as_written(loader: Loader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.ScalarNode)
    return loader.construct_scalar(node)


def _number(loader: Loader, node: yaml.ScalarNode) -> int | float | str:
    text = str(loader.construct_scalar(node))
    plain = text.replace("_", "")
    if _SPECIAL.fullmatch(plain):
        return float(plain.replace(".", ""))
    whole = _whole(plain) if _WHOLE.fullmatch(text) else None
    if whole is not None and _LEAST <= whole <= _MOST:
        return whole
    try:
        value = float(plain)
    except ValueError:
        return text
    return value if math.isfinite(value) else text


def _whole(plain: str) -> int | None:
    digits = plain.lstrip("+-")
    octal = len(digits) > 1 and digits.isdigit() and digits[0] == "0"
    try:
        return int(plain, 8 if octal else 0)
    except ValueError:
        return None


def _bool(loader: Loader, node: yaml.ScalarNode) -> bool:
    return str(loader.construct_scalar(node)).lower() in ("y", "yes", "on", "true")


def _text(loader: Loader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


def _decoded(node: yaml.ScalarNode) -> str:
    """What ``!!binary`` is to docker, be it a key or a value."""
    try:
        return base64.b64decode("".join(node.value.split()), validate=True).decode()
    except ValueError:
        raise ConstructorError(None, None, "!!binary is no text", node.start_mark) from None


Loader.add_multi_constructor("", lambda loader, _, node: _as_written(loader, node))
for _kind in _KINDS:
    Loader.add_constructor(_kind, _as_written)
Loader.add_constructor(_BINARY, _binary)
Loader.add_constructor(_BOOL, _bool)
Loader.add_constructor(_INT, _number)
Loader.add_constructor(_FLOAT, _number)
Loader.add_implicit_resolver(_INT, re.compile(f"(?:{_WHOLE.pattern})$"), list("-+0123456789"))
Loader.add_implicit_resolver(
    _FLOAT, re.compile(f"(?:{_DECIMAL.pattern}|{_SPECIAL.pattern})$"), list("-+0123456789.")
)
Loader.add_constructor(_TIME, _text)
Loader.add_constructor(_MERGE, _text)  # it joins tables only where it is a key
Loader.add_implicit_resolver(_BOOL, re.compile("[yYnN]$"), list("yYnN"))
Loader.add_implicit_resolver(_MERGE, re.compile("<<$"), ["<"])


def first_document(text: str) -> Any:
    """A YAML text's first document, the only one that docker reads; None if there is none.

    Raises:
        yaml.YAMLError: it is not YAML.
    """
    return next(yaml.load_all(text, Loader), None)  # a SafeLoader
