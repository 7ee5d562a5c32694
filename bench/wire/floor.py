"""The floor: the same advertisements, read by pygit2 in a few threads, and nothing else.

A program: the remotes' URLs are the lines of a file, the answer is printed as JSON.  What
the import of pygit2 takes is counted apart.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def read(urls: Sequence[str], threads: int) -> dict[str, float]:
    """Seconds that the import and the reading took, and how many refs were read."""
    began = time.perf_counter()
    import pygit2  # noqa: PLC0415 - its time is counted

    imported = time.perf_counter()

    with tempfile.TemporaryDirectory() as folder:
        pygit2.init_repository(folder, bare=True)

        def refs_of(url: str) -> int:
            remote = pygit2.Repository(folder).remotes.create_anonymous(url)
            remote.connect()
            return len(remote.list_heads(connect=False))

        with ThreadPoolExecutor(threads) as pool:
            refs = sum(pool.map(refs_of, urls))
    return {"import": imported - began, "seconds": time.perf_counter() - imported, "refs": refs}


if __name__ == "__main__":
    print(json.dumps(read(Path(sys.argv[1]).read_text().split(), int(sys.argv[2]))))
