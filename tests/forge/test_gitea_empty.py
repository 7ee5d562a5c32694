"""A mirror that is there and empty, as on the first day: it is not missing."""

from __future__ import annotations

from pathlib import Path

from canon_sweep.core.place import Place
from canon_sweep.forge.gitea import Gitea as Asked
from forge.gitea_host import SCOPES, SWEEPER, Gitea


def test_an_empty_mirror_has_no_pull_requests_and_is_there(gitea: Gitea, tmp_path: Path) -> None:
    """The forge answers for its pull requests as if there were no such repository."""
    mirror = gitea.repo(gitea.org(), "notes")
    (tmp_path / "token").write_text(gitea.token(SWEEPER, *SCOPES))
    assert gitea.ask("GET", f"{mirror.api}/pulls?state=open").status == 404

    found = Asked(gitea.url, tmp_path / "token").pulls(Place(mirror.owner, mirror.name))

    assert found.pulls == ()
    assert found.is_whole
