"""A tree is removed whatever it is like, and nothing beside it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from canon_sweep import tree
from host import deep, foreign, powerless

# more than Python's own walks survive, and longer than a path may be
DEPTH = 1500


def test_a_tree_deeper_than_any_path_is_removed(tmp_path: Path) -> None:
    """By no path: the kernel takes none that is so long."""
    with deep(tmp_path / "made", DEPTH):
        tree.remove(tmp_path / "made")

        assert list(tmp_path.iterdir()) == []


def test_its_size_is_that_of_all_its_files(tmp_path: Path) -> None:
    """Down to the last one."""
    with deep(tmp_path / "made", DEPTH):
        (tmp_path / "made" / "more").write_bytes(bytes(10))
        (tmp_path / "made" / "link").symlink_to("x" * 5)

        assert tree.size(tmp_path / "made") == DEPTH + 10 + 5


def test_what_links_lead_to_stays(tmp_path: Path) -> None:
    """Inside of the tree, and in its place."""
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    (tmp_path / "made" / "below").mkdir(parents=True)
    (tmp_path / "made" / "below" / "link").symlink_to(tmp_path / "precious")
    (tmp_path / "made" / "hard").hardlink_to(tmp_path / "precious" / "file")
    (tmp_path / "link").symlink_to(tmp_path / "precious")
    (tmp_path / "dangling").symlink_to("nowhere")

    for name in ("made", "link", "dangling", "nothing"):
        tree.remove(tmp_path / name)

    assert [path.name for path in tmp_path.iterdir()] == ["precious"]
    assert [path.name for path in (tmp_path / "precious").iterdir()] == ["file"]


@pytest.mark.parametrize("mode", [0o000, 0o444, 0o555])
def test_a_locked_folder_is_removed_by_its_owner(tmp_path: Path, mode: int) -> None:
    """A service's user is not root, and its apps lock their folders."""

    def lock_and_remove() -> None:
        (tmp_path / "made" / "in" / "it").mkdir(parents=True)
        (tmp_path / "made" / "in" / "file").touch()
        for name in ("made/in/it", "made/in", "made"):
            (tmp_path / name).chmod(mode)
        tree.remove(tmp_path / "made")

    powerless(lock_and_remove)

    assert list(tmp_path.iterdir()) == []


def test_a_locked_folder_counts_what_can_be_read(tmp_path: Path) -> None:
    """A size never costs the removal of what is counted."""

    def lock_and_count() -> None:
        for name, mode in (("closed", 0), ("listed", 0o444), ("open", 0o755)):
            (tmp_path / name).mkdir()
            (tmp_path / name / "file").write_bytes(bytes(7))
            (tmp_path / name).chmod(mode)
        assert tree.size(tmp_path) == 7

    powerless(lock_and_count)


def test_what_cannot_be_removed_is_named_and_the_rest_goes(tmp_path: Path) -> None:
    """And the next try finishes it."""
    (tmp_path / "made" / "a" / "b").mkdir(parents=True)
    (tmp_path / "made" / "z").mkdir()
    for name in ("a/b/file", "a/other", "z/file"):
        (tmp_path / "made" / name).touch()

    foreign(tmp_path / "made" / "a" / "b")

    def removes() -> None:
        with pytest.raises(PermissionError) as caught:
            tree.remove(tmp_path / "made")
        assert caught.value.filename == str(tmp_path / "made" / "a" / "b" / "file")
        assert caught.value.strerror == "Permission denied"

    powerless(removes)

    assert list((tmp_path / "made").iterdir()) == [tmp_path / "made" / "a"]
    tree.remove(tmp_path / "made")
    assert list(tmp_path.iterdir()) == []


def test_a_walk_goes_into_each_folder_and_out_of_it(tmp_path: Path) -> None:
    """Into a folder before what is in it, out of it after that."""
    (tmp_path / "top" / "a" / "b").mkdir(parents=True)
    (tmp_path / "top" / "link").symlink_to("a")

    steps = [(type(step), step.path) for step in tree.walk(tmp_path / "top")]

    assert steps == [
        (tree.Inside, "top"), (tree.Inside, "top/a"), (tree.Inside, "top/a/b"),
        (tree.Behind, "top/a/b"), (tree.Behind, "top/a"), (tree.Behind, "top"),
    ]  # fmt: skip


def test_a_walk_ends_where_its_way_back_is_another(tmp_path: Path) -> None:
    """A folder that is moved away meanwhile leads nobody out of the tree."""
    (tmp_path / "top" / "a" / "b").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()

    walk = tree.walk(tmp_path / "top")
    assert [next(walk).path for _ in range(3)] == ["top", "top/a", "top/a/b"]
    (tmp_path / "top" / "a" / "b").rename(tmp_path / "elsewhere" / "b")

    with pytest.raises(OSError, match="moved while"):
        next(walk)
