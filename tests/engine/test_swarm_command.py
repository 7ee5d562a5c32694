"""What the docker command is given, without a Docker Engine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from canon_sweep.engine.protocol import App, Place
from canon_sweep.engine.swarm import command
from canon_sweep.engine.swarm.api import Docker
from canon_sweep.engine.swarm.written import written
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
    assert "LD_PRELOAD" not in seen


def test_the_command_knows_exactly_the_variables_that_we_read_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own home and engine would fill in what we have read as not set."""
    monkeypatch.setenv("HOME", "/root")
    monkeypatch.setenv("DOCKER_HOST", "unix:///other.sock")
    body = "{image: a, environment: {A: '${HOME-a}${DOCKER_HOST-b}', HOME: , B: '~'}}"
    read = app(tmp_path, "A=1\n", body)

    seen = command.environment(read.source, HERE)

    assert read.source.compose.services["app"].environment == {"A": "ab", "B": "~"}
    assert seen.pop("PATH")
    assert seen == read.source.env


@pytest.mark.parametrize("name", ["PATH", "PWD", "OLDPWD", "SHLVL", "_"])
@pytest.mark.parametrize(
    "body",
    [
        "{image: a, command: 'x $NAME'}",
        "{image: a, labels: ['x=${NAME:-d}']}",
        "{image: a, environment: [NAME]}",
        "{image: a, environment: {NAME: }}",
        "{image: a, environment: ['$IT']}",
        '{image: a, command: "\\x24NAME"}',
        "{<<: {image: a, volumes: ['$NAME/x:/x']}}",
    ],
)
def test_a_variable_that_a_script_around_the_command_may_set_is_refused(
    tmp_path: Path, name: str, body: str
) -> None:
    """Docker would read another file, or mount another folder, than we have seen."""
    read = app(tmp_path, f"IT={name}\n", body.replace("NAME", name))

    with pytest.raises(RecipeFault, match=f"name {name}, which the docker command has") as caught:
        command.environment(read.source, HERE)

    assert f"$${name}" in (caught.value.do or "")


def test_a_container_may_have_a_path_of_its_own(tmp_path: Path) -> None:
    """What is escaped, a comment, or nothing that docker fills in is not named."""
    body = "{image: a, command: $$PATH, environment: {PATH: /x, PWD: ''}}"
    app(tmp_path, "", body)
    with (tmp_path / "compose.yml").open("a") as file:
        file.write("# $PATH\nx-notes: $PWD\n")
    read = App.read("note", "1", Place("st", "note.test"), tmp_path, {})

    assert set(command.environment(read.source, HERE)) == {*read.source.env, "PATH"}


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a small program in the place of docker, which writes down its arguments.

    Its help is the file ``help``, and it knows only what that names.
    """
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "docker"
    program.write_text(
        f"""#!/bin/sh
        case "$*" in
            *--help) cat {folder}/help ;;
            *) printf '%s\\n' "$@" > {folder}/arguments ;;
        esac
        """
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


@pytest.mark.parametrize(
    ("told", "wanted"),
    [("  -d, --detach    Exit immediately", ["--detach=true"]), ("  --prune    Prune", [])],
)
def test_the_command_does_not_wait_where_it_could(
    docker: Path, told: str, wanted: list[str]
) -> None:
    """Readiness is ours to wait for; a release that does not know the option refuses it."""
    (docker / "help").write_text(told)

    command.deploy(HERE, "st", ["/x/compose.yml"], {"PATH": os.environ["PATH"]})

    given = (docker / "arguments").read_text().splitlines()
    assert [word for word in given if "detach" in word] == wanted
    assert given[given.index("--host") + 1] == HERE.host
    assert given[-3:] == ["-c", "/x/compose.yml", "st"]


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


def test_a_folder_that_the_command_takes_for_two_is_refused(tmp_path: Path) -> None:
    """It splits at commas, and the second part could lie anywhere."""
    (tmp_path / "a,b").mkdir()
    (tmp_path / "a,b/compose.yml").write_text("services: {app: {image: a}}\n")
    names = Place("st", "note.test")
    read = App.read("note", "1", names, tmp_path, {"COMPOSE_FILE": "a,b/compose.yml"})

    with pytest.raises(RecipeFault, match="a,b"), written(read.source, ["x"]):
        pass


def test_files_are_written_beside_the_recipes_own_and_go(tmp_path: Path) -> None:
    """What they name by a path of their own is there; nothing is left behind."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/compose.yml").write_text("services: {app: {image: a}}\n")
    names = Place("st", "note.test")
    read = App.read("note", "1", names, tmp_path, {"COMPOSE_FILE": "deep/compose.yml"})

    with written(read.source, ["one", "two"]) as files:
        assert [Path(file).read_text() for file in files] == ["one", "two"]
        assert {Path(file).parent for file in files} == {tmp_path / "deep"}

    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["compose.yml"]
