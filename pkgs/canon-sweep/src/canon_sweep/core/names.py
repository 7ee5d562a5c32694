"""Names from settings and from git are hostile until they have passed here."""

from __future__ import annotations

import hashlib
import re

_RECIPE = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,60}[a-z0-9])?", re.ASCII)
# A Swarm service is named <stack>_<service> and may have so many characters in all.
LONGEST_SERVICE = 63
# and a secret or a config, by its full name
LONGEST_SECRET = 64
# `stack_label` and the dot that comes after it
LABEL = 12
_STACK = re.compile(r"[a-z0-9][a-z0-9_-]{0,44}", re.ASCII)
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}", re.ASCII)
_BRANCH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.+-]*)*", re.ASCII)
_LONGEST_BRANCH = 200
_DOMAIN = re.compile(r"(?=.{1,200}\Z)[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*", re.ASCII)


def recipe_problem(name: str) -> str | None:
    """Say what is wrong with a recipe's name, or None.

    The name becomes a folder and a part of a stack's name.
    """
    if _RECIPE.fullmatch(name) and ".." not in name:
        return None
    return (
        f"{printable(name)} is no recipe name: small letters, digits and inner"
        " '.', '_', '-' only, 62 characters at most"
    )


def stack_problem(name: str) -> str | None:
    """Say what is wrong with a stack's name, or None."""
    if _STACK.fullmatch(name):
        return None
    return (
        f"{printable(name)} is no stack name: small letters, digits, '_' and '-',"
        " 45 characters at most"
    )


def part_problem(name: str, kind: str) -> str | None:
    """Say what is wrong with a service, volume or secret name of ``kind``, or None."""
    if _PART.fullmatch(name):
        return None
    return f"{printable(name)} is no {kind} name"


def branch_problem(name: str) -> str | None:
    """Say what is wrong with a branch's name, or None: plainer than git would have it."""
    if name.startswith("refs/"):
        return f"{printable(name)}: write the branch's short name, without refs/heads/"
    parts = name.split("/")
    dots = ".." in name or any(part.endswith((".", ".lock")) for part in parts)
    if _BRANCH.fullmatch(name) and len(name) <= _LONGEST_BRANCH and not dots:
        return None
    return f"{printable(name)} is no branch name"


def is_domain(text: str) -> bool:
    """Whether the text is a plain lower-case DNS name."""
    return _DOMAIN.fullmatch(text) is not None


def stack_label(recipe: str, seed: str) -> str:
    """First label of a CI app's domain: ``<at most 4 letters>-<6 hex>``.

    cc-ci names its apps so; ``seed`` makes it unlike every other deployment's.
    """
    letters = re.sub(r"[^a-z0-9]", "", recipe)[:4] or "x"
    return f"{letters}-{hashlib.sha256(seed.encode()).hexdigest()[:6]}"


def longest_service(domain: str) -> int:
    """How many characters a service's own name may have in our stacks below this domain."""
    return LONGEST_SERVICE - LABEL - len(f"{domain}_")


def stack_of_domain(domain: str) -> str:
    """The stack name that abra gives to an app of this domain."""
    return domain.replace(".", "_")


def plain(text: str) -> str:
    """A text without anything that could steer a terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def cut(text: str, most: int) -> str:
    """As much of a text as ``most`` characters hold; three dots end it where there was more."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


def printable(text: str) -> str:
    """Quote hostile text for one line of a log: no control characters, bounded."""
    return repr(cut(text, 80))
