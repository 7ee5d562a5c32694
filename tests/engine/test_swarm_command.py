"""What the docker command is given, without a Docker Engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from canon_sweep.engine.protocol import App, Place
from canon_sweep.engine.swarm import command
from canon_sweep.engine.swarm.api import Docker
from canon_sweep.errors import RecipeFault

HERE = Docker("unix:///var/run/docker.sock")
FAR = Docker("tcp://swarm.example:2376")


def app(tree: Path, sample: str, body: str = "{image: a}") -> App:
    """A recipe with one service and these lines in its sample file."""
    (tree / "compose.yml").write_text(f"services: {{app: {body}}}\n")
    (tree / ".env.sample").write_text(sample)
    return App.read("note", "1.0.0+1", Place("st", "note.test"), tree, {"MINE": "1"})


def test_the_command_sees_what_was_read(tmp_path: Path) -> None:
    """Files that change afterwards change neither a value nor what counts as mentioned."""
    body = "{image: a, environment: {A: $HTTP_PROXY}}"
    read = app(tmp_path, "A=old\nHTTP_PROXY=http://proxy.test\n", body)
    app(tmp_path, "A=new\nLD_PRELOAD=/evil\n")

    seen = command.environment(read.source, HERE)

    assert (seen["A"], seen["MINE"], seen["HTTP_PROXY"]) == ("old", "1", "http://proxy.test")
    assert seen["DOCKER_HOST"] == HERE.host
    assert "LD_PRELOAD" not in seen


@pytest.mark.parametrize("name", ["LD_PRELOAD", "DOCKER_HOST", "PATH", "Home", "TMPDIR"])
def test_no_recipe_steers_the_command(tmp_path: Path, name: str) -> None:
    """A variable that the command itself would obey is refused by name."""
    body = f"{{image: a, environment: {{A: ${name}}}}}"

    with pytest.raises(RecipeFault, match=f"the recipe sets {name}"):
        command.environment(app(tmp_path, f"{name}=/evil\n", body).source, HERE)


def test_a_proxy_is_the_apps_own_only_where_the_command_asks_for_none(tmp_path: Path) -> None:
    """Over a network the command would take it for itself."""
    read = app(tmp_path, "HTTP_PROXY=x\n", "{image: a, environment: {A: $HTTP_PROXY}}")

    assert command.environment(read.source, HERE)["HTTP_PROXY"] == "x"
    with pytest.raises(RecipeFault, match="HTTP_PROXY"):
        command.environment(read.source, FAR)


def test_a_name_that_the_command_takes_for_two_is_refused(tmp_path: Path) -> None:
    """It splits at commas, and the second part could lie anywhere."""
    (tmp_path / "a,b.yml").write_text("services: {app: {image: a}}\n")
    names = Place("st", "note.test")
    read = App.read("note", "1", names, tmp_path, {"COMPOSE_FILE": "a,b.yml"})

    with pytest.raises(RecipeFault, match="a,b"):
        command.files(read.source)
