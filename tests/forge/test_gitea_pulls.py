"""Pull requests on a real Gitea: what upstream has merged is closed, and nothing else changes."""

from __future__ import annotations

import pytest

from canon_sweep import web
from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code
from canon_sweep.core.place import Place
from canon_sweep.core.pull import REFUSED
from canon_sweep.forge import gitea as api
from forge.forged import Desk, Forged
from forge.gitea_host import SCOPES, SWEEPER

# what closing changes of a pull request, and saying something once
CLOSED = {"state", "closed_at", "updated_at", "comments"}


@pytest.fixture
def desk(forged: Forged) -> Desk:
    """A recipe with one release, which is its canonical."""
    return _settled(forged, 1)


def _settled(forged: Forged, releases: int) -> Desk:
    """A recipe with so many releases, the last of which is its canonical."""
    forged.adds("notes")
    forged.settles()
    for number in range(releases):
        forged.fleet.publishes("notes", f"1.{number}.0+1")
    assert forged.fleet.sweeps()["notes"].outcome is Outcome.PROMOTED
    return Desk.of(forged, "notes")


def speaks(forged: Forged) -> api.Gitea:
    """The forge as the sweep speaks to it."""
    return api.Gitea(forged.host.url, forged.token_file)


def test_exactly_the_two_that_upstream_took_are_closed(forged: Forged) -> None:
    """Main moved, two tags came and one of six went: whatever else people have is as it was."""
    desk = _settled(forged, 6)
    fleet, mirror = forged.fleet, desk.mirror
    unrelated = [desk.opens(f"unrelated-{n}", "one", "two") for n in range(3)]
    merged = desk.opens("merged", "a", "b")
    squashed = desk.opens("squashed", "c", "d")
    for n in range(5):
        desk.branches(f"private-{n}", "mine")
    for number in (*unrelated, merged, squashed, mirror.issue("a question")):
        mirror.comment(number, f"about {number}")
    head, commit = desk.merges("merged"), desk.squashes("squashed")
    desk.releases("1.6.0+1")
    desk.releases("1.7.0+1")
    fleet.repo("notes").references.delete("refs/tags/1.1.0+1")
    before = mirror.everything()

    night = fleet.sweeps()

    entry, after = night["notes"], mirror.everything()
    assert entry.outcome is Outcome.PROMOTED
    assert entry.sync is not None
    assert set(entry.sync.closed) == {merged, squashed}
    assert [mirror.state(number) for number in unrelated] == ["open"] * 3
    for number, named in ((merged, head), (squashed, commit)):
        _, ours = mirror.comments(number)
        assert named in ours
    new = {name for name in after if name not in before}
    refs = {f"ref refs/tags/1.{n}.0+1" for n in (1, 6, 7)} | {"ref refs/heads/main"}
    comments = {name for name in new if name.startswith("comment ")}
    assert len(comments) == 2
    pulls = {f"pull {merged}", f"pull {squashed}"}
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    assert changed == refs | comments | pulls
    for name in pulls:
        assert {key for key in after[name] if after[name][key] != before[name][key]} == CLOSED

    again = fleet.sweeps()

    assert again.results.noop
    assert mirror.everything() == after


def test_a_plan_tells_what_would_be_closed(forged: Forged, desk: Desk) -> None:
    """And closes nothing."""
    number = desk.opens("merged", "a")
    desk.merges("merged")
    before = desk.mirror.everything()

    planned = forged.fleet.plans()["notes"]

    assert planned.sync is not None
    assert list(planned.sync.merged) == [number]
    assert desk.mirror.everything() == before


def test_one_that_was_merged_on_the_mirror_is_done(forged: Forged, desk: Desk) -> None:
    """The forge answers 412 to whoever would close it, and once more 201 to the next."""
    host, place = speaks(forged), Place(forged.owner, "notes")
    theirs, ours = desk.opens("theirs", "a"), desk.opens("ours", "b")
    desk.mirror.host.does("POST", f"{desk.mirror.api}/pulls/{theirs}/merge", {"Do": "merge"})

    assert host.close(place, theirs) is False
    assert [host.close(place, ours) for _ in range(2)] == [True, True]


def test_a_list_of_several_pages_is_read_to_its_end(
    forged: Forged, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is there once."""
    numbers = {desk.opens(f"branch-{n}", "x") for n in range(5)}
    monkeypatch.setattr(api, "PAGE", 2)

    listing = speaks(forged).pulls(Place(forged.owner, "notes"))

    assert {pull.number for pull in listing.pulls} == numbers
    assert len(listing.pulls) == 5
    assert listing.is_whole


def test_a_mirror_that_was_renamed_is_settled_where_it_is(forged: Forged, desk: Desk) -> None:
    """And one note says where that is."""
    number = desk.opens("merged", "a")
    desk.merges("merged")
    desk.mirror.becomes(name="notes-now")

    entry = forged.fleet.sweeps()["notes"]

    assert entry.sync is not None
    assert list(entry.sync.closed) == [number]
    told = [note.text for note in entry.notes if "moved" in note.code]
    assert len(told) == 1
    assert "notes-now" in told[0]


def test_one_without_pull_requests_is_no_trouble(forged: Forged, desk: Desk) -> None:
    """A repository may have them switched off."""
    desk.mirror.becomes(has_pull_requests=False)

    night = forged.fleet.sweeps()

    assert night.results.noop
    assert night["notes"].notes == ()


@pytest.mark.parametrize("scopes", [("read:repository",), ("write:repository",)])
def test_a_token_that_may_not_close_is_told_and_costs_no_test(
    forged: Forged, desk: Desk, scopes: tuple[str, ...]
) -> None:
    """Not the recipe's, and not anybody's pull request."""
    number = desk.opens("merged", "a")
    desk.merges("merged")
    desk.git("push", "-q", desk.mirror.admins_url, "main")
    forged.logs_in_with(*scopes)

    night = forged.fleet.sweeps()

    told = [note.text for note in night["notes"].notes if note.code == REFUSED]
    assert len(told) == 1
    assert "403" in told[0]
    assert night["notes"].code is Code.NO_NEW_VERSION
    assert night.results.exit_code == 1
    forged.logs_in_with(*SCOPES)
    forged.fleet.sweeps()
    assert desk.mirror.state(number) == "closed"
    assert len(desk.mirror.comments(number)) == 1


def test_a_token_that_is_wrong_and_a_mirror_that_is_hidden_are_told_apart(forged: Forged) -> None:
    """As the forge tells them."""
    forged.adds("notes")
    place = Place(forged.owner, "notes")
    forged.mirrors["notes"].hides_from(SWEEPER)
    with pytest.raises(web.MissingFault):
        speaks(forged).pulls(place)

    forged.token_file.write_text("0" * 40)

    with pytest.raises(web.LoginFault):
        speaks(forged).pulls(place)


def test_a_mirror_that_is_hidden_is_not_made_twice(forged: Forged) -> None:
    """Though to the account it looks as if it were not there."""
    forged.joins()
    forged.settles(createMirrors=True)
    forged.adds("notes")
    forged.mirrors["notes"].hides_from(SWEEPER)
    forged.fleet.publishes("notes", "1.0.0+1")

    entry = forged.fleet.sweeps()["notes"]

    assert entry.code is Code.SYNC_ERROR
    assert "already, which the token may not see" in entry.why
    assert forged.mirrors["notes"].git.refs() == {}


@pytest.mark.parametrize("visibility", ["private", "public"])
def test_a_missing_mirror_is_made_as_it_is_wanted(forged: Forged, visibility: str) -> None:
    """In an organisation whose member the sweep's account is; then it is a mirror as any other."""
    forged.joins()
    forged.settles(createMirrors=True, visibility=visibility)
    url = f"{forged.host.url}/{forged.owner}/new.git"
    forged.fleet.add("new", mirror=url)
    forged.fleet.publishes("new", "1.0.0+1")

    night = forged.fleet.sweeps()

    assert night["new"].outcome is Outcome.PROMOTED
    assert night["new"].sync is not None
    assert night["new"].sync.made
    about = forged.host.does("GET", f"/repos/{forged.owner}/new")
    assert (about["private"], about["default_branch"]) == (visibility == "private", "main")
    assert forged.fleet.sweeps().results.noop


def test_a_missing_mirror_is_told_with_the_command_that_makes_it(forged: Forged) -> None:
    """Where none is made unasked, or the account may not."""
    forged.settles()
    url = f"{forged.host.url}/{forged.owner}/new.git"
    forged.fleet.add("new", mirror=url)
    forged.fleet.publishes("new", "1.0.0+1")
    untold = forged.fleet.sweeps()["new"]
    forged.settles(createMirrors=True)
    refused = forged.fleet.sweeps()["new"]

    assert untold.code is refused.code is Code.SYNC_ERROR
    assert f"tea repos create --owner {forged.owner} --name new" in untold.why
    assert "403" in refused.why
    assert forged.host.ask("GET", f"/repos/{forged.owner}/new").status == 404
