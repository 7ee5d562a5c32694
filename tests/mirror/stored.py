"""Objects and refs of a bare repository, put there without a process of git's for each.

A test needs a dozen of them.  What pygit2 does not take (ids by SHA-256, a name that is no
ref's to it, a tree of what is not there) is left to git: then the answer is None, or False.
"""

from __future__ import annotations

from pathlib import Path

import pygit2
from pygit2.enums import ObjectType, ReferenceType

PEOPLE = "Ada <ada@example.org> 1700000000 +0000"
KINDS = {kind.name.lower(): kind for kind in ObjectType if kind.name}
# what it raises for what it does not take
_REFUSED = (pygit2.GitError, KeyError, OSError, ValueError)


def written(repo: Path, kind: str, body: bytes) -> str | None:
    """Write an object, however wrong its body is; its id."""
    try:
        return str(pygit2.Repository(str(repo)).write(KINDS[kind], body))
    except _REFUSED:
        return None


def kind(repo: Path, name: str) -> str | None:
    """What an object is, if there is one."""
    try:
        return pygit2.Repository(str(repo))[name].type_str
    except _REFUSED:
        return None


def tree(lines: str) -> bytes | None:
    """A tree's body from lines of ``<mode> <type> <id>\\t<name>``; none of them need be there."""
    entries: list[tuple[bytes, bytes]] = []
    for line in lines.splitlines():
        about, _, name = line.partition("\t")
        mode, kind, object_id = about.split(" ")
        if not name or name[0] == '"' or "/" in name or len(object_id) != 40:
            return None
        order = name.encode() + (b"/" if kind == "tree" else b"")
        entry = b"%s %s\0%s" % (mode.lstrip("0").encode(), name.encode(), bytes.fromhex(object_id))
        entries.append((order, entry))
    return b"".join(entry for _, entry in sorted(entries))


def commit(tree: str, parents: tuple[str, ...], message: str) -> bytes:
    """A commit's body."""
    lines = [f"tree {tree}", *(f"parent {each}" for each in parents)]
    return "\n".join([*lines, f"author {PEOPLE}", f"committer {PEOPLE}", "", message, ""]).encode()


def refs(repo: Path) -> dict[str, str] | None:
    """Every ref and what it names."""
    try:
        found = list(pygit2.Repository(str(repo)).references.iterator())
        if any(ref.type != ReferenceType.DIRECT for ref in found):
            return None
        return dict(sorted((ref.name, str(ref.target)) for ref in found))
    except _REFUSED:
        return None


def is_set(repo: Path, ref: str, object_id: str) -> bool:
    """Whether a ref could be made, or moved."""
    try:
        pygit2.Repository(str(repo)).references.create(ref, object_id, force=True)
    except _REFUSED:
        return False
    return True


def is_removed(repo: Path, ref: str) -> bool:
    """Whether a ref could be removed."""
    try:
        pygit2.Repository(str(repo)).references.delete(ref)
    except _REFUSED:
        return False
    return True
