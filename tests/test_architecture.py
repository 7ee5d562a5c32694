"""The shape of the tree: the rules do nothing, and each library has one door."""

from __future__ import annotations

import ast
import gc
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import canon_sweep

ROOT = Path(canon_sweep.__file__).parent
ACTS = {
    "os", "subprocess", "socket", "shutil", "tempfile", "requests", "pygit2", "docker", "time",
    "random", "secrets", "pathlib", "fcntl", "signal",
}  # fmt: skip


@cache
def imports(path: Path) -> frozenset[str]:
    """The modules that a file imports at run time, by their full names."""
    return frozenset(_imports(parsed(path.read_text())))


def parsed(text: str) -> ast.Module:
    """A module as Python reads it."""
    # what Python code a collection of garbage runs, Python 3.11 counts as the parser's own depth,
    # and fails: 'AST constructor recursion depth mismatch'
    gc.disable()
    try:
        return ast.parse(text)
    finally:
        gc.enable()


def _imports(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def importers(library: str) -> set[str]:
    """The files that import a library."""
    return {
        str(path.relative_to(ROOT))
        for path in ROOT.rglob("*.py")
        if any(name.split(".")[0] == library for name in imports(path))
    }


@pytest.mark.parametrize("path", sorted((ROOT / "core").glob("*.py")), ids=lambda path: path.stem)
def test_the_rules_do_not_act(path: Path) -> None:
    """core/ has no I/O, no clock and no environment: facts in, values out."""
    found = imports(path)

    assert not {name.split(".")[0] for name in found} & ACTS
    ours = {name for name in found if name.startswith("canon_sweep.")}
    assert all(name.startswith(("canon_sweep.core", "canon_sweep.errors")) for name in ours)


@pytest.mark.parametrize("path", sorted((ROOT / "ccci").glob("*.py")), ids=lambda path: path.stem)
def test_what_cc_ci_says_is_read_and_never_run(path: Path) -> None:
    """ccci/ has one reader and one writer of files, and nothing that could run any of them."""
    found = {name.split(".")[0] for name in imports(path)}

    if path.stem not in ("tree", "newfile"):
        assert not found & ACTS
    assert not found & {"importlib", "runpy", "code", "codeop", "subprocess", "pickle", "marshal"}
    called = {
        node.func.id
        for node in ast.walk(parsed(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not called & {"eval", "exec", "compile", "__import__"}


def test_errors_import_nothing_of_ours() -> None:
    """Whatever fails, its name can be imported."""
    assert not any(name.startswith("canon_sweep") for name in imports(ROOT / "errors.py"))


def test_each_library_has_one_door() -> None:
    """git, Docker and other programs are each spoken to in one place.

    The demo makes upstreams, which is a maintainer's work and none of the mirror's.
    """
    assert all(
        path.startswith("mirror/") or path == "demo/upstream.py" for path in importers("pygit2")
    )
    assert all(path.startswith("engine/swarm/") for path in importers("docker"))
    assert importers("subprocess") <= {"process.py", "engine/local/process.py"}
    assert importers("requests") == {"web.py"}
    assert importers("re2") == {"core/tagpattern.py"}
    read = {"core/yamltext.py", "core/composefile.py", "core/yamledit.py"}
    assert importers("yaml") == read


def test_whoever_opens_a_repository_has_nobodys_configuration() -> None:
    """libgit2's settings are the process's, and set where `mirror.libgit2` is imported."""
    opens = {
        path
        for path in (ROOT / "mirror").glob("*.py")
        if "Repository(" in path.read_text() or "init_repository(" in path.read_text()
    }

    assert len(opens) > 5
    for path in opens:
        assert "canon_sweep.mirror.libgit2" in reached(path), path.name


def reached(path: Path) -> set[str]:
    """Every module of ours that a file imports, and those that they import."""
    found: set[str] = set()
    waiting = [path]
    while waiting:
        for name in imports(waiting.pop()) - found:
            file = ROOT.parent.joinpath(*name.split(".")).with_suffix(".py")
            if file.is_file():
                found.add(name)
                waiting.append(file)
    return found


# a field that is not shown or not given; the survey's parts, which are few
DATACLASSES = {"ccci/found.py", "core/compose.py", "job/pulls.py", "settings/secretenv.py"}


def test_a_record_is_a_struct() -> None:
    """Python writes and compiles a dataclass's methods at each start: half a millisecond each."""
    assert importers("dataclasses") <= DATACLASSES


def test_only_the_state_folders_package_writes_records() -> None:
    """One writer: everybody else hands it records; the local engine has a folder of its own."""
    writers = {
        str(path.relative_to(ROOT))
        for path in ROOT.rglob("*.py")
        if "write_atomically" in path.read_text() and path.parent.name != "state"
    }

    assert writers == {"engine/local/state.py"}


def test_the_sweep_knows_no_engine() -> None:
    """sweep.py is the job on one page, whatever deploys."""
    text = (ROOT / "sweep.py").read_text()

    assert "swarm" not in text
    assert "local" not in text
    assert len(text.splitlines()) < 250


# from the bottom up; who stands lower knows nothing of who stands higher
LAYERS = (
    {"errors", "__init__"},
    {"core", "interrupt"},
    {"process", "bounded", "tree", "disk"},
    {"forked", "crew"},
    {"web", "systemd", "settings", "ccci"},
    {"state", "report"},
    {"engine", "mirror"},
    {"harness", "guard", "forge"},
    {"doctor"},
    {"world", "line"},
    {"sweep"},
    {"job"},
    {"demo"},
    {"cli"},
    {"entry"},
)


def test_arrows_point_down() -> None:
    """The picture in ARCHITECTURE.md: each folder imports itself and what is below it."""
    level = {name: number for number, names in enumerate(LAYERS) for name in names}
    wrong = []
    for path in ROOT.rglob("*.py"):
        own = path.relative_to(ROOT).parts[0].removesuffix(".py")
        for name in imports(path):
            parts = name.split(".")
            if parts[0] != "canon_sweep" or len(parts) == 1:
                continue
            if parts[1] != own and level[parts[1]] >= level[own]:
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert wrong == []


def test_no_module_is_long() -> None:
    """One noun fits on a few pages; whatever grows beyond it is two."""
    lines = {path: len(path.read_text().splitlines()) for path in ROOT.rglob("*.py")}

    assert {str(path.relative_to(ROOT)): n for path, n in lines.items() if n > 300} == {}


def test_whatever_lies_at_the_top_is_on_the_page() -> None:
    """Each module and each folder of the package: a reader finds it by its name."""
    page = (Path(__file__).parent.parent / "ARCHITECTURE.md").read_text()
    folders = {f"{path.name}/" for path in ROOT.iterdir() if (path / "__init__.py").exists()}
    modules = {path.name for path in ROOT.glob("*.py")} - {"__init__.py"}

    assert {name for name in folders | modules if f" {name}" not in page} == set()
