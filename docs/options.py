"""Write the option reference: ``options.py OPTIONS.json``, to stdout."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

HEAD = """\
# Options of the NixOS module

Made from the module by `make rendered`, and compared with it by `nix flake check`. How they work
together is in the [README](../README.md); what one host says with them in
[examples/](../examples/cc-ci.nix).
"""
# nixpkgs' own marks around words: {option}`x`
ROLE = re.compile(r"\{(?:command|file|manpage|option)\}(?=`)")


def text_of(value: str | dict[str, Any]) -> str:
    """A description, or a value that is written in Markdown."""
    return ROLE.sub("", value if isinstance(value, str) else str(value["text"])).strip()


def value_of(value: dict[str, Any]) -> str:
    """A default or an example: on the line if it is one, else below it."""
    text = text_of(value)
    if value["_type"] == "literalMD":
        return f" {text}"
    if "\n" not in text:
        return f" `{text}`"
    below = "\n".join(f"  {line}".rstrip() for line in text.splitlines())
    return f"\n\n  ```nix\n{below}\n  ```"


def section(name: str, option: dict[str, Any]) -> str:
    """One option."""
    facts = [f"- type: {option['type']}"]
    facts += [f"- {key}:{value_of(option[key])}" for key in ("default", "example") if key in option]
    if option["readOnly"]:
        facts.append("- read only")
    return "\n".join([f"## `{name}`", "", text_of(option["description"]), "", *facts, ""])


def main() -> None:
    """Print the whole document."""
    options = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    print("\n".join([HEAD, *(section(name, options[name]) for name in sorted(options))]), end="")


main()
