"""A mirror on a forge: made where it is missing, settled where upstream has merged, kind to all."""

from __future__ import annotations

from collections.abc import Mapping

from stories.first_day import first_day
from stories.hoster import Everything, Hoster, main_and_tags
from stories.machine import Machine
from stories.maintainer import Maintainer
from stories.operator import Operator

_CLOSED = {"state", "closed_at", "updated_at", "comments"}
"""What is another of a pull request that is closed with one comment."""


def story(machine: Machine, forge: Machine) -> None:
    """Two Sundays on which the forge is there, and one on which it is not."""
    hoster = Hoster(machine, forge)
    with machine.nested("the forge has an account for the sweep, and no mirror"):
        operator, notes, draft = first_day(machine)
        hoster.opens()
        for n in range(6):
            notes.publishes(f"1.{n}.0+1.0.0")
        draft.publishes("1.0.0+1.0.0")
        operator.finds_all_well("forge")
        assert not hoster.knows("notes")

    with machine.nested("the missing mirror is made, and is upstream's"):
        night = operator.night()

        assert night.result == "success", night.journal
        assert [night.verdict(name) for name in ("notes", "draft")] == ["promoted"] * 2
        assert night.entries["notes"]["sync"]["made"]
        assert hoster.refs("notes") == main_and_tags(operator.refs_of("notes", "upstream"))
        assert hoster.is_public("notes")

    with machine.nested("people work on the mirror, and upstream takes two of their branches"):
        others = [_opens(hoster, notes, f"unrelated-{n}") for n in range(3)]
        merged, squashed = (_opens(hoster, notes, name) for name in ("merged", "squashed"))
        for n in range(5):
            notes.works_on(f"private-{n}", hoster.url_of("notes"))
        hoster.comment("notes", hoster.issue("notes"), "because")
        taken = {merged: notes.merges("merged"), squashed: notes.squashes("squashed")}
        notes.publishes("1.6.0+1.0.0")
        notes.publishes("1.7.0+1.0.0")
        notes.withdraws("1.1.0+1.0.0")
        before = hoster.everything("notes")

    with machine.nested("exactly these two are closed, and whatever else people have is as it was"):
        night = operator.night()

        assert night.result == "success", night.journal
        assert night.verdict("notes") == "promoted"
        closed = night.entries["notes"]["sync"]["closed"]
        assert {int(number) for number in closed} == set(taken)
        after = hoster.everything("notes")
        assert all(after[f"pull {number}"] == before[f"pull {number}"] for number in others)
        _are_closed(taken, before, after)
        for number, commit in taken.items():
            (said,) = hoster.comments("notes", number)
            assert commit in said

    with machine.nested("the next fire of the timer is a no-op, on the forge too"):
        night = operator.night()

        assert night.result == "success", night.journal
        assert not any(night.totals.values()), night.totals
        operator.finds_all_well("mirror.push", "mirror.rights", "mirror.main")
        assert hoster.everything("notes") == after

    _goes_down(hoster, operator, draft)


def _goes_down(hoster: Hoster, operator: Operator, draft: Maintainer) -> None:
    """A Sunday on which the forge is not there, and the one after it."""
    machine, before = hoster.machine, hoster.everything("notes")
    with machine.nested("a forge that is down costs its own recipe a line, and nobody else"):
        kept = operator.bytes_of("notes")
        hoster.goes_down()
        draft.publishes("1.1.0+1.0.0")
        night = operator.night()

        assert night.verdict("notes") == "error/sync", night.journal
        assert night.says("notes", "forge:3000"), night.journal
        assert night.verdict("draft") == "promoted"
        assert operator.bytes_of("notes") == kept

    with machine.nested("when it is back the sweep goes on, and nothing was lost"):
        hoster.comes_back()
        night = operator.night()

        assert night.result == "success", night.journal
        assert night.verdict("notes") == "skip/no-new-version"
        assert hoster.everything("notes") == before
        operator.finds_only_canonicals()


def _opens(hoster: Hoster, maintainer: Maintainer, branch: str) -> int:
    """Somebody opens a pull request on the mirror; its number."""
    maintainer.works_on(branch, hoster.url_of(maintainer.recipe))
    return hoster.pull(maintainer.recipe, branch)


def _are_closed(taken: Mapping[int, str], before: Everything, after: Everything) -> None:
    """These are, with a comment each; main moved, two tags came, one went, and that is all."""
    for name in (f"pull {number}" for number in taken):
        old, new = before[name], after[name]
        assert {key for key in new if new[key] != old[key]} == _CLOSED
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    comments = {name for name in changed if name.startswith("comment ")}
    assert len(comments) == len(taken)
    tags = {f"ref refs/tags/1.{n}.0+1.0.0{end}" for n in (1, 6, 7) for end in ("", "^{}")}
    main = {"ref refs/heads/main", "ref HEAD"}
    assert changed - comments == tags | main | {f"pull {number}" for number in taken}
