"""cc-ci's folder of canonicals, as its own harness would leave it; a stand-in for its writing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class CiWarm:
    """``/var/lib/ci-warm`` of a test."""

    folder: Path

    def promotes(
        self,
        recipe: str,
        version: str,
        commit: str,
        *,
        ts: str = "2026-06-14T03:20:00Z",
        volumes: tuple[str, ...] = (),
    ) -> None:
        """A whole canonical: record, last_good, and a snapshot with an archive a volume."""
        fields = {"recipe": recipe, "version": version, "commit": commit, "ts": ts}
        self.writes(recipe, "canonical.json", fields | {"status": "idle"})
        self.writes(recipe, "last_good", {"version": version, "commit": commit, "ts": ts})
        self.writes(recipe, "snapshot/meta.json", fields | {"volumes": list(volumes)})
        for volume in volumes:
            self.writes(recipe, f"snapshot/volumes/{volume}.tar", b"0123456789")

    def writes(self, recipe: str, name: str, content: dict[str, Any] | bytes) -> Path:
        """One file."""
        path = self.folder / recipe / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return path

    def changes(self, recipe: str, name: str, **fields: Any) -> None:
        """One file says something else."""
        path = self.folder / recipe / name
        self.writes(recipe, name, json.loads(path.read_bytes()) | fields)

    @property
    def content(self) -> dict[str, bytes]:
        """Every file there, by its path, to see that nobody has changed any."""
        files = (path for path in sorted(self.folder.rglob("*")) if path.is_file())
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in files}
