"""A tree is read as far as it is one: each bad file is a line, and the others go on."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from canon_sweep.ccci.fleet import Fleet, Remotes, read_fleet
from canon_sweep.ccci.tree import MAX_FILE, MAX_FILES, read_tree
from canon_sweep.errors import UsageFault

SOUND = "HEALTH_PATH = '/'\nWARM_CANONICAL = True\n"
REMOTES = Remotes("https://up.example/{recipe}", "https://mirror.example/{recipe}")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree of one sound recipe, which is the one that is used."""
    root = tmp_path / "cc-ci"
    meta(root, "sound")
    (root / "used-recipes.md").write_text("- sound\n")
    return root


def meta(root: Path, recipe: str, text: str = SOUND) -> Path:
    """A recipe's settings file."""
    path = root / "tests" / recipe / "recipe_meta.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def fleet_of(root: Path) -> Fleet:
    return read_fleet(read_tree(root), REMOTES, None)


def unread(root: Path) -> list[str]:
    """What could not be read; whatever it is, the sound recipe is there."""
    fleet = fleet_of(root)
    assert "sound" in [recipe.recipe for recipe in fleet.recipes]
    return [f"{each.file}: {each.why}" for each in fleet.unread]


def asked(root: Path) -> list[str]:
    return [str(question) for question in fleet_of(root).all_questions]


def outside(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


def round_and_round(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "x").touch()


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "syntax": (lambda path: path.write_text("X = ("), "line 1 is no Python"),
    "bytes": (lambda path: path.write_bytes(b"X = '\xff'"), "is not UTF-8 text"),
    "nul": (lambda path: path.write_bytes(b"X = 1\0"), "no Python"),
    "huge": (lambda path: path.write_text("#" * (MAX_FILE + 1)), "is larger than 256 KiB"),
    "sparse": (lambda path: os.truncate(path, 2**40), "is larger than 256 KiB"),
    "deep": (lambda path: path.write_text("X = " + "-" * 20_000 + "1"), "nested too deeply"),
    "outside": (outside, "is a link that leads out of the tree"),
    "loop": (round_and_round, "cannot be read"),
    "pipe": (pipe, "is no regular file"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_one_line(tree: Path, name: str) -> None:
    """It names the file and the cause; nothing is made up of its recipe."""
    spoil, cause = BAD[name]
    spoil(meta(tree, "bad"))

    told = unread(tree)

    assert any(line.startswith("tests/bad/recipe_meta.py: ") and cause in line for line in told)
    assert all(
        line.startswith("tests/bad/recipe_meta.py: ") and line.isprintable() for line in told
    )
    assert [recipe.recipe for recipe in fleet_of(tree).recipes] == ["sound"]


def test_a_folder_in_a_files_place_is_no_file(tree: Path) -> None:
    """What is in it is a file that nobody knows."""
    folder(meta(tree, "bad"))

    assert unread(tree) == []
    assert any("tests/bad: left out: has no recipe_meta.py" in each for each in asked(tree))


def test_a_link_within_the_tree_is_followed(tree: Path) -> None:
    """Two recipes may share a file."""
    path = meta(tree, "twin")
    path.unlink()
    path.symlink_to("../sound/recipe_meta.py")

    assert [recipe.recipe for recipe in fleet_of(tree).recipes] == ["sound", "twin"]


def test_a_folder_that_is_a_link_is_not_entered(tree: Path, tmp_path: Path) -> None:
    """It is told; it may lead anywhere."""
    meta(tmp_path / "other", "evil")
    (tree / "tests" / "evil").symlink_to(tmp_path / "other" / "tests" / "evil")
    (tree / "tests" / "sound" / "custom").symlink_to("/etc")

    assert unread(tree) == [
        "tests/evil: is a link, and not followed",
        "tests/sound/custom: is a link that leads out of the tree",
    ]


def test_a_name_that_nobody_would_write_is_told(tree: Path) -> None:
    """It steers no terminal, and no comment of the output ends early."""
    (tree / "tests" / "sound" / "x\nfoo = 1").touch()
    (tree / "tests" / "sound" / "\x1b[2J").touch()
    meta(tree, "Bad Name\n")

    assert unread(tree) == [
        "tests/sound/\\x1b[2J: has a name that nobody would write",
        "tests/sound/x\\nfoo = 1: has a name that nobody would write",
    ]
    assert any("is no recipe name" in each and each.isprintable() for each in asked(tree))


def test_many_files_are_not_all_looked_at(tree: Path) -> None:
    """It is told that there are more."""
    for number in range(MAX_FILES + 1):
        (tree / "tests" / "sound" / f"page{number}.md").touch()

    assert unread(tree) == [f"tests/sound: has more than {MAX_FILES} files"]


def test_what_is_used_and_has_no_folder_is_told_and_the_other_way_round(tree: Path) -> None:
    """Nobody is dropped in silence."""
    meta(tree, "unlisted")
    (tree / "tests" / "unit").mkdir()
    (tree / "tests" / "bare").mkdir()
    (tree / "used-recipes.md").write_text("- sound\n- bare\n- missing\n- and some more\n")

    told = asked(tree)

    for line in (
        "used-recipes.md:3: missing is used, and has no folder in tests: write its settings",
        "used-recipes.md:4: no recipe's name can be told in 'and some more'",
        "tests/unlisted: is in no list of used recipes: if it is not used, take it out",
        "tests/unit: left out: has no recipe_meta.py and is in no list of used recipes: no recipe",
        "tests/bare/recipe_meta.py: there is none: nothing asks whether the app works",
    ):
        assert line in told
    assert [r.recipe for r in fleet_of(tree).recipes] == ["bare", "sound", "unlisted"]


@pytest.mark.parametrize("place", ["used-recipes.md", "docs/used-recipes.md"])
def test_the_list_is_found(tree: Path, place: str) -> None:
    """At the top, or a folder below."""
    (tree / "used-recipes.md").unlink()
    (tree / place).parent.mkdir(exist_ok=True)
    (tree / place).write_text("- sound\n- missing\n")

    assert any(each.startswith(f"{place}:2: missing is used") for each in asked(tree))


def test_without_a_list_that_is_told(tree: Path) -> None:
    """Nothing says whether these are all."""
    (tree / "used-recipes.md").unlink()

    assert any("no used-recipes.md" in each for each in asked(tree))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ops.py", "is not run (pre_upgrade); write what it does into data and checks"),
        ("install_steps.sh", "is a command in install"),
        ("setup.py", "is a command in install"),
        ("custom/test_x.py", "test_x.py: write what they check into checks"),
        ("previous/repair.sh", 'on = "base"'),
        ("compose.ccci.yml", "is laid over every version"),
        ("README.md", "left out"),
        ("weird.bin", "nothing is known of it"),
    ],
)
def test_what_lies_beside_is_told(tree: Path, name: str, words: str) -> None:
    """Each of it may be what the test was about."""
    path = tree / "tests" / "sound" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("def pre_upgrade(ctx): pass\n")

    assert any("tests/sound/" in each and words in each for each in asked(tree))


def test_overlays_are_settings(tree: Path) -> None:
    """One for all, and one that repairs the base alone."""
    folder = tree / "tests" / "sound"
    (folder / "previous").mkdir()
    for name in ("compose.ccci.yml", "previous/compose.fix.yml"):
        (folder / name).touch()

    (sound,) = fleet_of(tree).recipes

    assert [each.value for each in sound.settings if each.path == ("overlays",)] == [
        {"file": str(folder.resolve() / "compose.ccci.yml")},
        {"file": str(folder.resolve() / "previous/compose.fix.yml"), "on": "base"},
    ]


def test_what_only_python_leaves_is_nothing(tree: Path) -> None:
    """Caches say nothing of a recipe."""
    folder = tree / "tests" / "sound"
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "x.pyc").touch()
    (folder / "__init__.py").touch()
    (tree / "tests" / "__pycache__").mkdir()

    assert asked(tree) == []
    assert unread(tree) == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda root: None,
        lambda root: root.write_text("a file"),
        lambda root: root.mkdir(),
        lambda root: (root.mkdir(), (root / "tests").symlink_to("/etc")),
    ],
)
def test_what_is_no_tree_is_refused(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    """With the step to take."""
    spoil(tmp_path / "none")

    with pytest.raises(UsageFault, match="name the folder"):
        read_tree(tmp_path / "none")
