"""Where on a forge a mirror lies, by its URL."""

from __future__ import annotations

import pytest

from canon_sweep.core.place import Place, place_of

FORGE = "https://git.example.org"


@pytest.mark.parametrize(
    ("mirror", "forge"),
    [
        ("https://git.example.org/mirrors/notes.git", FORGE),
        ("https://git.example.org/mirrors/notes", FORGE),
        ("https://GIT.example.org/mirrors/notes/", f"{FORGE}/"),
        ("https://git.example.org:443/mirrors//notes.git", FORGE),
        ("http://git.example.org/mirrors/notes.git", FORGE),
        ("https://git.example.org/sub/path/mirrors/notes.git", f"{FORGE}/sub/path/"),
        ("http://git.example.org:3000/mirrors/notes.git", "http://git.example.org:3000"),
        ("ssh://git@git.example.org/mirrors/notes.git", FORGE),
        ("ssh://git@git.example.org:2222/mirrors/notes.git", f"{FORGE}:3000/sub"),
        ("git@git.example.org:mirrors/notes.git", FORGE),
        ("ssh://git@git.example.org/~/mirrors/notes", FORGE),
    ],
)
def test_a_mirror_on_the_forge_is_known_by_owner_and_name(mirror: str, forge: str) -> None:
    """Whatever way leads there."""
    assert place_of(mirror, forge) == Place("mirrors", "notes")


@pytest.mark.parametrize(
    ("mirror", "forge"),
    [
        ("https://git.example.com/mirrors/notes.git", FORGE),
        ("https://git.example.org:8443/mirrors/notes.git", FORGE),
        ("https://git.example.org/mirrors/notes.git", f"{FORGE}/sub"),
        ("https://git.example.org/subway/mirrors/notes.git", f"{FORGE}/sub"),
        ("https://git.example.org/notes.git", FORGE),
        ("https://git.example.org/a/mirrors/notes.git", FORGE),
        ("https://git.example.org/mirrors/no%20tes.git", FORGE),
        ("https://git.example.org/mirrors/..", FORGE),
        ("git://git.example.org/mirrors/notes.git", FORGE),
        ("file:///mirrors/notes.git", FORGE),
        ("/mirrors/notes.git", FORGE),
        ("-x", FORGE),
        ("https://git.example.org/mirrors/notes.git", "https://[git"),
    ],
)
def test_any_other_mirror_is_not_the_forges(mirror: str, forge: str) -> None:
    """Nothing there is asked of it, and nothing done."""
    assert place_of(mirror, forge) is None
