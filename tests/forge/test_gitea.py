"""Gitea's interface, asked: whatever comes instead of an answer has its own name."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from canon_sweep import web
from canon_sweep.core.place import Place
from canon_sweep.forge import gitea
from canon_sweep.forge.gitea import Gitea
from canon_sweep.forge.protocol import TakenFault
from forge.fake import BOT, PAGE, FakeForge, FakeRepo, Trouble

NOTES = Place("mirrors", "notes")


@pytest.fixture
def forge(fake: FakeForge) -> Gitea:
    """As the settings would have it."""
    return Gitea(fake.url + "/", fake.token_file)


@pytest.fixture
def notes(fake: FakeForge) -> FakeRepo:
    """A mirror with one commit and no pull request."""
    made = fake.makes("mirrors", "notes")
    made.repo.commit("one")
    return made


def opened(notes: FakeRepo, count: int) -> list[int]:
    """So many open pull requests."""
    head = notes.repo.commit("topic", branch="topic")
    return [notes.opens(head).number for _ in range(count)]


def test_open_pull_requests_are_had_with_one_request(
    fake: FakeForge, forge: Gitea, notes: FakeRepo
) -> None:
    """And those that are closed are not among them."""
    first, second = opened(notes, 2)
    notes.pulls[first].state = "closed"
    notes.pulls[second].title = "WIP: later"
    fake.asked.clear()

    listing = forge.pulls(NOTES)

    (pull,) = listing.pulls
    assert (pull.number, pull.base, pull.head) == (second, "main", notes.head(second))
    assert pull.is_draft
    assert pull.is_open
    assert listing.place == NOTES
    assert len(fake.asked) == 1


@pytest.mark.parametrize(("count", "requests"), [(5, 1), (6, 2), (11, 3)])
def test_further_pages_are_asked_only_where_there_are_more(
    fake: FakeForge, forge: Gitea, notes: FakeRepo, count: int, requests: int
) -> None:
    """A server may have a smaller page than was asked for."""
    fake.most_per_page = 5
    numbers = opened(notes, count)
    fake.asked.clear()

    listing = forge.pulls(NOTES)

    assert [pull.number for pull in listing.pulls] == numbers
    assert listing.is_whole
    assert len(fake.asked) == requests


def test_more_pages_than_anybody_looks_at_are_told(
    fake: FakeForge, forge: Gitea, notes: FakeRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest is not looked at, and somebody knows."""
    monkeypatch.setattr(gitea, "MOST_PAGES", 2)
    fake.most_per_page = 1
    opened(notes, 3)

    listing = forge.pulls(NOTES)

    assert (len(listing.pulls), listing.is_whole) == (2, False)


def test_a_page_that_comes_again_and_again_is_the_last(
    fake: FakeForge, forge: Gitea, notes: FakeRepo
) -> None:
    """A server that says that there are always more is not asked for ever."""
    opened(notes, 1)
    body = b'[{"number":1,"state":"open","base":{"ref":"main"},"head":{"sha":"a"}}]'
    fake.troubles = [Trouble("pulls", 200, body, {"X-Total-Count": "99999999999"})]
    fake.asked.clear()

    assert len(forge.pulls(NOTES).pulls) == 1
    assert len(fake.asked) == 2


def test_a_repository_that_was_renamed_is_followed(
    fake: FakeForge, forge: Gitea, notes: FakeRepo
) -> None:
    """What is done then is done at the new place: only a question is redirected."""
    (number,) = opened(notes, 1)
    fake.moved = {"old/name": "mirrors/notes"}

    listing = forge.pulls(Place("old", "name"))

    assert listing.place == NOTES
    assert forge.close(listing.place, number)
    with pytest.raises(web.RedirectFault, match="mirrors/notes"):
        forge.close(Place("old", "name"), number)


def test_a_redirect_to_another_host_gets_no_token(
    fake: FakeForge, forge: Gitea, notes: FakeRepo
) -> None:
    """Wherever it leads."""
    fake.troubles = [Trouble("pulls", 301, headers={"Location": "http://127.0.0.2:1/x"})]

    with pytest.raises(web.RedirectFault, match="another host"):
        forge.pulls(NOTES)


def test_a_mirror_that_is_there_and_empty_has_none(fake: FakeForge, forge: Gitea) -> None:
    """On the first day; that is answered as what is not there, too."""
    fake.makes("mirrors", "notes")

    assert forge.pulls(NOTES).pulls == ()


def test_pull_requests_that_are_switched_off_are_none(
    fake: FakeForge, forge: Gitea, notes: FakeRepo
) -> None:
    """That is answered as what is not there; but the repository is."""
    notes.has_pulls = False

    assert forge.pulls(NOTES).pulls == ()
    with pytest.raises(web.MissingFault):
        forge.pulls(Place("mirrors", "none"))


FAULTS = {
    "login": (Trouble("pulls", 401), web.LoginFault),
    "rights": (Trouble("pulls", 403), web.RightsFault),
    "server": (Trouble("pulls", 502, PAGE, kind="text/html"), web.ServerFault),
    "busy": (Trouble("pulls", 429), web.ServerFault),
    "busy for long": (Trouble("pulls", 429, headers={"Retry-After": "3600"}), web.ServerFault),
    "odd": (Trouble("pulls", 418), web.StatusFault),
    "a part": (Trouble("pulls", 206, b"[]"), web.StatusFault),
    "a page": (Trouble("pulls", 200, PAGE, kind="text/html"), web.ShapeFault),
    "no json": (Trouble("pulls", 200, b"[{"), web.ShapeFault),
    "another shape": (Trouble("pulls", 200, b'{"a":1}'), web.ShapeFault),
    "deep": (Trouble("pulls", 200, b"[" * 100_000), web.ShapeFault),
    "huge": (Trouble("pulls", 200, b"[" + b" " * 9_000_000 + b"]"), web.LargeFault),
    "hanging": (Trouble("pulls", hang=True), web.SlowFault),
    "dripping": (Trouble("pulls", drip=True), web.SlowFault),
}


@pytest.mark.parametrize("what", FAULTS)
def test_each_way_of_not_answering_has_its_name(
    fake: FakeForge, forge: Gitea, notes: FakeRepo, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """And the token is in none of them."""
    monkeypatch.setattr(gitea, "SECONDS", 2.0 if "ing" in what else 20.0)
    trouble, kind = FAULTS[what]
    fake.troubles = [dataclasses.replace(trouble)]

    with pytest.raises(kind) as caught:
        forge.pulls(NOTES)

    assert type(caught.value) is kind
    assert fake.url in str(caught.value)
    assert "bots" not in str(caught.value)


def test_nobody_there_is_said_so(tmp_path: Path, fake: FakeForge) -> None:
    """A port at which nobody listens."""
    with pytest.raises(web.NobodyFault):
        Gitea("http://127.0.0.1:1", fake.token_file).pulls(NOTES)


def test_a_token_that_cannot_be_read_asks_nobody(fake: FakeForge, tmp_path: Path) -> None:
    """It is the operator's to mend."""
    with pytest.raises(web.TokenFault):
        Gitea(fake.url, tmp_path / "none").pulls(NOTES)

    assert fake.asked == []


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again_when_it_says(
    fake: FakeForge, forge: Gitea, notes: FakeRepo, status: int
) -> None:
    """Within what anybody would wait for; also what changes something, where nothing was done."""
    (number,) = opened(notes, 1)
    fake.troubles = [
        Trouble("GET.*pulls", status, headers={"Retry-After": "0"}, times=2),
        Trouble("POST", 429, headers={"Retry-After": "0"}, times=1),
    ]

    assert len(forge.pulls(NOTES).pulls) == 1
    forge.say(NOTES, number, "hello")

    assert notes.pulls[number].comments == ["hello"]


def test_what_may_have_been_done_is_not_asked_for_again(
    fake: FakeForge, forge: Gitea, notes: FakeRepo
) -> None:
    """Whoever is in between says 503 also of an answer that he has not waited for."""
    (number,) = opened(notes, 1)
    fake.troubles = [Trouble("POST", 503, headers={"Retry-After": "0"}, times=1, late=True)]

    with pytest.raises(web.ServerFault):
        forge.say(NOTES, number, "hello")

    assert notes.pulls[number].comments == ["hello"]


def test_a_busy_server_is_not_waited_for_without_end(
    fake: FakeForge, forge: Gitea, notes: FakeRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All its pauses together are bounded."""
    monkeypatch.setattr(gitea, "PATIENCE", 0.25)
    fake.troubles = [Trouble("pulls", 429, headers={"Retry-After": "0"})]

    with pytest.raises(web.ServerFault, match="left alone"):
        forge.pulls(NOTES)

    assert len(fake.asked) == 3


def test_one_is_closed_and_only_that(fake: FakeForge, forge: Gitea, notes: FakeRepo) -> None:
    """Closing it once more is no fault."""
    first, second = opened(notes, 2)
    before = notes.everything()

    assert forge.close(NOTES, first)
    assert forge.close(NOTES, first)

    assert not forge.pull(NOTES, first).is_open
    before["pulls"][first]["state"] = "closed"
    assert notes.everything() == before
    assert second in before["pulls"]


def test_one_that_is_merged_is_done(fake: FakeForge, forge: Gitea, notes: FakeRepo) -> None:
    """412: there is nothing left to close."""
    (number,) = opened(notes, 1)
    notes.pulls[number].merged = True
    notes.pulls[number].state = "closed"

    assert not forge.close(NOTES, number)


def test_one_that_waits_for_another_is_not_done(
    fake: FakeForge, forge: Gitea, notes: FakeRepo
) -> None:
    """It is 412 as well, and stays open."""
    (number,) = opened(notes, 1)
    why = b'{"message":"it still has open dependencies"}'
    fake.troubles = [Trouble("PATCH", 412, why)]

    with pytest.raises(web.StatusFault, match="open dependencies"):
        forge.close(NOTES, number)


def test_what_is_said_is_found_again(fake: FakeForge, forge: Gitea, notes: FakeRepo) -> None:
    """Whatever it has in it."""
    (number,) = opened(notes, 1)

    forge.say(NOTES, number, 'a "b" <!-- c -->\n\x00é')

    assert forge.comments(NOTES, number) == ('a "b" <!-- c -->\n\x00é',)


def test_comments_are_had_to_the_last(fake: FakeForge, forge: Gitea, notes: FakeRepo) -> None:
    """Ours may be on any page; where there are too many pages, nobody can tell."""
    (number,) = opened(notes, 1)
    notes.pulls[number].comments = [f"comment {n}" for n in range(45)]
    fake.most_per_page = 20

    assert len(forge.comments(NOTES, number)) == 45

    fake.most_per_page = 2
    with pytest.raises(web.LargeFault, match="more comments on #1 than"):
        forge.comments(NOTES, number)


@pytest.mark.parametrize("private", [True, False])
@pytest.mark.parametrize("owner", ["mirrors", BOT])
def test_a_repository_is_made_empty(
    fake: FakeForge, forge: Gitea, owner: str, private: bool
) -> None:
    """An organization's, or that of the token's own user."""
    fake.orgs = {"mirrors"}

    forge.create(Place(owner, "new"), private=private)

    made = fake.repos[f"{owner}/new"]
    assert (made.private, made.default_branch, made.repo.refs()) == (private, "main", {})
    found = forge.repository(Place(owner, "new"))
    assert (found.is_private, found.is_empty, found.may_push) == (private, True, True)


def test_one_that_is_hidden_is_not_made_again(fake: FakeForge, forge: Gitea) -> None:
    """What the token may not see is 404 at first, and taken when it comes to that."""
    fake.orgs = {"mirrors"}
    (fake.ground / "mirrors" / "notes.git").mkdir(parents=True)

    with pytest.raises(TakenFault, match="mirrors/notes already, which the token may not see"):
        forge.create(NOTES, private=True)


def test_who_may_not_make_one_is_told(fake: FakeForge, forge: Gitea) -> None:
    """By the server's own words."""
    fake.orgs, fake.may_create = {"mirrors"}, False

    with pytest.raises(web.RightsFault, match="not allowed to create repository"):
        forge.create(NOTES, private=True)


def test_an_organization_that_is_not_there_is_named(fake: FakeForge, forge: Gitea) -> None:
    """It is not made: somebody has mistyped it."""
    with pytest.raises(web.MissingFault, match="no organization mirrors"):
        forge.create(NOTES, private=True)


def test_a_token_that_may_not_say_whose_it_is_makes_one_all_the_same(
    fake: FakeForge, forge: Gitea
) -> None:
    """A token for repositories alone is enough for an organization's."""
    fake.orgs = {"mirrors"}
    fake.troubles = [Trouble("GET /user", 403)]

    forge.create(NOTES, private=True)

    assert "mirrors/notes" in fake.repos
