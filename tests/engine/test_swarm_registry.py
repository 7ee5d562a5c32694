"""What engines say when an image does not come, as recorded; no engine is needed."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import docker.errors
import pytest

from canon_sweep.engine.swarm import pull
from canon_sweep.engine.swarm.registry import Word, digest_of, word

HUB = "pull access denied for nobody/x, repository does not exist or may require 'docker login'"
# by Docker 28.5 with containerd's image store
RESOLVE = 'failed to resolve reference "localhost:5000/a:1": '


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (
            "manifest for localhost:5000/a:1 not found: manifest unknown: manifest unknown",
            Word.GONE,
        ),
        ("manifest for localhost:5000/a:1 not found", Word.GONE),
        ("name unknown: repository name not known to registry", Word.GONE),
        (f"{RESOLVE}localhost:5000/a:1: not found", Word.GONE),
        (f'{RESOLVE}failed to do request: Head "x": lookup x: no such host', Word.NOTHING),
        (f"{RESOLVE}pull access denied, repository does not exist or may require", Word.LOGIN),
        (f"unknown: {RESOLVE}unexpected status from HEAD: 401 Unauthorized", Word.LOGIN),
        ('Head "http://localhost:5000/v2/a/manifests/1": no basic auth credentials', Word.LOGIN),
        ("unauthorized: authentication required", Word.LOGIN),
        (f"{HUB}: denied: requested access to the resource is denied", Word.LOGIN),
        ("unauthorized: incorrect username or password", Word.LOGIN),
        ("invalid reference format: repository name must be lowercase", Word.NO_NAME),
        ("invalid tag format", Word.NO_NAME),
        ('Get "http://localhost:5000/v2/": dial tcp: connect: connection refused', Word.NOTHING),
        ('Get "https://x.invalid/v2/": dial tcp: lookup x.invalid: no such host', Word.NOTHING),
        ("toomanyrequests: you have reached your pull rate limit", Word.NOTHING),
        ("no matching manifest for linux/arm64/v8 in the manifest list entries", Word.NOT_FOR_US),
        ("write /var/lib/docker/tmp/GetImageBlob1: no space left on device", Word.NOTHING),
        ("", Word.NOTHING),
    ],
)
def test_a_sentence_of_the_engine_says_what_it_says(said: str, meant: Word) -> None:
    """What tells nothing of the image is taken for nothing."""
    assert word(said) is meant


def test_the_digest_is_among_the_words_of_a_pull() -> None:
    """And where no engine says one, there is none."""
    said = ["Pulling from app", "Digest: sha256:1a", "Status: Image is up to date for app:1"]

    assert digest_of(said) == "sha256:1a"
    assert digest_of(["Pulling from app"]) == ""


@pytest.mark.parametrize(
    ("image", "registry", "repository"),
    [
        ("postgres", "docker.io", "postgres"),
        ("postgres:15", "docker.io", "postgres"),
        ("docker.io/library/postgres:15", "docker.io", "postgres"),
        ("index.docker.io/library/postgres:15", "docker.io", "postgres"),
        ("nobody/app:1", "docker.io", "nobody/app"),
        ("localhost/app", "localhost", "localhost/app"),
        ("localhost:5000/app:1", "localhost:5000", "localhost:5000/app"),
        ("ghcr.io/somebody/app:1", "ghcr.io", "ghcr.io/somebody/app"),
    ],
)
def test_an_images_name_says_where_it_is_from(image: str, registry: str, repository: str) -> None:
    """The engine lists what Docker Hub has by shorter names."""
    assert pull.registry_of(image) == registry
    assert pull.repository_of(image) == repository


@pytest.mark.parametrize("image", ["http://host/app", "-.x/app"])
def test_what_is_no_name_has_no_registry(image: str) -> None:
    """It is told so before anybody is asked."""
    with pytest.raises(ValueError, match=r"\w"):
        pull.registry_of(image)


class Refusing:
    """A stand-in for the engine's API: it has asked, and passes on what it was told."""

    def __init__(self, said: str, *, later: bool) -> None:
        self._said = said
        self._later = later

    def pull(self, *_: object, **__: object) -> Iterator[dict[str, Any]]:
        """Refuse, at once or in the middle."""
        if not self._later:
            raise docker.errors.APIError("500", explanation=self._said)
        return iter([{"status": "Pulling"}, {"error": self._said}])


def told(said: str, login: dict[str, str], *, later: bool) -> str:
    """What is told of it."""
    with pytest.raises(pull.PullFault) as caught:
        list(pull.words(Refusing(said, later=later), "app:1", login))
    return str(caught.value)


@pytest.mark.parametrize("later", [False, True])
def test_a_registry_that_says_what_it_was_sent_does_not_tell_the_login(later: bool) -> None:
    """Its words are in logs and results."""
    login = {"username": "me", "password": "cor:rect", "serveraddress": "x"}
    sent = base64.b64encode(b"me:cor:rect").decode()

    said = told(f"unauthorized: Basic {sent} (me, cor:rect) is wrong", login, later=later)

    assert said == "unauthorized: Basic *** (me, ***) is wrong"


@pytest.mark.parametrize("later", [False, True])
def test_of_a_page_in_place_of_an_answer_the_beginning_is_told(later: bool) -> None:
    """In one line, whoever has written it."""
    said = told("error parsing HTTP 404 response body:\n<h1>\x1b" + "no" * 200_000, {}, later=later)

    assert said.startswith("error parsing HTTP 404 response body: <h1>\\x1bnono")
    assert len(said) < 2 * pull.MOST_QUOTED
