"""Drone: its queue has the stages of builds, and a second list the builds themselves.

Neither has a build that waits for another, or for somebody's consent; and between two
stages of one build both may be empty for a moment, see `steady`.
"""

from __future__ import annotations

import msgspec

from canon_sweep.core.count import counted
from canon_sweep.core.names import plain
from canon_sweep.guard.server import Server


class _Stage(msgspec.Struct):
    build_id: int
    status: str


class _Build(msgspec.Struct):
    number: int
    status: str


class _Repo(msgspec.Struct):
    slug: str
    build: _Build


class Drone(msgspec.Struct, frozen=True):
    """A Drone server; the token has to be an administrator's."""

    server: Server

    def in_flight(self) -> str | None:
        """The builds that run or wait, by their names where Drone tells them.

        Raises:
            WebFault: one of both lists cannot be had.
        """
        stages = self.server.ask("/api/queue", list[_Stage])
        repos = self.server.ask("/api/builds/incomplete", list[_Repo])
        if repos:
            first = repos[0]
            build = f"{plain(first.slug)} #{first.build.number} ({plain(first.build.status)})"
            more = f" and {counted(len(repos) - 1, 'more build')}" if repos[1:] else ""
            return f"{self.server.name} has {build}{more}"
        if stages:
            states = ", ".join(sorted({plain(stage.status) for stage in stages}))
            return f"{self.server.name} has {counted(len(stages), 'stage')} in its queue ({states})"
        return None
