"""Folders of this machine as upstream and mirror, where one is not what it has to be."""

from __future__ import annotations

from pathlib import Path

import pytest

from canon_sweep.errors import SyncFault
from mirror.world import World, git

FORMS = ("{}", "file://{}")


def told(world: World) -> SyncFault:
    with pytest.raises(SyncFault) as caught:
        world.sync()
    return caught.value


@pytest.mark.parametrize("form", FORMS)
def test_a_folder_that_is_not_there_is_no_url(world: World, tmp_path: Path, form: str) -> None:
    """An upstream has another path; a mirror has to be made first."""
    gone = tmp_path / "nothere"
    right = world.upstream_url

    world.upstream_url = form.format(gone)
    upstream = told(world)
    world.upstream_url, world.mirror_url = right, form.format(gone)
    mirror = told(world)

    assert upstream.what == f"{form.format(gone)} cannot be read: there is no such folder"
    assert "path is right" in upstream.do
    assert mirror.what == f"{form.format(gone)} cannot be read: there is no such folder"
    assert f"make it first, bare and empty: git init --bare {gone}" in mirror.do


@pytest.mark.parametrize("form", FORMS)
def test_a_file_and_a_folder_without_a_repository(world: World, tmp_path: Path, form: str) -> None:
    """Each is told as what it is."""
    file = tmp_path / "file"
    file.touch()

    world.upstream_url = form.format(file)
    assert "cannot be read: it is no folder" in told(world).what
    world.upstream_url = form.format(tmp_path)
    fault = told(world)

    assert "could not find repository" in fault.what
    assert "path is right" in fault.do


@pytest.mark.parametrize("form", FORMS)
def test_a_mirror_with_a_work_tree_is_to_be_made_bare(
    world: World, tmp_path: Path, form: str
) -> None:
    """Nothing can be pushed to it."""
    git("init", "-q", ".", cwd=tmp_path)
    world.mirror_url = form.format(tmp_path)

    fault = told(world)

    assert "non-bare" in fault.what
    assert "git init --bare" in fault.do


@pytest.mark.parametrize("form", FORMS)
def test_a_name_with_a_space_or_a_percent_sign_is_a_folder(
    world: World, tmp_path: Path, form: str
) -> None:
    """Only a URL has escapes."""
    place = tmp_path / "a %20b"
    world.mirror.path.rename(place)
    escaped = str(place).replace("%", "%25").replace(" ", "%20")
    world.mirror_url = form.format(escaped if "file" in form else place)

    assert world.sync().pushed
