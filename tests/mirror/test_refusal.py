"""What servers were heard to say, and the next step that an operator is given."""

from __future__ import annotations

import pytest

from canon_sweep.mirror.refusal import Role, advice, advice_of, is_passing, rejection

MAIN, TAG = "refs/heads/main", "refs/tags/1.0.0+v1"
DECLINED = "pre-receive hook declined"


@pytest.mark.parametrize(
    ("said", "do"),
    [
        ("unexpected http status code: 401", "make a new one"),
        ("server requires authentication that we do not support", "make a new one"),
        ("unexpected http status code: 403", "account's rights"),
        ("unexpected http status code: 404", "URL is right, and that the login may see"),
        ("unexpected http status code: 413", "raise the limit"),
        ("unexpected http status code: 500", "cannot answer now"),
        ("unexpected http status code: 503", "cannot answer now"),
        ("unexpected http status code: 429", "cannot answer now"),
        ("unexpected http status code: 400", "it answers"),
        ("remote error: access denied or repository not exported: /a.git", "server exports"),
        ("ERROR: Repository not found.", "URL is right, and that the login may see"),
        ("This repository is archived. You can view files and clone it.", "writable again"),
        ("invalid content-type: 'text/html'", "page for people"),
        ("invalid packet line", "--unshallow"),
        ("branch is currently checked out", "git init --bare"),
        ("too many redirects or authentication replays", "its redirects end at"),
        ("error receiving data from socket: Connection reset by peer", "cannot answer now"),
        ("failed to connect to h.example: Connection refused", "can be reached"),
        ("failed to resolve address for h.example: Name or service not known", "can be reached"),
        ("something that nobody has heard before", "it answers"),
    ],
)
def test_each_refusal_has_its_own_next_step(said: str, do: str) -> None:
    """A token, a right, a place and a moment are mended in different ways."""
    assert do in advice(said)


@pytest.mark.parametrize(
    ("said", "role", "folder", "do"),
    [
        ("there is no such folder", "upstream", "/r", "see that the path is right"),
        ("there is no such folder", "mirror", "/r s", "git init --bare '/r s'"),
        ("could not find repository at '/r'", "mirror", "/r", "git init --bare /r"),
        ("could not find repository at '/archived/hook'", "mirror", "/r", "bare and empty"),
        ("local push doesn't (yet) support pushing to non-bare repos.", "mirror", "/r",
         "git init --bare"),
        ("remote error: access denied or repository not exported: /a.git", "mirror", None,
         "--enable=receive-pack); a mirror has to be made first, empty"),
        ("object not found - no match for id (c0ffee)", "mirror", "/r s", "git -C '/r s' fsck; or"),
        ("object not found - no match for id (c0ffee)", "upstream", "/r", "git -C /r fsck"),
        ("corrupted loose reference file: HEAD", "mirror", "/r", "the next sync fills it"),
        ("repository path '/r' is not owned by current user", "upstream", "/r", "chown"),
        ("something that nobody has heard before", "mirror", "/r", "this user may read"),
        ("unexpected http status code: 404", "upstream", None, "the login may see the repository"),
        ("unexpected http status code: 404", "mirror", None, "has to be made first, empty"),
        ("unexpected http status code: 401", "mirror", None, "make a new one"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_looked_for_or_made(
    said: str, role: Role, folder: str | None, do: str
) -> None:
    """An upstream has another path, a mirror has to be made first."""
    assert do in advice_of(said, role, folder)


@pytest.mark.parametrize(
    ("said", "do"),
    [
        ("Gitea: Not allowed to push to protected branch main", "protection of the branch"),
        ("Forgejo: branch main is protected from force push", "protection of the branch"),
        ("Gitea: Tag 1.0.0+v1 is protected", "tag's protection"),
        ("GitLab: You are not allowed to push code to protected branches on this project.",
         "protection of the branch"),
        ("User permission denied for writing.", "account's rights"),
        ("mirror repository is read-only", "writable again"),
        ("quota exceeded", "size limits"),
        ("error: cannot lock ref 'refs/heads/main': is at 2e4ac86565 but expected 31ae64871f",
         "somebody pushed to it meanwhile"),
        ("error: cannot lock ref 'refs/tags/1': reference already exists", "somebody pushed"),
        ("error: cannot lock ref 'refs/tags/1': Unable to create 'x.lock': Permission denied",
         "account's rights"),
        ("no, not on a Sunday", "see the hook"),
    ],
)  # fmt: skip
def test_a_rejected_push_says_the_servers_sentence_first(said: str, do: str) -> None:
    """A forge rejects every ref of a push for one of them, and none is blamed."""
    told = rejection({MAIN: DECLINED, TAG: DECLINED}, said)

    assert told is not None
    assert told[0] == f"rejects the push of 2 refs: {said} ({DECLINED})"
    assert do in told[1]


def test_what_a_forge_frames_is_told_without_its_frame() -> None:
    """As Gitea's own hook prints it."""
    told = rejection({MAIN: DECLINED}, "error: error: Tag 1.0.0 is protected error:")

    assert told is not None
    assert told[0] == f"rejects '{MAIN}': Tag 1.0.0 is protected ({DECLINED})"
    assert "tag's protection" in told[1]


def test_a_ref_that_alone_is_rejected_is_named() -> None:
    """Where others were taken, or nothing else was pushed, it is the one."""
    some = rejection({MAIN: None, TAG: "hook declined"}, "")
    alone = rejection({TAG: "hook declined"}, "")

    assert some == alone
    assert some is not None
    assert some[0] == f"rejects '{TAG}': hook declined"


def test_different_words_on_each_ref_are_of_each_ref() -> None:
    """Then the server has looked at them one by one."""
    told = rejection({MAIN: "non-fast-forward", TAG: "deletion prohibited"}, "")

    assert told is not None
    assert told[0] == f"rejects '{MAIN}' (and 1 more): non-fast-forward; deletion prohibited"
    assert "forced pushes" in told[1]


def test_a_push_that_was_taken_is_no_refusal() -> None:
    """Whatever the server's hooks chatter."""
    assert rejection({MAIN: None, TAG: None}, "welcome, nothing is denied") is None


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_server_is_no_wrong_one(status: int) -> None:
    """It is worth another try, and nothing else is."""
    assert is_passing(f"unexpected http status code: {status}")
    assert not is_passing("unexpected http status code: 403")
    assert not is_passing("503 refs were rejected")


@pytest.mark.parametrize(
    "said",
    [
        "error receiving data from socket: Connection reset by peer",
        "could not read refs from remote repository",
        "unexpected EOF",
    ],
)
def test_a_server_that_drops_a_connection_may_be_started_anew(said: str) -> None:
    """Nothing was answered; it is worth another try."""
    assert is_passing(said)
