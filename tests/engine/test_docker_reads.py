"""Our reading of compose files, held to the docker command's own.

``docker stack config`` puts the files together and writes down what it understood, in one
file and in the longest form.  What we read of that file is what we must have read of the
recipe's.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import fields, replace

from canon_sweep.core.compose import Compose, parse
from canon_sweep.core.composefile import is_external
from canon_sweep.core.shared import Shared, shared_by
from canon_sweep.core.yamltext import first_document
from canon_sweep.engine.protocol import App, Place
from canon_sweep.engine.swarm import overlay
from canon_sweep.errors import RecipeFault
from engine.installed import NEWER
from engine.swarm_fixture import DockerHosts

pytestmark = pytest.mark.swarm

STACK = "st"
APP = {"app": {"image": "a"}}
ENV = {"STACK_NAME": STACK, "SET": "set", "EMPTY": "", "YES": "true", "NO": "false", "TWO": "2"}


@pytest.fixture(scope="module")
def docker(docker_hosts: DockerHosts) -> str:
    """A docker command that knows ``stack config``."""
    return docker_hosts.program(NEWER)


def config(docker: str, texts: Mapping[str, str], folder: Path) -> str | None:
    """What docker makes of compose files, or None if it refuses them."""
    command = [docker, "stack", "config"]
    for name, text in texts.items():
        (folder / name).write_text(text)
        command += ["-c", str(folder / name)]
    # a program of another root: nothing of ours but its way to the loader
    done = subprocess.run(command, capture_output=True, text=True, env=ENV, check=False)
    return done.stdout if done.returncode == 0 else None


def facts(texts: Mapping[str, str], env: Mapping[str, str], folder: Path) -> dict[str, Any]:
    """Everything that a sweep wants to know of compose files."""
    compose = parse(texts, STACK, env, {})
    return {
        "services": {
            name: (service.image, service.replicas, service.mounts, service.environment)
            for name, service in compose.services.items()
        },
        "volumes": compose.volumes,
        "secrets": {secret.name for secret in compose.secrets},
        "networks": set(compose.networks),
        "timeout": compose.timeout,
        "version": compose.version,
        "checked": compose.checked,
        "shared": _shared(compose, folder),
        "files": {os.path.normpath(folder / path) for path in _files(compose)},
    }


def _shared(compose: Compose, folder: Path) -> Shared | str:
    try:
        shared = shared_by(compose, STACK)
    except RecipeFault as fault:
        return str(fault)
    folders = sorted(os.path.normpath(folder / each) for each in shared.folders)
    return replace(shared, folders=tuple(folders))


def _files(compose: Compose) -> list[str]:
    """Those that count in the end: each of ours is looked at, an overridden one too."""
    tables = [compose.tree.get(kind) or {} for kind in ("configs", "secrets")]
    bodies = [body or {} for table in tables for body in table.values()]
    # docker looks for one that says nothing in the folder itself
    return [body.get("file") or "." for body in bodies if not is_external(body)]


def read(texts: Mapping[str, str], env: Mapping[str, str], folder: Path) -> dict[str, Any] | None:
    """The facts, or None where we have a reason of our own to refuse them."""
    try:
        return facts(texts, env, folder)
    except RecipeFault:
        return None


def same(docker: str, folder: Path, *texts: str) -> None:
    """See that we read files as docker does, if it reads them at all."""
    named = {f"compose.{number}.yml": text for number, text in enumerate(texts)}
    understood = config(docker, named, folder)
    if understood is None:
        return
    whole = read({"whole.yml": understood.replace("$", "$$")}, {}, folder)
    ours = read(named, ENV, folder)
    if len(texts) > 1 and ours is not None and whole is not None:
        # what a later file hides is told all the same
        assert _told(ours.pop("shared"), whole.pop("shared")), understood

    # or refused
    assert ours == whole or (ours is None and len(texts) > 1), understood


def _told(ours: Shared | str, least: Shared | str) -> bool:
    if isinstance(ours, str) or isinstance(least, str):
        return isinstance(ours, str)
    return all(
        set(getattr(ours, each.name)) >= set(getattr(least, each.name)) for each in fields(ours)
    )


def labelled(docker: str, folder: Path, *texts: str) -> None:
    """See that our labels are all that is added, and that docker refuses what it refused."""
    named = {f"compose.{number}.yml": text for number, text in enumerate(texts)}
    if read(named, ENV, folder) is None:
        return
    alone = config(docker, named, folder)
    ours = overlay.texts(texts, recipe="note", version="1.0.0+1", stack=STACK, node=None)

    with_labels = config(docker, dict(zip(named, ours, strict=True)), folder)

    assert (with_labels is None) == (alone is None), ours
    if with_labels is not None and alone is not None:
        assert plain(with_labels) == plain(alone), ours


def plain(understood: str) -> Any:
    """What docker understood, but for our labels, and for what may be said or left out."""
    tree = first_document(understood)
    tree.get("networks", {}).pop("default", None)
    return {key: _plain(value) for key, value in tree.items() if value}


def _plain(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    kept = {key: _plain(each) for key, each in value.items() if "canon-sweep." not in str(key)}
    return {key: each for key, each in kept.items() if key not in ("labels", "deploy") or each}


KEYS = st.sampled_from(["a", "b", "c"])
SCALARS = st.sampled_from(
    [
        "x",
        "y1",
        "'2'",
        "2",
        "0",
        "''",
        "1.50",
        "1e3",
        "0777",
        "08",
        "12:30",
        "2020-01-02",
        "'yes'",
        "~",
        "",
        "$SET",
        "'${SET}'",
        "$SET-d",
        "'${NONE:-d}'",
        "'${EMPTY:-d}'",
        "'${EMPTY-d}'",
        "'${NONE:-${SET}}'",
        "$$SET",
        "'${NONE-a b}c'",
        "'a $NONE-b c'",
        "'${SET:?no}'",
        "!reset x",
        "!!str 5",
        "'${SET'",
        "'${NONE:-a:-b}'",
        "'${SET-a?b}'",
        "'$'",
        "'${NONE:+x} $SET'",
        "1_000",
        "=",
        "0x1F",
    ]
)
TRUTHS = st.sampled_from(
    [
        "true",
        "false",
        "'${YES}'",
        "'${NO}'",
        "'${NONE:-true}'",
        "'${NONE:-false}'",
        "'true'",
        "'${NONE:-on}'",
    ]
)


def table(keys: st.SearchStrategy[str], values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """A flow mapping of YAML."""
    return st.dictionaries(keys, values, max_size=3).map(
        lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs.items()) + "}"
    )


def listed(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """A flow sequence of YAML."""
    return st.lists(values, max_size=3).map(lambda each: "[" + ", ".join(each) + "]")


PAIRS = table(KEYS | st.sampled_from(["command", "disable"]), SCALARS) | listed(
    st.sampled_from(["a", "b=1", "'a=$SET'", "c=", "'b=${NONE-x=y}'", "SET", "EMPTY", "a=yes"])
)
LABELS = st.sampled_from(
    [
        "[coop-cloud.st.timeout=60, 'coop-cloud.${STACK_NAME}.version=1.0.0+1']",
        "{coop-cloud.st.timeout: 90, a: b}",
        "{coop-cloud.st.version: 2.0.0+2}",
        "[a]",
        "[]",
        "{}",
    ]
)
MOUNTS = listed(
    st.sampled_from(
        [
            "data:/data",
            "more:/data",
            "data:/x:ro",
            "/srv:/data",
            "/srv:/x:ro",
            "./f:/f",
            "/anon",
            "'${NONE:-data}:/v'",
            "{type: volume, source: data, target: /y}",
            "{type: bind, source: /srv, target: /x, read_only: true}",
            "{type: bind, source: /b, target: /b}",
            "{type: tmpfs, target: /data}",
            "{type: bind, source: /srv, target: /x, read_only: '${NO}'}",
            "{type: bind, source: /srv, target: /q, read_only: '${NONE:-yes}'}",
        ]
    )
)
CHECKS = st.sampled_from(
    [
        "{test: [CMD, a]}",
        "{test: a}",
        "{test: [NONE]}",
        "{disable: true}",
        "{disable: '${NO}'}",
        "{interval: 3s}",
        "{test: NONE}",
        "{disable: '${YES}'}",
        "{test: []}",
    ]
)
SERVICE = st.fixed_dictionaries(
    {"image": st.sampled_from(["a", "b:1", "'c:${NONE:-9}'", "$SET"])},
    optional={
        "environment": PAIRS,
        "labels": LABELS,
        "volumes": MOUNTS,
        "healthcheck": CHECKS,
        "command": st.sampled_from(["a b", "[a]", "[]"]),
        "dns": st.sampled_from(["1.1.1.1", "[2.2.2.2, !reset x]", "!reset []"]),
        "networks": st.sampled_from(["[net]", "{net: {}}", "[lan]", "[]", "{lan: }"]),
        "secrets": st.sampled_from(
            ["[s]", "[{source: t}]", "[s, t]", "[s, {source: t, target: x, uid: '1', mode: 0440}]"]
        ),
        "configs": listed(
            st.sampled_from(["a", "b", "{source: a}", "{source: c, target: /x, mode: 0444}"])
        ),
        "ports": listed(
            st.sampled_from(
                [
                    "80",
                    "'8080:80'",
                    "'${TWO}:80/udp'",
                    "'8000-8001:80-81'",
                    "{target: 80, published: 8080, mode: host}",
                    "{target: '80', published: '${TWO}'}",
                ]
            )
        ),
        "deploy": table(st.just("replicas"), st.sampled_from(["2", "0", "'${TWO}'"]))
        | LABELS.map(lambda labels: f"{{labels: {labels}}}"),
    },
).map(lambda body: "{" + ", ".join(f"{key}: {value}" for key, value in body.items()) + "}")
NAMES = st.sampled_from(["st_x", "'${STACK_NAME}_y'", "'${STACK_NAME}_${NONE-v1}'", "other", "''"])
BODY = table(st.sampled_from(["name"]), NAMES)
EXTERNAL = st.builds("{{external: {}}}".format, TRUTHS) | st.builds(
    "{{external: {}, name: {}}}".format, TRUTHS, NAMES
)
FILE = st.sampled_from(
    [
        "{file: ./f}",
        "{file: '${NONE:-f}'}",
        "{file: '$NONE-f'}",
        "{file: /etc/f}",
        "{!!binary ZmlsZQ==: /etc/f}",
        "{file: ./f, !!binary ZmlsZQ==: !!binary L2V0Yy9m}",
        "{<<: *f}",
        "{<<: *f, file: ./g}",
        "{<<: [*g, *f]}",
        "{<<: *g, <<: *f}",
    ]
)
VOLUME = BODY | st.sampled_from(
    [
        "",
        "{driver: local}",
        "{driver: nfs}",
        "{driver_opts: {type: nfs}}",
        "{labels: [a]}",
        "!x {}",
        "!!set {driver: nfs}",
        "{<<: {driver: nfs}, name: st_z}",
        "{driver_opts: {a: 'y', b: '1e3', c: '0o17', d: 0777, e: 1e3, f: 1_000, g: '$$x'}}",
        "{labels: {a: 'N', b: yes, c: , 'n': 1.50}}",
    ]
)
TEXT = st.fixed_dictionaries(
    {
        "version": st.just("'3.8'"),
        "x-f": st.just("&f {file: /etc/h}"),
        "x-g": st.just("&g {file: ./h}"),
        "services": st.builds("{{app: {}, db: {}}}".format, SERVICE, SERVICE),
        "volumes": st.just("{data: , more: }") | table(st.sampled_from(["data", "more"]), VOLUME),
        "networks": st.just("{net: , lan: }")
        | table(st.sampled_from(["net", "lan"]), BODY | EXTERNAL),
        "secrets": st.just("{s: {external: true}, t: {file: f}}")
        | table(st.sampled_from(["s", "t"]), EXTERNAL | FILE),
        "x-ours": SCALARS,
    },
    optional={"configs": table(KEYS, FILE | EXTERNAL)},
).map(lambda tree: "\n".join(f"{key}: {value}" for key, value in tree.items()))
# what comes after a file's first document
MORE = st.sampled_from(["", "\n---\nservices: {more: {image: a}}\n", "\n---\n[a\n", "\n...\n"])
TEXTS = st.lists(st.builds("{}{}".format, TEXT, MORE), min_size=1, max_size=2)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("environment: {A: x}", "environment: {A: 0}"),
        ("environment: {A: x}", "environment: {A: ''}"),
        ("environment: {A: x}", "environment: [A=, B]"),
        ("environment: [A=x]", "environment: {A: , B: }"),
        *((f"environment: {{{n}: x}}", f"environment: {{{n}: y1}}") for n in ("test", "command")),
        *((f"environment: {{{n}: x}}", f"environment: {{{n}: }}") for n in ("disable", "labels")),
        ("labels: {coop-cloud.st.version: 1}", "labels: {coop-cloud.st.version: 0}"),
        ("labels: {coop-cloud.st.version: 1}", "labels: {coop-cloud.st.version: }"),
        ("labels: [coop-cloud.st.timeout=9]", "labels: [coop-cloud.st.timeout]"),
        (
            "deploy: {labels: {coop-cloud.st.timeout: 9}}",
            "deploy: {labels: {coop-cloud.st.timeout: 0}}",
        ),
        ("deploy: {replicas: 2}", "deploy: {replicas: 0}"),
        ("deploy: {replicas: 0}", "deploy: {replicas: '${TWO}'}"),
        ("deploy: {replicas: 2}", "deploy: {}"),
        ("deploy: {replicas: 2}", "deploy: {replicas: '${NONE:-+3}'}"),
        ("healthcheck: {disable: true}", "healthcheck: {disable: false}"),
        ("healthcheck: {test: a}", "healthcheck: {test: [NONE]}"),
        ("healthcheck: {test: NONE}", "healthcheck: {test: ''}"),
        ("logging: {options: {labels: x}}", "logging: {options: {labels: y1}}"),
        ("volumes: ['data:/d']", "volumes: ['more:/d', '/x']"),
    ],
)
def test_files_are_joined_as_docker_joins_them(
    docker: str, tmp_path: Path, before: str, after: str
) -> None:
    """What a later file says, leaves out, and says of nothing."""
    top = "version: '3.8'\nvolumes: {data: , more: }\nservices:\n  db: {image: a}\n"
    texts = [f"{top}  app: {{image: a, {body}}}\n" for body in (before, after)]
    named = {f"compose.{number}.yml": text for number, text in enumerate(texts)}

    understood = config(docker, named, tmp_path)

    assert understood is not None
    assert facts(named, ENV, tmp_path) == facts({"whole.yml": understood}, {}, tmp_path)


# the same examples each time, each as long as docker takes
ALIKE = settings(
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@settings(ALIKE, max_examples=500)
@given(texts=TEXTS)
def test_files_are_read_as_docker_reads_them(docker: str, tmp_path: Path, texts: list[str]) -> None:
    """What it refuses is red anyway."""
    same(docker, tmp_path, *texts)


@settings(ALIKE, max_examples=100)
@given(texts=TEXTS)
def test_our_labels_change_nothing_else(docker: str, tmp_path: Path, texts: list[str]) -> None:
    """Whatever else the files say, and however they say it, is as the recipe has it."""
    labelled(docker, tmp_path, *texts)


@pytest.mark.parametrize("more", ["volumes:", "networks:", "configs:", "secrets:"])
@pytest.mark.parametrize("body", ["", "{c: }", "{c: {}}", "{c: {labels: }}"])
def test_what_is_empty_stays_so_where_docker_wants_more(
    docker: str, tmp_path: Path, more: str, body: str
) -> None:
    """A label put there would make of a file that nobody can deploy one that is green."""
    labelled(docker, tmp_path, f"version: '3.8'\nservices: {{app: {{image: a}}}}\n{more} {body}\n")


@pytest.mark.parametrize("word", ["", "''", "false", "[]", "{}", "{labels: }", "{labels: ''}"])
@pytest.mark.parametrize("key", ["deploy", "labels"])
def test_what_is_no_table_stays_so(docker: str, tmp_path: Path, key: str, word: str) -> None:
    """In a service too, and where it is the later file's."""
    top = "version: '3.8'\nservices:\n  app:"
    first = f"{top} {{image: a}}\n"

    labelled(docker, tmp_path, f"{top}\n    image: a\n    {key}: {word}\n")
    labelled(docker, tmp_path, first, f"{top}\n    {key}: {word}\n")
    labelled(docker, tmp_path, first, f"{top}\n")


@pytest.mark.parametrize(
    "more",
    [
        "environment:\t{A:\tb}\t# c",
        "environment:\t# c\n      A: 'b'\t",
        "environment:\n      A: |\n        b\n        \tc",
        "labels: &l [a=b]\n    deploy: &l {labels: {c: d}, x-l: *l}",
        "labels: &l [a=b]\n    x-l: &l {c: d}\n    deploy: {labels: *l}",
        "labels: !!mine [a=b]",
        "deploy: !<tag:x> {replicas: 2}",
    ],
)
def test_a_habit_that_docker_takes_is_taken(docker: str, tmp_path: Path, more: str) -> None:
    """However rare."""
    text = f"version: '3.8'\nservices:\n  app:\n    image: a\n    {more}\n"

    same(docker, tmp_path, text)
    labelled(docker, tmp_path, text)


def test_a_service_that_is_there_twice_has_our_labels_once(docker: str, tmp_path: Path) -> None:
    """The last one counts, where docker takes it at all."""
    app = "  app: {image: a, labels: [a=b]}\n"

    labelled(docker, tmp_path, f"version: '3.8'\nservices:\n{app}{app}")


@pytest.mark.parametrize("version", ["'3'", "'3.0'", "'3.2'", "'3.3'", "'3.8'", "'3.9'", None])
@pytest.mark.parametrize("more", ["", "secrets: {s: {file: f}}", "configs: {c: {file: f}}"])
def test_our_labels_are_of_the_recipes_format(
    docker: str, tmp_path: Path, version: str | None, more: str
) -> None:
    """An older one has no secrets, or no configs."""
    first = f"version: {version}\n" if version else ""
    app = "services: {app: {image: a, volumes: ['data:/d']}}\nvolumes: {data: }\n"

    labelled(docker, tmp_path, first + app + more)


STEPS = st.lists(st.sampled_from(["..", "..", "link", "out", "a", "b", ".", "f"]), max_size=7)
PATHS = st.builds("{}{}".format, st.sampled_from(["", "./", "~/"]), STEPS.map("/".join))


@settings(ALIKE, max_examples=30)
@given(
    chain=st.sampled_from(["compose.yml", "link/../compose.yml", "a/b/../../compose.yml"]),
    paths=st.lists(PATHS, min_size=30, max_size=60),
)
def test_what_we_let_pass_docker_reads_inside_the_recipe(
    docker: str, tmp_path: Path, chain: str, paths: list[str]
) -> None:
    """However links and .. are mixed, and wherever the first compose file lies."""
    tree = tmp_path / "up/up/recipe"
    (tree / "a/b/c").mkdir(parents=True, exist_ok=True)
    for name, target in (("link", "a/b/c"), ("out", "..")):
        (tree / name).unlink(missing_ok=True)
        (tree / name).symlink_to(target)
    place = Place(STACK, "note.test")

    def write(files: list[str]) -> None:
        configs = {f"c{number}": {"file": file} for number, file in enumerate(files)}
        text = yaml.safe_dump({"version": "3.8", "services": APP, "configs": configs})
        for folder in (tree, tree / "a/b"):
            (folder / "compose.yml").write_text(text)

    def passes(file: str) -> bool:
        write([file])
        try:
            App.read("note", "1", place, tree, {"COMPOSE_FILE": chain})
        except RecipeFault:
            return False
        return True

    passed = [path for path in paths if path and passes(path)]
    write(passed)
    command = [docker, "stack", "config", "-c", str(tree / chain)]
    done = subprocess.run(command, capture_output=True, text=True, env=ENV, check=True)

    configs = first_document(done.stdout).get("configs", {})
    assert len(configs) == len(passed)
    for body in configs.values():
        assert Path(body["file"]).resolve().is_relative_to(tree.resolve())
