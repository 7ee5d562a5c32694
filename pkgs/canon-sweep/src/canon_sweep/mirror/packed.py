"""Very many new refs, written into the clone in one piece: git's own file of packed refs.

libgit2 writes a file for each ref and looks at all others before, which for a hundred thousand
takes longer than everything else together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
    lock = file.with_name(f"{_FILE}.lock")
    known = dict(_known(file)) | {name.encode(): oid.encode() for name, oid in refs.items()}
    with lock.open("xb") as draft:
        draft.write(_HEADER)
        draft.writelines(b"%b %b\n" % (known[name], name) for name in sorted(known))
    lock.replace(file)


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
    for name in refs:
        Path(repo.path, name).unlink(missing_ok=True)


def _known(file: Path) -> Iterator[tuple[bytes, bytes]]:
    """Name and object id of what is packed already."""
    if not file.exists():
        return
    for line in file.read_bytes().splitlines():
        # a header, or what the tag of the line before leads to
        if not line.startswith((b"#", b"^")):
            oid, _, name = line.partition(b" ")
            yield name, oid
