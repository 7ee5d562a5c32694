"""Whatever looks at the remotes of many recipes asks them all at once, and each of them once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code
from canon_sweep.errors import HostFault
from canon_sweep.job.adopt import run_adopt
from canon_sweep.mirror.pool import Pool
from canon_sweep.mirror.survey import Pair, Survey
from forge.fake import fake_forge
from mirror.door import PATIENCE, Door, Silence
from state.ciwarm import CiWarm
from stories.fleet import Fleet
from stories.outside import OutsideFleet

NAMES = ("chat", "mail", "notes")
LAST = "2026-06-20"
Looked = dict[str, str]


def verified(fleet: Fleet) -> Looked:
    """What `verify` has to say against each canonical."""
    found = [each for each in fleet.verifies() if each.recipe != "-"]
    return {each.recipe: "; ".join((*each.unchecked, *each.problems)) for each in found}


def pinned(fleet: Fleet) -> Looked:
    """Of which pin nobody can tell, and why."""
    return {each.recipe: each.why * (each.needed is None) for each in fleet.pins().pins}


def overridden(fleet: Fleet) -> Looked:
    """What is wrong with each override."""
    return {each.recipe: each.problem for each in fleet.overrides().values()}


def planned(fleet: Fleet) -> Looked:
    """What keeps each recipe from being decided."""
    lines = fleet.plans().results.entries
    return {each.recipe: each.why * (each.code is Code.SYNC_ERROR) for each in lines}


def adopted(fleet: Fleet) -> Looked:
    """What is not sure of each canonical of another tool's."""
    found = run_adopt(fleet.settings(), (), fleet.means(), dry_run=True)
    parts = {each.recipe: [part.line for part in each.parts if not part.holds] for each in
             found.canonicals}  # fmt: skip
    return {recipe: "; ".join(lines) for recipe, lines in parts.items()}


LOOKS = [verified, pinned, overridden, planned]


@pytest.fixture
def door(fleet: Fleet) -> Iterator[Door]:
    """What the remotes of the fleet's recipes lie behind."""
    with Door.before(fleet.folder) as door:
        yield door


@pytest.fixture
def settled(fleet: Fleet, door: Door) -> Fleet:
    """Recipes with a canonical and a pin; both sides agree, and nothing is new."""
    for name in NAMES:
        fleet.publishes(name, "1.0.0+1")
        fleet.add(name, upgradeBase=override(tag="1.0.0+1"))
    fleet.has_swept()
    for name in NAMES:
        urls = {"upstream": door.url(fleet.upstream(name)), "mirror": door.url(fleet.mirror(name))}
        fleet.add(name, **urls)
    fleet.plans()
    return fleet


def override(**more: str) -> dict[str, Any]:
    """One that is in force."""
    return {"reason": "a reason", "until": LAST} | more


@pytest.mark.parametrize("look", LOOKS)
def test_all_remotes_are_asked_before_one_has_answered(
    settled: Fleet, door: Door, look: Callable[[Fleet], Looked]
) -> None:
    """However long they take, it is one of them that is waited for."""
    door.shut_until(2 * len(NAMES))

    found = look(settled)

    assert found == dict.fromkeys(NAMES, "")
    assert door.came == 2 * len(NAMES)


def test_overrides_asks_of_those_too_who_take_no_part(settled: Fleet, door: Door) -> None:
    """What would be without their exception is what is wanted."""
    for name in NAMES[1:]:  # a sweep of nobody would be a mistake
        settled.add(name, enroll=False, exception=override())
    door.shut_until(2 * len(NAMES))

    found = overridden(settled)

    assert found == dict.fromkeys(NAMES, "")
    assert door.came == 2 * len(NAMES)


@pytest.mark.parametrize("look", LOOKS)
def test_remotes_that_hang_cost_one_deadline_and_nobody_else_anything(
    settled: Fleet, look: Callable[[Fleet], Looked]
) -> None:
    """Each of them is asked once, also where much is wrong with its recipe."""
    settled.options["syncTimeout"] = "4s"
    alright, *others = NAMES
    silence = Silence()
    with ExitStack() as stack:
        for name in others:
            (settled.volume(name) / "token").write_text("another")
            settled.add(name, upstream=stack.enter_context(silence.one_more()))

        found = look(settled)

    assert (silence.came, silence.most) == (len(others), len(others))
    assert found.pop(alright) == ""
    assert sorted(found) == others
    assert all("not done within 4 s" in why for why in found.values())


@pytest.mark.parametrize("look", LOOKS)
def test_where_no_process_is_to_be_had_the_same_is_said(
    settled: Fleet, monkeypatch: pytest.MonkeyPatch, look: Callable[[Fleet], Looked]
) -> None:
    """Of a remote that is down, too, and of a recipe that takes no part; it takes longer."""
    (alright, down, out), why = NAMES, "no process can be started"
    settled.add(down, upstream=settled.upstream("nobody").as_uri())
    settled.add(out, enroll=False, exception=override())
    before = look(settled)

    def none(*_: object, **__: object) -> Pool:
        raise HostFault(why)

    monkeypatch.setattr(Pool, "made", none)

    assert look(settled) == before
    assert "cannot be read" in before[down]
    assert before[alright] == ""


def test_what_is_promoted_while_remotes_are_asked_is_what_is_verified(
    settled: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may take a while, and a record that was read before names volumes that are gone."""
    settled.publishes("notes", "1.1.0+1")
    look = Survey.look

    def beside_a_sweep(survey: Survey, pairs: Iterable[Pair]) -> None:
        monkeypatch.setattr(Survey, "look", look)
        look(survey, pairs)
        assert settled.sweeps()["notes"].outcome is Outcome.PROMOTED

    monkeypatch.setattr(Survey, "look", beside_a_sweep)

    found = {each.recipe: each for each in settled.verifies()}

    assert found["notes"].canonical == "1.1.0+1"
    assert all(each.problems == each.unchecked == () for each in found.values())


@pytest.mark.parametrize("look", [verified, adopted])
def test_another_tools_canonicals_are_compared_with_all_remotes_at_once(
    outside: OutsideFleet, look: Callable[[Fleet], Looked]
) -> None:
    """As those of our own are."""
    outside.uses_ccci()
    warm = CiWarm(outside.warm)
    for name in NAMES:
        warm.promotes(name, "1.0.0+1", outside.releases(name, "1.0.0+1"), volumes=())
    run_adopt(outside.settings(), (), outside.means(), dry_run=False)
    outside.options["syncTimeout"] = "4s"
    silence = Silence()
    with ExitStack() as stack:
        for name in NAMES:
            outside.add(name, upstream=stack.enter_context(silence.one_more()))

        found = look(outside)

    assert (silence.came, silence.most) == (len(NAMES), len(NAMES))
    assert sorted(found) == list(NAMES)
    assert all("not done within 4 s" in why for why in found.values())


def test_a_forge_is_asked_for_all_missing_mirrors_at_once(fleet: Fleet, tmp_path: Path) -> None:
    """Before it has answered of one; whoever is told of a mirror is told how it is made."""
    for name in NAMES:
        fleet.publishes(name, "1.0.0+1")
    fleet.has_swept()
    everybody = threading.Barrier(len(NAMES))

    def wait(line: str) -> None:
        if line.startswith("GET /repos/"):
            everybody.wait(PATIENCE)

    with fake_forge(tmp_path) as fake:
        fleet.options |= {"forge": fake.table(), "credentials": fake.logins()}
        for name in NAMES:
            fleet.add(name, mirror=fake.mirror("mirrors", name))
        fake.before = wait

        found = verified(fleet)

    assert sorted(found) == list(NAMES)
    assert all("tea repos create" in why for why in found.values())
