"""Mirrors on a forge: what upstream has merged is closed, and nothing else of it is touched."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from canon_sweep import crew
from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code
from canon_sweep.core.pull import MOVED, REFUSED, UNREACHABLE, UNREAD
from canon_sweep.errors import EXIT_DONE, EXIT_WRONG
from canon_sweep.forge import asked, gitea
from canon_sweep.job.explain import explain
from canon_sweep.job.pulls import MOST_FAILED
from canon_sweep.mirror import pulls
from canon_sweep.report.table import results_listing, totals_line
from child import forked
from forge.fake import FakeForge, FakePull, FakeRepo, Trouble, fake_forge
from forge.world import COMPOSE, Desk, edited
from mirror.servers import Hostile
from stories.fleet import RUNS, Fleet
from stories.test_survey import outlasts, stalls, sweeps_doing


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeForge]:
    """A forge without any repository."""
    with fake_forge(tmp_path) as forge:
        yield forge


def mirrored(fleet: Fleet, fake: FakeForge, recipe: str) -> FakeRepo:
    """The recipe's mirror lies on the forge."""
    made = fake.makes("mirrors", recipe)
    fleet.add(recipe, mirror=fake.mirror("mirrors", recipe))
    fleet.options |= {"forge": fake.table(), "credentials": fake.logins()}
    return made


@pytest.fixture
def notes(fleet: Fleet, fake: FakeForge) -> FakeRepo:
    """The mirror of a recipe with a release, swept once."""
    made = mirrored(fleet, fake, "notes")
    fleet.publishes("notes", "1.0.0+1.0.0")
    return made


@pytest.fixture
def closing(fleet: Fleet, notes: FakeRepo, tmp_path: Path) -> tuple[Fleet, FakePull]:
    """A fleet whose next sweep closes a pull request."""
    desk = desk_of(fleet, notes, tmp_path)
    pull = desk.opens({"compose.yml": edited(3)})
    desk.merges(pull.number)
    desk.publishes()
    return fleet, pull


def desk_of(fleet: Fleet, mirror: FakeRepo, folder: Path) -> Desk:
    """Where people work on upstream; the mirror is in step."""
    desk = Desk.made(folder, mirror, fleet.upstream(mirror.name))
    fleet.sweeps()
    return desk


def test_a_sweep_closes_what_is_merged_and_touches_nothing_else(
    fleet: Fleet, fake: FakeForge, notes: FakeRepo, tmp_path: Path
) -> None:
    """Three unrelated, one merged, one squashed, five private branches; main and tags move."""
    for number in range(2, 7):
        fleet.publishes("notes", f"1.{number}.0+1.0.0")
    desk = desk_of(fleet, notes, tmp_path)
    assert len([ref for ref in notes.repo.refs() if ref.startswith("refs/tags/")]) == 6
    for name in ("ada", "bob", "eve/one", "eve/two", "zoe"):
        desk.pushes(desk.branch({"env": f"{name}\n"}), f"refs/heads/private/{name}")
    unrelated = [desk.opens({"env": f"A={n}\n"}).number for n in range(3)]
    desk.commits({"README.md": COMPOSE})
    merged = desk.opens({"README.md": edited(3)}).number
    squashed = desk.opens({"README.md": edited(30)}, {"new": "x\n"}).number
    notes.issues[99] = "somebody's"
    desk.merges(merged)
    desk.squashes(squashed)
    for tag in ("2.0.0+2.0.0", "2.1.0+2.0.0"):
        desk.commits({"compose.yml": fleet.compose(RUNS, tag, ready=False, secret=False)})
        desk.releases(tag)
    fleet.repo("notes").references.delete("refs/tags/1.3.0+1.0.0")
    before = notes.everything()

    night = fleet.sweeps()

    after = notes.everything()
    line = night["notes"]
    assert line.outcome is Outcome.PROMOTED
    assert line.sync is not None
    assert list(line.sync.closed) == [merged, squashed]
    assert notes.closed() == {merged, squashed}
    assert all(len(notes.pulls[number].comments) == 1 for number in (merged, squashed))
    for number in unrelated:
        assert after["pulls"][number] == before["pulls"][number]
    assert after["issues"] == before["issues"]
    assert after["settings"] == before["settings"]
    moved = {"refs/heads/main", "refs/tags/2.0.0+2.0.0", "refs/tags/2.1.0+2.0.0"}
    gone = {"refs/tags/1.3.0+1.0.0"}
    kept = before["refs"].keys() - moved - gone
    assert after["refs"].keys() == kept | moved
    assert {ref: after["refs"][ref] for ref in kept} == {ref: before["refs"][ref] for ref in kept}
    assert night.results.totals.closed_pulls == 2
    assert ", 2 pull requests closed" in totals_line(night.results)
    remarks = results_listing(night.results).rows[0].remarks
    assert any(remark.startswith(f"closed #{merged}: its commit ") for remark in remarks)


def test_a_sweep_at_once_is_a_no_op_with_one_request_a_recipe(
    fleet: Fleet, fake: FakeForge, notes: FakeRepo, tmp_path: Path
) -> None:
    """Nothing is fetched a second time."""
    desk = desk_of(fleet, notes, tmp_path)
    desk.opens({"env": "A=2\n"})
    fleet.sweeps()
    fake.asked.clear()

    night = fleet.sweeps()

    assert night.results.noop
    assert len(fake.gets()) == 1
    assert fake.wrote() == []
    assert not [line for line in fake.asked if "GIT" in line and "info/refs" not in line]


@pytest.fixture
def film(
    fleet: Fleet, notes: FakeRepo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Desk, FakePull]:
    """A pull request that is too large; no other is looked at beside it."""
    desk = desk_of(fleet, notes, tmp_path)
    monkeypatch.setattr(pulls, "MOST_TOGETHER", 200_000)
    monkeypatch.setattr(pulls, "MOST_ALONE", 200_000)
    return desk, desk.opens({"film": random.Random(1).randbytes(1_000_000).hex()})


def test_one_that_is_too_large_to_be_looked_at_is_named(
    fleet: Fleet, film: tuple[Desk, FakePull]
) -> None:
    """In its recipe's line, once; it is nobody's mistake."""
    _, pull = film

    night = fleet.sweeps()

    (note,) = [note for note in night["notes"].notes if note.code == UNREAD]
    assert f"pull request #{pull.number} is left open" in note.text
    assert night.results.exit_code == EXIT_DONE
    assert fleet.sweeps()["notes"].notes == ()


def test_very_many_that_are_kept_from_their_turn_have_one_note(
    fleet: Fleet, film: tuple[Desk, FakePull]
) -> None:
    """Anybody may open them; a recipe's line stays one that people read."""
    desk, _ = film
    for number in range(7):
        desk.opens({"env": f"A={number}\n"})

    night = fleet.sweeps()

    one, others = (note.text for note in night["notes"].notes if note.code == UNREAD)
    assert one.startswith("pull request #1 is left open and not looked at: its commits have")
    assert others.startswith("pull requests #2, #3, #4, #5, #6 and 2 more are left open and not")
    assert fleet.sweeps()["notes"].notes == ()


def test_a_close_that_failed_is_made_up_for_where_no_ref_moved(
    closing: tuple[Fleet, FakePull], fake: FakeForge
) -> None:
    """The forge was down for a night; it is no recipe's fault, and no run's."""
    fleet, pull = closing
    fake.troubles = [Trouble("PATCH", 503)]

    night = fleet.sweeps()

    assert night["notes"].code is Code.NO_NEW_VERSION
    assert [note.code for note in night["notes"].notes] == [UNREACHABLE]
    assert night.results.exit_code == EXIT_DONE
    assert pull.state == "open"
    fake.troubles.clear()

    night = fleet.sweeps()

    assert night["notes"].sync is not None
    assert list(night["notes"].sync.closed) == [pull.number]
    assert not night.results.noop
    assert len(pull.comments) == 1


def test_nothing_is_closed_before_all_remotes_were_looked_at(
    closing: tuple[Fleet, FakePull], fake: FakeForge
) -> None:
    """Also where no ref moves: what is closed is decided by what upstream has at one moment."""
    fleet, pull = closing
    fake.troubles = [Trouble("PATCH", 503)]
    fleet.sweeps()
    fake.troubles.clear()
    fleet.options["syncTimeout"] = "60s"
    fake.asked.clear()
    begun = threading.Event()
    seen: list[bool] = []
    with Hostile.started() as server:
        server.talk = outlasts(begun, fake.wrote, seen)
        fleet.add("zoo", upstream=server.url)

        night = sweeps_doing(fleet, notes=begun.set)

    assert seen
    assert seen[0]
    assert night["notes"].code is Code.NO_NEW_VERSION
    assert pull.state == "closed"


MOMENTS = [(what, when) for what in ("PATCH", "POST", "GET .*comments")
           for when in ("before", "after")]  # fmt: skip


@pytest.mark.parametrize(("what", "when"), MOMENTS)
def test_a_sweep_that_is_killed_leaves_one_comment_in_the_end(
    closing: tuple[Fleet, FakePull], fake: FakeForge, what: str, when: str
) -> None:
    """With SIGKILL, before or after the forge has done it; the next sweep finishes it."""
    fleet, pull = closing
    child, is_known, is_killed = [0], threading.Event(), threading.Event()

    def kill(line: str) -> None:
        if re.search(what, line) and not is_killed.is_set():
            is_known.wait()
            is_killed.set()
            os.kill(child[0], signal.SIGKILL)
            raise ConnectionResetError  # what was to be done is not done, or not told

    setattr(fake, when, kill)
    child[0] = forked(fleet.sweeps)
    is_known.set()
    assert os.waitstatus_to_exitcode(os.waitpid(child[0], 0)[1]) == -signal.SIGKILL

    night = fleet.sweeps()

    assert night["notes"].sync is not None
    assert (pull.state, len(pull.comments)) == ("closed", 1)
    # the log of the one that was killed has it, where nothing was left to do
    assert list(night["notes"].sync.closed) == [pull.number] * ((what, when) != ("POST", "after"))
    assert fleet.sweeps().results.noop
    assert (pull.state, len(pull.comments)) == ("closed", 1)


DOWN = {
    "5xx": Trouble("GET", 502),
    "busy": Trouble("GET", 429, headers={"Retry-After": "7200"}),
    "hanging": Trouble("GET", hang=True),
    "dripping": Trouble("GET", drip=True),
}
MISUSED = {
    "login": Trouble("GET", 401),
    "rights": Trouble("GET", 403),
    "hidden": Trouble("GET", 404),
    "a page": Trouble("GET", 200, b"<html></html>", kind="text/html"),
    "elsewhere": Trouble("GET", 301, headers={"Location": "http://127.0.0.2:1/"}),
}


@pytest.mark.parametrize("how", [*DOWN, *MISUSED])
def test_a_forge_that_does_not_answer_stops_no_sweep(
    fleet: Fleet,
    fake: FakeForge,
    notes: FakeRepo,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    """Mirrors are synced and releases promoted; only what somebody has to mend is wrong."""
    mirrored(fleet, fake, "mail")
    fleet.publishes("mail", "1.0.0+1.0.0")
    monkeypatch.setattr(gitea, "SECONDS", 1.0)
    fake.troubles = [{**DOWN, **MISUSED}[how]]

    night = fleet.sweeps()

    lines = night.results.entries
    assert [line.outcome for line in lines] == [Outcome.PROMOTED] * 2
    code = UNREACHABLE if how in DOWN else REFUSED
    assert [[note.code for note in line.notes if note.code in (UNREACHABLE, REFUSED)]
            for line in lines] == [[code]] * 2  # fmt: skip
    assert all(fake.url in note.text for line in lines for note in line.notes if note.code == code)
    assert night.results.exit_code == (EXIT_DONE if how in DOWN else EXIT_WRONG)


def test_a_forge_that_hangs_costs_a_sweep_its_bound_once(
    fleet: Fleet, fake: FakeForge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many mirrors lie there."""
    monkeypatch.setattr(asked, "SECONDS", 1.0)
    monkeypatch.setattr(asked, "MORE", 0.0)
    monkeypatch.setattr(crew, "AT_ONCE", 2)
    names = [f"r{number}" for number in range(6)]
    for name in names:
        mirrored(fleet, fake, name)
        fleet.commits(name, None, {"compose.yml": "x"})
    fake.troubles = [Trouble("GET", hang=True)]

    night = fleet.sweeps()

    assert [[note.code for note in line.notes] for line in night.results.entries] == [
        [UNREACHABLE]
    ] * 6
    assert len(fake.gets()) == 2


def test_a_forge_that_goes_down_in_the_middle_is_not_waited_for_again_and_again(
    fleet: Fleet, fake: FakeForge, tmp_path: Path
) -> None:
    """A few recipes have met it; the others' lines say the same."""
    desks = {}
    for name in ("one", "two", "three", "four", "five"):
        mirrored(fleet, fake, name)
        fleet.commits(name, None, {"compose.yml": "x"})
        (tmp_path / name).mkdir()
        desks[name] = Desk.made(tmp_path / name, fake.repos[f"mirrors/{name}"],
                                fleet.upstream(name))  # fmt: skip
    fleet.sweeps()
    for desk in desks.values():
        desk.merges(desk.opens({"compose.yml": edited(3)}).number)
        desk.publishes()
    fake.troubles = [Trouble("comments", 502)]
    fake.asked.clear()

    night = fleet.sweeps()

    assert [[note.code for note in line.notes] for line in night.results.entries] == [
        [UNREACHABLE]
    ] * 5
    assert len([line for line in fake.gets() if "comments" in line]) == 3


def test_a_mirror_that_has_another_name_now_is_followed_and_told(
    fleet: Fleet, fake: FakeForge, notes: FakeRepo, tmp_path: Path
) -> None:
    """What is done is done at the new place."""
    desk = desk_of(fleet, notes, tmp_path)
    pull = desk.opens({"compose.yml": edited(3)})
    desk.merges(pull.number)
    desk.publishes()
    fake.repos["new/place"] = notes
    fake.moved = {"mirrors/notes": "new/place"}

    night = fleet.sweeps()

    assert [(note.code, note.text) for note in night["notes"].notes] == [
        (MOVED, "the mirror mirrors/notes is new/place on the forge now: correct its URL")
    ]
    assert pull.state == "closed"
    assert night.results.exit_code == EXIT_DONE


def test_a_plan_says_what_would_be_closed_and_closes_nothing(
    fleet: Fleet, fake: FakeForge, notes: FakeRepo, tmp_path: Path
) -> None:
    """And so does explain."""
    desk = desk_of(fleet, notes, tmp_path)
    pull = desk.opens({"compose.yml": edited(3)})
    desk.merges(pull.number)
    desk.publishes()
    before = notes.everything()
    fake.asked.clear()

    plan = fleet.plans()
    answer = explain(fleet.settings(), "notes", fleet.means())

    assert plan["notes"].sync is not None
    assert list(plan["notes"].sync.merged) == list(answer.merged) == [pull.number]
    assert plan["notes"].sync.closed == {}
    assert any("would close #" in text for text in results_listing(plan.results).rows[0].remarks)
    assert notes.everything() == before
    assert fake.wrote() == []
    assert not (fleet.folder / "state" / "pulls.json").exists()


def test_mirrors_elsewhere_are_asked_of_nobody(
    fleet: Fleet, fake: FakeForge, notes: FakeRepo
) -> None:
    """They have no pull requests that this forge knows of."""
    fleet.publishes("mail", "1.0.0+1.0.0")

    night = fleet.sweeps()

    assert night.results.exit_code == EXIT_DONE
    assert not [line for line in fake.gets() if "mail" in line]


def test_a_plans_processes_are_made_before_its_threads(
    fleet: Fleet, fake: FakeForge, notes: FakeRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is made beside others may have a lock for ever that one of them held."""
    beside: list[int] = []
    made, fork = threading.Event(), os.fork

    def wait(_line: str) -> None:
        made.wait(5)

    def counted() -> int:
        beside.append(threading.active_count() - there)
        pid = fork()
        made.set()
        return pid

    fake.before = wait
    there = threading.active_count()
    monkeypatch.setattr(os, "fork", counted)

    fleet.plans()

    assert beside == [0]


def test_a_clone_that_broke_meanwhile_is_made_anew_by_the_next_sweep(
    fleet: Fleet, notes: FakeRepo, tmp_path: Path
) -> None:
    """Though no remote has anything new: its pull requests are not left alone for good."""
    desk = desk_of(fleet, notes, tmp_path)
    fleet.sweeps()
    pull = desk.opens({"env": "A=1\n"})
    (fleet.folder / "cache" / "recipes" / "notes.git" / "HEAD").unlink()

    (note,) = fleet.sweeps()["notes"].notes
    night = fleet.sweeps()

    assert "does not say what its main has; the next sweep makes it anew" in note.text
    assert night["notes"].notes == ()
    assert pull.number not in notes.closed()


def test_a_recipe_that_stays_out_is_asked_of_nobody(
    fleet: Fleet, fake: FakeForge, notes: FakeRepo
) -> None:
    """As its mirror is not synced."""
    mirrored(fleet, fake, "mail")
    fleet.add("mail", enroll=False, exception="not now")

    fleet.sweeps()

    assert not [line for line in fake.gets() if "mail" in line]


def test_a_missing_mirror_is_made_where_that_is_wanted(fleet: Fleet, fake: FakeForge) -> None:
    """On the first day none is there; after it the sweep goes on as ever."""
    fleet.publishes("notes", "1.0.0+1.0.0")
    fleet.add("notes", mirror=fake.mirror("mirrors", "notes"))
    table = fake.table(createMirrors=True, visibility="public")
    fleet.options |= {"forge": table, "credentials": fake.logins()}
    fake.orgs = {"mirrors"}

    night = fleet.sweeps()

    line = night["notes"]
    made = fake.repos["mirrors/notes"]
    assert line.outcome is Outcome.PROMOTED
    assert line.sync is not None
    assert line.sync.made
    assert made.private is False
    assert set(made.repo.refs()) == {"refs/heads/main", "refs/tags/1.0.0+1.0.0"}
    assert line.notes == ()
    assert fleet.sweeps().results.noop


def test_a_clone_that_broke_costs_a_sweep_a_note_and_the_next_one_nothing(
    closing: tuple[Fleet, FakePull],
) -> None:
    """Nobody else opens it where upstream stands still: the note would come for ever."""
    fleet, pull = closing
    pull.state = "closed"
    fleet.sweeps()
    pull.state = "open"
    shutil.rmtree(fleet.folder / "cache/recipes/notes.git/objects")

    night, next_night = fleet.sweeps(), fleet.sweeps()

    assert [note.code for note in night["notes"].notes] == [UNREAD]
    assert next_night["notes"].notes == ()
    assert pull.state == "closed"


@pytest.mark.parametrize("branch", ["main", "nowhere"])
def test_no_mirror_is_made_of_an_upstream_that_cannot_be_mirrored(
    fleet: Fleet, fake: FakeForge, branch: str
) -> None:
    """Not there, or without the branch: with a URL that is wrong an empty one would stay."""
    fleet.publishes("notes", "1.0.0+1.0.0")
    fleet.add("notes", mirror=fake.mirror("mirrors", "notes"), branch=branch)
    table = fake.table(createMirrors=True)
    fleet.options |= {"forge": table, "credentials": fake.logins()}
    fake.orgs = {"mirrors"}

    said = _of_upstream_away(fleet) if branch == "main" else fleet.sweeps()["notes"].sentence

    assert "upstreams/notes" in said
    assert fake.wrote() == []
    assert fake.repos == {}


def test_a_missing_mirror_is_told_with_the_command_that_makes_it(
    fleet: Fleet, fake: FakeForge
) -> None:
    """By default nothing is made; a plan makes nothing either."""
    fleet.publishes("notes", "1.0.0+1.0.0")
    fleet.add("notes", mirror=fake.mirror("mirrors", "notes"))
    fleet.options |= {"forge": fake.table(), "credentials": fake.logins()}
    fake.orgs = {"mirrors"}

    night = fleet.sweeps()

    assert night["notes"].code is Code.SYNC_ERROR
    command = "tea repos create --owner mirrors --name notes --private"
    assert command in night["notes"].sentence
    assert "make it" not in _of_upstream_away(fleet)
    fleet.options["forge"] = fake.table(createMirrors=True)
    assert "the next sweep makes it" in fleet.plans()["notes"].sentence
    assert fake.wrote() == []


@pytest.mark.parametrize("made", [False, True])
def test_upstreams_that_hang_cost_one_deadline_also_where_mirrors_are_missing(
    fleet: Fleet, fake: FakeForge, made: bool
) -> None:
    """As on a first day: not one a recipe, and nothing is made for what nobody can read."""
    fake.orgs = {"mirrors"}
    fleet.options |= {"forge": fake.table(createMirrors=made), "credentials": fake.logins()}
    fleet.options["syncTimeout"] = "3s"
    # all at once, however busy this machine is: who is still to be asked is told something else
    fleet.options["survey"] = {"parallel": 12, "perHost": 12}
    with Hostile.started() as server:
        server.talk = stalls(server)
        names = [f"notes{number}" for number in range(6)]
        for name in names:
            fleet.add(name, upstream=server.url, mirror=fake.mirror("mirrors", name))
        began = time.monotonic()

        night = fleet.sweeps()

        assert time.monotonic() - began < 3 * 3
    for name in names:
        assert "not done within 3 s" in night[name].sentence
    assert fake.wrote() == []


def _of_upstream_away(fleet: Fleet) -> str:
    """The line when upstream is away too, which is another matter."""
    there, away = fleet.upstream("notes"), fleet.folder / "away"
    there.rename(away)
    try:
        return fleet.sweeps()["notes"].sentence
    finally:
        away.rename(there)


def test_a_mirror_that_cannot_be_made_is_told_with_the_reason(
    fleet: Fleet, fake: FakeForge
) -> None:
    """Taken, forbidden, an organization that is not there: each in the recipe's line."""
    fleet.publishes("notes", "1.0.0+1.0.0")
    fleet.add("notes", mirror=fake.mirror("mirrors", "notes"))
    fleet.options |= {"forge": fake.table(createMirrors=True), "credentials": fake.logins()}

    assert "no organization mirrors" in fleet.sweeps()["notes"].sentence
    fake.orgs, fake.may_create = {"mirrors"}, False
    assert "not allowed to create repository" in fleet.sweeps()["notes"].sentence
    fake.may_create = True
    (fake.ground / "mirrors" / "notes.git").mkdir(parents=True)
    line = fleet.sweeps()["notes"]
    assert "mirrors/notes already, which the token may not see" in line.sentence
    assert line.code is Code.SYNC_ERROR


def test_a_forge_that_makes_nothing_any_more_is_not_waited_for_again_and_again(
    fleet: Fleet, fake: FakeForge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a first day, on which it answers as long as nobody wants anything of it."""
    fake.orgs = {"mirrors"}
    fleet.options |= {"forge": fake.table(createMirrors=True), "credentials": fake.logins()}
    monkeypatch.setattr(gitea, "SECONDS", 0.5)
    names = ["one", "two", "three", "four", "five"]
    for name in names:
        fleet.publishes(name, "1.0.0+1.0.0")
        fleet.add(name, mirror=fake.mirror("mirrors", name))
    fake.troubles = [Trouble("POST", hang=True)]

    night = fleet.sweeps()

    for name in names:
        assert night[name].code is Code.SYNC_ERROR
        assert "it cannot be made" in night[name].sentence
    assert len(fake.wrote()) == MOST_FAILED


def test_a_broken_memory_costs_the_pull_requests_their_turn_alone(
    fleet: Fleet, fake: FakeForge, notes: FakeRepo
) -> None:
    """And says what to do about it."""
    (fleet.folder / "state").mkdir(parents=True, mode=0o700)
    (fleet.folder / "state" / "pulls.json").write_text("[")

    night = fleet.sweeps()

    assert night["notes"].outcome is Outcome.PROMOTED
    (note,) = night["notes"].notes
    assert note.code == REFUSED
    assert "pulls.json is no memory of pull requests" in note.text
    assert night.results.exit_code == EXIT_WRONG
