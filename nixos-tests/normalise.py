"""Write what the module says of a host, in one spelling: ``normalise.py TEXTS FOLDER``.

TEXTS is JSON: ``files`` (text by name), ``configuration`` and ``command`` (paths).
What a release of NixOS adds by itself is left out, and a store path becomes the name
of its package between two ``@``, so that the texts are the module's alone.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# the version, if any, begins at the first hyphen before a digit
STORE = re.compile(
    r"/nix/store/[0-9a-z]{32}-([A-Za-z0-9+._?=-]+?)(-[0-9][A-Za-z0-9+._?=-]*)?(?=[/\s\"':]|$)"
)
# for switching generations, and the environment that each service of NixOS gets
ADDED = re.compile(r'X-|Environment="(LOCALE_ARCHIVE|PATH|TZDIR)=')
SET = re.compile(r"\s*'?--setenv=(LOCALE_ARCHIVE|PATH|TZDIR)=")


def named(text: str) -> str:
    """The text with names in place of store paths."""
    return STORE.sub(r"@\1@", text)


def unit(text: str) -> str:
    """A unit with its sections and keys in one order; what is said twice stays in order."""
    sections: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("["):
            lines = sections.setdefault(line, [])
        elif not ADDED.match(line):
            lines.append(line)
    return "\n".join(
        "\n".join([name, *sorted(said, key=lambda line: line.partition("=")[0]), ""])
        for name, said in sections.items()
        if said
    )


def command(text: str) -> str:
    """A shell program of ours without the head that nixpkgs gives it."""
    lines = text.splitlines()
    body = lines[next(n for n, line in enumerate(lines) if line.startswith("program=")) :]
    kept = [line for line in body if not SET.match(line)]
    head = ("#!/usr/bin/env bash", "set -o errexit -o nounset -o pipefail", "")
    return "\n".join([*head, *kept]).rstrip() + "\n"


def toml(tree: dict[str, Any], at: tuple[str, ...] = ()) -> Iterator[str]:
    """The lines of a table, what is in it before what is below it."""
    tables = {key: value for key, value in tree.items() if is_below(value)}
    for key in sorted(tree.keys() - tables.keys()):
        yield f"{name_of(key)} = {value_of(tree[key])}"
    for key, value in sorted(tables.items()):
        path = (*at, name_of(key))
        for each in value if isinstance(value, list) else [value]:
            head = ".".join(path)
            if isinstance(value, list):
                yield from ("", f"[[{head}]]")
            elif not all(map(is_below, each.values())):
                yield from ("", f"[{head}]")
            yield from toml(each, path)


def is_below(value: object) -> bool:
    """Whether it is a table, or a list of tables."""
    of_tables = isinstance(value, list) and value and all(isinstance(v, dict) for v in value)
    return isinstance(value, dict) or bool(of_tables)


def name_of(key: str) -> str:
    """A key as TOML has it."""
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key)


def value_of(value: object) -> str:
    """A value as TOML has it, on one line."""
    if isinstance(value, list):
        return f"[{', '.join(map(value_of, value))}]"
    return json.dumps(value, ensure_ascii=False)


def main() -> None:
    """Write the folder."""
    texts = json.loads(Path(sys.argv[1]).read_text())
    files = dict(texts["files"])
    for name in [name for name in files if name.startswith("systemd/")]:
        files[name] = unit(files[name])
    files["config.toml"] = "\n".join(toml(tomllib.loads(Path(texts["configuration"]).read_text())))
    files["config.toml"] = files["config.toml"].strip() + "\n"
    files["bin/canon-sweep"] = command(Path(texts["command"]).read_text())
    for name, text in files.items():
        if text.strip():
            path = Path(sys.argv[2], name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(named(text))


main()
