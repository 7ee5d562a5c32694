"""The servers that git's own tests have."""

from __future__ import annotations

from mirror import conftest as mirrors

# fixtures
ground, place, pattern = mirrors.ground, mirrors.place, mirrors.pattern
up, mirror, world = mirrors.up, mirrors.mirror, mirrors.world
daemon, http, sshd = mirrors.daemon, mirrors.http, mirrors.sshd
served, hostile = mirrors.served, mirrors.hostile
