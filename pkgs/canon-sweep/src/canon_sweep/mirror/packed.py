"""Very many new refs, written into the clone in one piece: git's own file of packed refs.

libgit2 writes a file for each ref and looks at all others before, which for a hundred thousand
takes longer than everything else together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from pathlib import Path

import pygit2
from pygit2.enums import ReferenceType

_FILE = "packed-refs"
# not `peeled`: what a tag leads to is looked up where it is asked for
_HEADER = b"# pack-refs with: sorted \n"


def add(repo: pygit2.Repository, refs: Mapping[str, str]) -> None:
    """Write these object ids by full ref name; none of the names may have another one yet.

    Under the clone's lock.  A kill leaves the old file, and a lock that makes the clone anew.

    Raises:
        OSError: it cannot be written, or another git is at it.
    """
    file = Path(repo.path, _FILE)
    _write(file, _known(file) | {name.encode(): oid.encode() for name, oid in refs.items()})


def pack(repo: pygit2.Repository) -> None:
    """Put those among them that are a file each; what any ref is stays the same.

    Under the clone's lock.  A kill leaves what `add` leaves, or some both here and there.
    libgit2's own way takes ten times as long: it looks for what each tag leads to.

    Raises:
        OSError: as for `add`, or a file cannot be removed.
    """
    every = (ref for ref in repo.references.iterator() if ref.type == ReferenceType.DIRECT)
    refs = {ref.name: str(ref.target) for ref in every}
    add(repo, refs)
    _unlink(repo, refs)


def remove(repo: pygit2.Repository, refs: Set[str]) -> None:
    """Remove these refs by full name, wherever they are.

    Under the clone's lock.  A kill leaves what `add` leaves, or some of them.
    libgit2's own way writes all that are packed anew for each of them.

    Raises:
        OSError: as for `pack`.
    """
    file, gone = Path(repo.path, _FILE), {name.encode() for name in refs}
    known = _known(file)
    if not gone.isdisjoint(known):
        _write(file, {name: oid for name, oid in known.items() if name not in gone})
    _unlink(repo, refs)


def _write(file: Path, refs: Mapping[bytes, bytes]) -> None:
    lock = file.with_name(f"{_FILE}.lock")
    draft = lock.open("xb")
    try:
        with draft:
            draft.write(_HEADER)
            draft.writelines(b"%b %b\n" % (refs[name], name) for name in sorted(refs))
        lock.replace(file)
    except OSError:
        # a disk that is full is no reason to fetch everything once more
        lock.unlink(missing_ok=True)
        raise


def _unlink(repo: pygit2.Repository, refs: Iterable[str]) -> None:
    for name in refs:
        Path(repo.path, name).unlink(missing_ok=True)


def _known(file: Path) -> dict[bytes, bytes]:
    """Object ids by name of what is packed already."""
    if not file.exists():
        return {}
    # beside them a header, and what the tag of the line before leads to
    lines = (line for line in file.read_bytes().splitlines() if line[:1] not in (b"#", b"^"))
    return {name: oid for oid, _, name in (line.partition(b" ") for line in lines)}
