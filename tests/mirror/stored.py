"""Objects and refs of a bare repository as git has them on its disk.

A test needs a dozen of them, each of which would be a process of git's.  What is odd (packed, a
symbolic ref, a name that git would quote) is left to git: then the answer is None, or False.
"""

from __future__ import annotations

import hashlib
import os
import re
import zlib
from pathlib import Path

import pygit2

PEOPLE = "Ada <ada@example.org> 1700000000 +0000"
_ID = re.compile(r"[0-9a-f]{40}")
_REF = re.compile(r"refs(?:/(?![.])[A-Za-z0-9+._-]+(?<![.])(?<!\.lock))+")


def written(repo: Path, kind: str, body: bytes) -> str | None:
    """Write an object, unless it is there; its id, or None where ids are not SHA-1's."""
    if "objectformat" in (repo / "config").read_text():
        return None
    whole = b"%s %d\0%s" % (kind.encode(), len(body), body)
    name = hashlib.sha1(whole).hexdigest()
    file = _file(repo, name)
    if not file.exists():
        file.parent.mkdir(exist_ok=True)
        draft = file.with_name(f"tmp_obj_{os.getpid()}")
        draft.write_bytes(zlib.compress(whole, 1))
        draft.chmod(0o444)
        draft.rename(file)
    return name


def kind(repo: Path, name: str) -> str | None:
    """What an object is, if there is one."""
    found = pygit2.Repository(str(repo)).get(name) if _ID.fullmatch(name) else None
    return found.type_str if found else None


def tree(lines: str) -> bytes | None:
    """A tree's body from lines of ``<mode> <type> <id>\\t<name>``."""
    entries: list[tuple[bytes, bytes, bytes]] = []
    for line in lines.splitlines():
        about, _, name = line.partition("\t")
        mode, kind, object_id = about.split(" ")
        if not name or name[0] == '"' or "/" in name or not _ID.fullmatch(object_id):
            return None
        order = name.encode() + (b"/" if kind == "tree" else b"")
        entry = b"%s %s\0%s" % (mode.lstrip("0").encode(), name.encode(), bytes.fromhex(object_id))
        entries.append((order, name.encode(), entry))
    return b"".join(entry for _, _, entry in sorted(entries))


def commit(tree: str, parents: tuple[str, ...], message: str) -> bytes:
    """A commit's body."""
    lines = [f"tree {tree}", *(f"parent {each}" for each in parents)]
    return "\n".join([*lines, f"author {PEOPLE}", f"committer {PEOPLE}", "", message, ""]).encode()


def refs(repo: Path) -> dict[str, str] | None:
    """Every ref and what it names."""
    found = _packed(repo)
    for folder, _, names in os.walk(repo / "refs"):
        for name in names:
            file = Path(folder, name)
            ref = str(file.relative_to(repo))
            text = file.read_text().strip()
            if not _REF.fullmatch(ref) or not _ID.fullmatch(text):
                return None
            found[ref] = text
    return dict(sorted(found.items(), key=lambda pair: pair[0].encode(errors="surrogateescape")))


def is_set(repo: Path, ref: str, object_id: str) -> bool:
    """Whether a ref could be made, or moved; git's own lock is held meanwhile."""
    file = repo / ref
    if not _REF.fullmatch(ref) or not _ID.fullmatch(object_id) or not kind(repo, object_id):
        return False
    if file.exists() and not _is_plain(file):
        return False
    if any(ref.startswith(f"{each}/") or each.startswith(f"{ref}/") for each in _packed(repo)):
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    lock = file.with_name(f"{file.name}.lock")
    with lock.open("x") as draft:
        draft.write(f"{object_id}\n")
    lock.rename(file)
    return True


def is_removed(repo: Path, ref: str) -> bool:
    """Whether a ref could be removed."""
    file = repo / ref
    if ref in _packed(repo) or not _REF.fullmatch(ref) or not _is_plain(file):
        return False
    file.unlink()
    return True


def _is_plain(file: Path) -> bool:
    return file.is_file() and bool(_ID.fullmatch(file.read_text().strip()))


def _packed(repo: Path) -> dict[str, str]:
    file = repo / "packed-refs"
    lines = file.read_text(errors="surrogateescape").splitlines() if file.exists() else []
    pairs = (line.split(" ", 1) for line in lines if line[0] not in "#^")
    return {ref: object_id for object_id, ref in pairs}


def _file(repo: Path, name: str) -> Path:
    return repo / "objects" / name[:2] / name[2:]
