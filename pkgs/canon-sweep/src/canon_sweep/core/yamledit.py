"""A YAML text that is changed in a few places, and else says what it said, word for word.

What is written back was never turned into values: docker's releases read some words
differently, and each is to find the words that it would have found.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from canon_sweep.core.yamltext import Loader, name_of

_MAP = "tag:yaml.org,2002:map"
_SEQ = "tag:yaml.org,2002:seq"
_STR = "tag:yaml.org,2002:str"
_NULL = "tag:yaml.org,2002:null"
# no line is broken
_WIDTH = 2**31


class Table:
    """A table in a text's first document; a change to it is one to the text."""

    def __init__(self, loader: Loader, node: yaml.MappingNode) -> None:
        loader.flatten_mapping(node)
        self._loader = loader
        self._node = node

    @property
    def names(self) -> tuple[str, ...]:
        """Its keys, in order, each once."""
        return tuple(dict.fromkeys(str(name_of(key)) for key, _ in self._node.value))

    @property
    def values(self) -> dict[str, Any]:
        """What it says, with its variables as they are written."""
        found = self._loader.construct_document(self._node)
        assert isinstance(found, dict)
        return found

    def table(self, name: str) -> Table:
        """A table in it: the one that is there, or else a new one.

        What other parts of the text take over from it stays as it is.  If something is there
        that is no table, it stays, and what is done to the one that is given is lost: docker
        is to find the mistake.
        """
        there = self._value(name)
        copied, is_flow = [], True
        if isinstance(there, yaml.MappingNode):
            self._loader.flatten_mapping(there)
            copied, is_flow = list(there.value), bool(there.flow_style)
        fresh = yaml.MappingNode(_MAP, copied, flow_style=is_flow)
        if there is None or isinstance(there, yaml.MappingNode):
            self._put(name, fresh)
        return Table(self._loader, fresh)

    def body(self, name: str) -> Table:
        """As `table`, of what may be left empty."""
        there = self._value(name)
        if there is not None and there.tag == _NULL:
            self._put(name, yaml.MappingNode(_MAP, [], flow_style=True))
        return self.table(name)

    def put(self, name: str, text: str) -> None:
        """Give a key this text instead of what it has."""
        self._put(name, _text(text))

    def extend(self, name: str, texts: list[str]) -> None:
        """Add texts to a list in it, which is made if there is none; what is no list stays."""
        there = self._value(name)
        if there is not None and not isinstance(there, yaml.SequenceNode):
            return
        before = list(there.value) if there is not None else []
        self._put(name, yaml.SequenceNode(_SEQ, [*before, *map(_text, texts)], flow_style=True))

    def add_pairs(self, name: str, pairs: Mapping[str, str]) -> None:
        """Add to labels, which are a table or a list of ``NAME=value``."""
        if isinstance(self._value(name), yaml.SequenceNode):
            self.extend(name, [f"{key}={value}" for key, value in pairs.items()])
            return
        table = self.table(name)
        for key, value in pairs.items():
            table.put(key, value)

    def _value(self, name: str) -> yaml.Node | None:
        values = [value for key, value in self._node.value if name_of(key) == name]
        return values[-1] if values else None

    def _put(self, name: str, value: yaml.Node) -> None:
        pairs = list(self._node.value)
        found = [at for at, (key, _) in enumerate(pairs) if name_of(key) == name]
        if found:
            # of a name that is there twice the last counts, if docker takes it at all
            pairs[found[-1]] = (pairs[found[-1]][0], value)
        else:
            pairs.append((_text(name), value))
        self._node.value = pairs


class Document:
    """The first document of a text, which is the only one that docker reads."""

    def __init__(self, text: str) -> None:
        """Read a text.

        Raises:
            yaml.YAMLError: it is not YAML, or holds no table.
        """
        loader = Loader(text)
        loader.check_node()
        node = loader.get_node()
        if not isinstance(node, yaml.MappingNode):
            raise yaml.YAMLError("it holds no table")
        self._node = node
        self.root = Table(loader, node)

    def text(self) -> str:
        """The whole as it is now."""
        node = _writable(self._node, {})
        return str(yaml.serialize(node, Dumper=_Dumper, width=_WIDTH, allow_unicode=True))


class _Dumper(yaml.SafeDumper):
    """Takes plain words for what the reader takes them for, and so leaves them plain."""

    yaml_implicit_resolvers = Loader.yaml_implicit_resolvers


def _writable(node: yaml.Node, done: dict[int, yaml.Node]) -> yaml.Node:
    """The same without words that are shared: a key that is an alias is hard to read.

    What is shared besides, or holds itself, stays so.
    """
    if isinstance(node, yaml.ScalarNode):
        # the library writes a null that is left out as text with a tag
        left_out = node.tag == _NULL and not node.value
        return yaml.ScalarNode(node.tag, "~" if left_out else node.value, style=node.style)
    if id(node) in done:
        return done[id(node)]
    assert isinstance(node, yaml.MappingNode | yaml.SequenceNode)
    fresh = done[id(node)] = type(node)(node.tag, [], flow_style=node.flow_style)
    if isinstance(node, yaml.MappingNode):
        fresh.value = [(_writable(k, done), _writable(v, done)) for k, v in node.value]
    else:
        fresh.value = [_writable(entry, done) for entry in node.value]
    return fresh


def _text(text: str) -> yaml.ScalarNode:
    return yaml.ScalarNode(_STR, text, style='"')
