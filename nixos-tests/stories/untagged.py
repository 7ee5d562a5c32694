"""Commits on main that nobody released are mirrored, and never tested."""

from __future__ import annotations

from stories.first_day import first_day
from stories.machine import Machine
from stories.maintainer import LOSES
from stories.operator import Operator


def story(machine: Machine) -> None:
    """Main moves on behind the release, and moves before there is any."""
    with machine.nested("main is ahead of the release that is promoted"):
        operator, notes, draft = first_day(machine)
        notes.publishes("1.0.0+1.0.0")
        notes.commits(LOSES)
        draft.commits()
        night = operator.night()

        assert night.verdict("notes") == "promoted"
        released = _commit_of(operator, "refs/tags/1.0.0+1.0.0^{}")
        assert operator.record("notes")["commit"] == released
        assert released != _commit_of(operator, "refs/heads/main")
        before = operator.bytes_of("notes")

    with machine.nested("more commits: the mirror follows, and nothing is tested"):
        main = _commit_of(operator, "refs/heads/main")
        notes.commits(LOSES)
        draft.commits()
        with operator.swarm.makes_no_container():
            night = operator.night()

        assert night.result == "success", night.journal
        assert night.verdict("notes") == "skip/no-new-version"
        assert night.verdict("draft") == "skip/never-released"
        assert _commit_of(operator, "refs/heads/main") != main
        for name in ("notes", "draft"):
            assert operator.refs_of(name) == operator.refs_of(name, "upstream")
        assert operator.bytes_of("notes") == before


def _commit_of(operator: Operator, ref: str) -> str:
    refs = (line.split("\t") for line in operator.refs_of("notes").splitlines())
    return next(commit for commit, name in refs if name == ref)
