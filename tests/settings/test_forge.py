"""What is wrong with the forge's table: where it could not be asked, or never would be."""

from __future__ import annotations

from typing import Any

import pytest

from canon_sweep.errors import SettingsFault
from canon_sweep.settings.load import read
from canon_sweep.settings.records import Settings

RECIPES = {"notes": {"upstream": "/srv/up", "mirror": "https://git.example/mirrors/notes.git"}}
FORGE = {"type": "forgejo", "url": "https://git.example", "tokenFile": "/run/token"}


def settings(recipes: dict[str, Any] | None = None, **forge: Any) -> Settings:
    """A configuration with this table, and one recipe."""
    return read({"recipes": recipes or RECIPES, "forge": FORGE | forge}, "config.toml")


def test_without_the_table_no_forge_is_asked() -> None:
    """It is not needed for anything but pull requests and missing mirrors."""
    assert read({"recipes": RECIPES}, "config.toml").forge is None


def test_what_is_not_said_is_the_careful_choice() -> None:
    """Nothing is made, and nothing is published by mistake."""
    forge = settings().forge

    assert forge is not None
    assert (forge.create_mirrors, forge.visibility) == (False, "private")


@pytest.mark.parametrize(
    "forge",
    [
        {"url": "http://git.example/"},
        {"type": "gitea", "createMirrors": True, "visibility": "public"},
        {"tokenFile": "forge.tokenFile", "visibility": "private"},
    ],
)
def test_what_can_be_meant_is_read(forge: dict[str, Any]) -> None:
    """A slash behind it, the other scheme, a credential's name."""
    settings(**forge)


@pytest.mark.parametrize(
    ("forge", "problem"),
    [
        ({"type": "gitlab"}, "forge.type: expected one of forgejo, gitea, got 'gitlab'"),
        ({"url": "git.example"}, "forge.url: expected a URL such as https://git.example.org"),
        ({"url": "https://me:word@git.example"}, "forge.url: a URL must not carry a login"),
        ({"url": "https://git.example/api/v1"}, "forge.url: is the server's own, without /api"),
        ({"url": "https://other.example"}, "forge.url: would never be used: no recipe's mirror"),
        ({"url": "https://git.example/sub"}, "forge.url: would never be used: no recipe's mirror"),
        ({"tokenFile": "../x"}, "forge.tokenFile: expected an absolute path"),
        ({"createMirrors": "yes"}, "forge.createMirrors: expected"),
        ({"visibility": "limited"}, "forge.visibility: expected one of private, public"),
        ({"visibility": "public"}, "forge.visibility: would never be used: no mirror is made"),
        ({"toknFile": "/x"}, "forge.toknFile: unknown key, did you mean tokenFile?"),
    ],
)
def test_each_mistake_is_told_by_its_key(forge: dict[str, Any], problem: str) -> None:
    """One line a mistake."""
    with pytest.raises(SettingsFault) as caught:
        settings(**forge)

    assert [line for line in caught.value.problems if line.startswith(problem)]


def test_a_token_is_needed() -> None:
    """Nobody closes anything without a name."""
    with pytest.raises(SettingsFault, match=r"forge\.tokenFile: missing"):
        read({"recipes": RECIPES, "forge": {"type": "gitea", "url": "https://a.example"}}, "c")


def test_mirrors_elsewhere_are_left_alone() -> None:
    """Only where none lies on the forge is it a mistake."""
    elsewhere = {"upstream": "/srv/mail", "mirror": "https://else.example/mirrors/mail.git"}

    settings(RECIPES | {"mail": elsewhere})
