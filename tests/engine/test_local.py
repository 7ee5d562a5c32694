"""What only the local engine promises; what every engine promises is in `contract.py`."""

from __future__ import annotations

import errno
import json
import os
import resource
import select
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from msgspec.structs import replace

from canon_sweep import process, tree
from canon_sweep.engine.local import keeper, kernel
from canon_sweep.engine.local import port as local_port
from canon_sweep.engine.local import process as local_process
from canon_sweep.engine.local import ready as local_ready
from canon_sweep.engine.local import state as local_state
from canon_sweep.engine.local import tree as local_tree
from canon_sweep.engine.local import volume as local_volume
from canon_sweep.engine.local.engine import LocalEngine
from canon_sweep.engine.local.process import Identity
from canon_sweep.engine.protocol import App, Place
from canon_sweep.errors import HostFault, RecipeFault
from child import in_child
from host import deep, ends, foreign, powerless, small_files

STACK = "note-1a2b3c_ci_localhost"

SERVER = """\
import http.server, json, os, pathlib, sys, time

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()

data = pathlib.Path(os.environ["DATA"])
with http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler) as server:
    (data / "environment.json").write_text(json.dumps(dict(os.environ)))
    (data / "listens").write_text(repr(time.time()))
    print("listens", flush=True)
    server.serve_forever()
"""

LOCAL: dict[str, Any] = {
    "command": ["{python}", "{source}/app.py"],
    "environment": {"PORT": "{ports.8080}", "DATA": "{volumes.data}"},
    "ready": {"port": 8080, "path": "/health"},
}


@dataclass(frozen=True)
class Recipe:
    """A recipe in a folder of its own, written anew for each version."""

    folder: Path

    def version(self, version: str, services: dict[str, dict[str, Any]], program: str) -> App:
        self.folder.mkdir(exist_ok=True)
        body = {
            name: {"image": "x", "environment": {"OWN": name}, "x-canon-sweep": local}
            for name, local in services.items()
        }
        secret = {"pw": {"external": True, "name": f"{STACK}_pw_v1"}}
        tree = {"services": body, "volumes": {"data": None}, "secrets": secret}
        (self.folder / "compose.yml").write_text(yaml.safe_dump(tree))
        (self.folder / "app.py").write_text(program)
        return App.read("notes", version, Place(STACK, "notes.ci.localhost"), self.folder, {})

    def server(self, version: str = "1.0.0+1", **changes: Any) -> App:
        return self.version(version, {"app": {**LOCAL, **changes}}, SERVER)

    def program(self, program: str, **changes: Any) -> App:
        return self.version("1.0.0+1", {"app": {**LOCAL, **changes}}, program)


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    return Recipe(tmp_path / "recipe")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[LocalEngine]:
    engine = LocalEngine(tmp_path / "engine")
    yield engine
    for stack in engine.stacks_of_ours():
        engine.undeploy(stack)


@pytest.fixture
def hasty(tmp_path: Path, engine: LocalEngine) -> LocalEngine:
    """The same engine for services that do not end when they are asked to."""
    return LocalEngine(tmp_path / "engine", grace=0.2)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "engine" / "volumes" / f"{STACK}_data"


@pytest.fixture
def innocent() -> Iterator[subprocess.Popen[bytes]]:
    """A process that is none of the engine's business."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, start_new_session=True) as child:
        yield child
        child.kill()


def folder(tmp_path: Path) -> Path:
    return tmp_path / "engine" / "stacks" / STACK


def identity(tmp_path: Path, service: str = "app") -> Identity:
    deployment = local_state.load(folder(tmp_path))
    assert deployment is not None
    return deployment.services[service].identity


def entries(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir())


def appears(path: Path, what: str = "") -> str:
    """The text of a file that another process is about to write, with this in it."""
    deadline = time.monotonic() + 60
    while not (path.exists() and (text := path.read_text()) and what in text):
        assert time.monotonic() < deadline, f"{path} does not appear"
        select.select([], [], [], 0.01)
    return path.read_text()


def crashing(script: str, app: App, root: Path) -> subprocess.Popen[str]:
    """Another process that has the app and an engine at ``root`` and runs ``script``."""
    fields = repr((app.recipe, app.version, (app.stack, app.domain), str(app.source.tree)))
    head = (
        "import os, sys, pathlib\n"
        "from canon_sweep.engine.local import state as local_state\n"
        "from canon_sweep.engine.local.engine import LocalEngine\n"
        "from canon_sweep.engine.protocol import App, Place\n"
        f"*names, source = {fields}\n"
        "recipe, version, names = names\n"
        "app = App.read(recipe, version, Place(*names), pathlib.Path(source), {})\n"
        f"engine = LocalEngine(pathlib.Path({str(root)!r}))\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", head + script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_killed_sweep_leaves_nothing_that_the_next_one_cannot_end(
    tmp_path: Path, recipe: Recipe
) -> None:
    """After kill -9 of the deploying process a fresh engine undeploys its stack."""
    root = tmp_path / "engine"
    app = recipe.server()
    script = "engine.deploy(app); engine.wait_ready(app, 10); print('up', flush=True); input()"
    with crashing(script, app, root) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "up\n"
        first.kill()
    service = identity(tmp_path)
    assert local_process.runs(service)
    fresh = LocalEngine(root)
    assert fresh.stacks_of_ours() == (STACK,)

    fresh.undeploy(STACK)

    assert ends(service.pid, within=0)
    assert fresh.stacks_of_ours() == ()
    assert fresh.leftovers(STACK) == (f"volume {STACK}_data", f"secret {STACK}_pw_v1")


def test_a_crash_before_the_record_leaves_no_process(
    tmp_path: Path, recipe: Recipe, data: Path
) -> None:
    """A child that no record names never becomes the program, and ends by itself."""
    root = tmp_path / "engine"
    script = (
        "def die(folder, deployment):\n"
        "    print(deployment.services['app'].identity.pid, flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
        "local_state.save = die\n"
        "engine.deploy(app)\n"
    )

    with crashing(script, recipe.server(), root) as first:
        assert first.stdout is not None
        pid = int(first.stdout.readline())

    assert ends(pid)
    assert list(data.iterdir()) == []
    fresh = LocalEngine(root)
    assert fresh.stacks_of_ours() == (STACK,)
    fresh.undeploy(STACK)
    assert fresh.stacks_of_ours() == ()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda i: replace(i, start=i.start - 1), id="another start"),
        pytest.param(lambda i: replace(i, boot="0" * 36), id="another boot"),
    ],
)
def test_a_reused_process_number_is_not_killed(
    engine: LocalEngine,
    tmp_path: Path,
    innocent: subprocess.Popen[bytes],
    change: Callable[[Identity], Identity],
) -> None:
    """Only the very process that was recorded is ended, not the next of that number."""
    fields = Path(f"/proc/{innocent.pid}/stat").read_text().rpartition(")")[2].split()
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    real = Identity(innocent.pid, int(fields[19]), boot)
    assert local_process.runs(real)
    running = local_state.Running(change(real), {}, {}, None, 0)
    folder(tmp_path).mkdir(parents=True)
    local_state.save(folder(tmp_path), local_state.Deployment("1.0.0+1", {"app": running}))

    engine.undeploy(STACK)

    assert engine.stacks_of_ours() == ()
    assert innocent.poll() is None


def test_a_failing_service_is_reported_at_once(engine: LocalEngine, recipe: Recipe) -> None:
    """A service that falls is named with its exit code and its last words."""
    app = recipe.program("import sys; print('no database'); sys.exit(3)")
    began = time.monotonic()
    engine.deploy(app)

    with pytest.raises(RecipeFault, match=r"service app ended with exit code 3.*no database"):
        engine.wait_ready(app, 60)

    assert time.monotonic() - began < 5


def test_last_words_cannot_move_the_operators_cursor(engine: LocalEngine, recipe: Recipe) -> None:
    """Control characters of a service's log do not get into a fault."""
    app = recipe.program("import sys; print('\\033[2Jgone'); sys.exit(1)")
    engine.deploy(app)

    with pytest.raises(RecipeFault, match=r"its log ends: \?\[2Jgone$"):
        engine.wait_ready(app, 60)


def test_a_service_that_ends_well_but_never_was_ready_has_failed(
    engine: LocalEngine, recipe: Recipe
) -> None:
    """Exit code 0 before readiness is no success: nobody will ever answer."""
    app = recipe.program("print('nothing to do')")
    engine.deploy(app)

    with pytest.raises(RecipeFault, match=r"exit code 0.*nothing to do"):
        engine.wait_ready(app, 60)


@pytest.mark.parametrize(("code", "fails"), [(0, False), (4, True)])
def test_a_job_without_readiness_may_end_with_0_only(
    engine: LocalEngine, recipe: Recipe, code: int, fails: bool
) -> None:
    """A service that says nothing of readiness may be a job that ends."""
    job = {"command": ["{python}", "-c", f"raise SystemExit({code})"]}
    app = recipe.version("1.0.0+1", {"app": LOCAL, "job": job}, SERVER)
    engine.deploy(app)

    if fails:
        with pytest.raises(RecipeFault, match="service job ended with exit code 4"):
            engine.wait_ready(app, 60)
    else:
        engine.wait_ready(app, 60)


def test_a_missing_program_is_the_recipes_fault(engine: LocalEngine, recipe: Recipe) -> None:
    """A command that does not exist shows in the log and fails the service."""
    app = recipe.program("", command=["no-such-program"])
    engine.deploy(app)

    with pytest.raises(RecipeFault, match=r"exit code 127.*no-such-program cannot be run"):
        engine.wait_ready(app, 60)


def test_what_is_not_ready_is_named(engine: LocalEngine, recipe: Recipe) -> None:
    """At the deadline the fault says which service was waited for, and for what."""
    app = recipe.program("print('thinking', flush=True)\nimport signal; signal.pause()")
    engine.deploy(app)

    with pytest.raises(RecipeFault, match=r"not ready in time: app \(status 200 of /health"):
        engine.wait_ready(app, 0.3)


def test_a_service_that_drips_bytes_does_not_hold_up_the_sweep(
    engine: LocalEngine, recipe: Recipe
) -> None:
    """The wait is bounded as a whole, not read by read."""
    program = (
        "import os, socket, time\n"
        "server = socket.create_server(('127.0.0.1', int(os.environ['PORT'])))\n"
        "while True:\n"
        "    peer = server.accept()[0]\n"
        "    try:\n"
        "        while True:\n"
        "            peer.sendall(b'H'); time.sleep(0.5)\n"
        "    except OSError:\n"
        "        pass\n"
    )
    app = recipe.program(program)
    engine.deploy(app)
    began = time.monotonic()

    with pytest.raises(RecipeFault, match="not ready in time"):
        engine.wait_ready(app, 1)

    assert time.monotonic() - began < 3


def test_readiness_is_noticed_at_once(engine: LocalEngine, recipe: Recipe, data: Path) -> None:
    """Between a service that listens and a wait that returns lie 0.3 s at most."""
    app = recipe.server()
    engine.deploy(app)

    engine.wait_ready(app, 30)
    returned = time.time()

    assert returned - float((data / "listens").read_text()) < 0.3


def test_an_open_port_is_enough_without_a_path(engine: LocalEngine, recipe: Recipe) -> None:
    """Readiness without a path is a port that accepts."""
    app = recipe.server(ready={"port": 8080})
    engine.deploy(app)

    engine.wait_ready(app, 30)

    assert engine.address(STACK, "app", 8080).host == "127.0.0.1"


def test_a_deploy_sees_the_files_that_were_read(
    engine: LocalEngine, recipe: Recipe, data: Path
) -> None:
    """Compose and sample files that are replaced after they were read change nothing."""
    app = recipe.server(environment={**LOCAL["environment"], "WHO": "the first"})
    recipe.server(environment={**LOCAL["environment"], "WHO": "the second"})
    (recipe.folder / ".env.sample").write_text("COMPOSE_FILE=nothing.yml\n")

    engine.prepare(app, 10)
    engine.deploy(app)
    engine.wait_ready(app, 30)

    assert json.loads((data / "environment.json").read_text())["WHO"] == "the first"


def test_an_update_ends_the_old_version_first(
    engine: LocalEngine, tmp_path: Path, recipe: Recipe, data: Path
) -> None:
    """The new version starts on the same volumes, alone; what it no longer has is gone."""
    worker = {"command": ["{python}", "-c", "import signal; signal.pause()"]}
    old = recipe.version("1.0.0+1", {"app": LOCAL, "worker": worker}, SERVER)
    engine.deploy(old)
    engine.wait_ready(old, 30)
    before = [identity(tmp_path, name) for name in ("app", "worker")]
    (data / "kept").write_text("by 1.0.0")
    check = "import os\n" + "".join(
        f"assert not os.path.exists('/proc/{one.pid}'), 'the old one still runs'\n"
        for one in before
    )
    new = recipe.version("2.0.0+2", {"app": LOCAL}, check + SERVER)

    engine.deploy(new)
    engine.wait_ready(new, 30)

    assert not any(local_process.runs(one) for one in before)
    assert (data / "kept").read_text() == "by 1.0.0"
    with pytest.raises(RecipeFault, match=r"service worker of .* does not run"):
        engine.execute(STACK, "worker", ["true"], 10)


def test_a_child_sees_its_own_environment_only(
    engine: LocalEngine, recipe: Recipe, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of ours reaches a service but where programs are found, and whose it is."""
    monkeypatch.setenv("FORGE_TOKEN", "secret")
    monkeypatch.setenv("PYTHONPATH", "/ours")
    monkeypatch.setenv("LC_ALL", "C")
    app = recipe.server()

    engine.deploy(app)
    engine.wait_ready(app, 30)

    seen = json.loads((data / "environment.json").read_text())
    assert seen.keys() == {"PATH", "LANG", "OWN", "PORT", "DATA", keeper.MARK}
    assert seen["OWN"] == "app"
    assert seen["DATA"] == str(data)


def test_a_service_outlives_the_callers_checkout(engine: LocalEngine, recipe: Recipe) -> None:
    """The engine keeps its own copy: the caller's folder may go after the deploy."""
    app = recipe.server()
    engine.deploy(app)
    for path in recipe.folder.iterdir():
        path.unlink()
    recipe.folder.rmdir()

    done = engine.execute(STACK, "app", ["cat", "app.py"], 10)

    assert done.output == SERVER


def test_the_copy_of_a_checkout_follows_no_link(
    engine: LocalEngine, tmp_path: Path, recipe: Recipe
) -> None:
    """A link in a recipe stays a link, and its repository is not copied."""
    (tmp_path / "precious").write_text("not the recipe's")
    app = recipe.server()
    (recipe.folder / "link").symlink_to(tmp_path / "precious")
    (recipe.folder / "dangling").symlink_to("nowhere")
    (recipe.folder / ".git").mkdir()

    engine.deploy(app)

    copy = folder(tmp_path) / "source"
    assert (copy / "link").is_symlink()
    assert {"app.py", "compose.yml", "dangling", "link"} == set(entries(copy)) - {"__pycache__"}


def test_what_a_fallen_leader_left_behind_is_ended(
    tmp_path: Path, recipe: Recipe, data: Path
) -> None:
    """A worker whose parent has ended is still the stack's, also below a linked folder."""
    (tmp_path / "link").symlink_to(tmp_path)
    engine = LocalEngine(tmp_path / "link" / "engine")
    program = (
        "import os, pathlib, signal\n"
        "if os.fork() == 0:\n"
        "    pathlib.Path(os.environ['DATA'], 'worker').write_text(str(os.getpid()))\n"
        "    signal.pause()\n"
    )
    app = recipe.program(program, ready=None)
    engine.deploy(app)
    worker = int(appears(data / "worker"))
    engine.wait_ready(app, 30)

    engine.undeploy(STACK)

    assert ends(worker, within=0)


# Each writes its process number to the volume as `daemon` once it has got away; it ignores
# SIGTERM, holds nothing of its parent's open, and stands in another folder.
STAYS = """
import os, pathlib, signal, time
def stay():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.chdir("/")
    os.closerange(0, 100)
    place = pathlib.Path(os.environ["DATA"])
    (place / "draft").write_text(str(os.getpid()))
    (place / "draft").rename(place / "daemon")
    while True:
        (place / "ticks").open("a").write("x")
        time.sleep(0.01)
"""
GETS_AWAY = {
    "a session of its own": "if os.fork() == 0: os.setsid(); stay()\n",
    "a double fork": (
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0: stay()\n"
        "    os._exit(0)\n"
        "os.wait()\n"
    ),
    "a third fork after its parents ended": (
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        os.setsid()\n"
        "        if os.fork() == 0: time.sleep(0.3); stay()\n"
        "    os._exit(0)\n"
    ),
}
WAITS = "import threading; threading.Event().wait()\n"


@pytest.mark.parametrize("way", GETS_AWAY.values(), ids=GETS_AWAY.keys())
def test_a_daemon_ends_with_its_stack(
    hasty: LocalEngine, recipe: Recipe, data: Path, way: str
) -> None:
    """What leaves its session, its parents and its folder still writes nothing afterwards."""
    hasty.deploy(recipe.program(STAYS + way + WAITS, ready=None))
    daemon = int(appears(data / "daemon"))

    hasty.undeploy(STACK)

    assert ends(daemon, within=0)


@pytest.mark.parametrize("way", GETS_AWAY.values(), ids=GETS_AWAY.keys())
def test_a_daemon_of_a_killed_sweep_ends_with_the_recovery(
    tmp_path: Path, recipe: Recipe, data: Path, way: str
) -> None:
    """After kill -9 of the sweep the next one finds what got away, too."""
    app = recipe.program(STAYS + way + WAITS, ready=None)
    with crashing("engine.deploy(app); input()", app, tmp_path / "engine") as first:
        daemon = int(appears(data / "daemon"))
        first.kill()

    LocalEngine(tmp_path / "engine", grace=0.2).undeploy(STACK)

    assert ends(daemon, within=0)


@pytest.mark.parametrize("way", GETS_AWAY.values(), ids=GETS_AWAY.keys())
def test_a_daemon_whose_keeper_was_killed_ends_too(
    hasty: LocalEngine, tmp_path: Path, recipe: Recipe, data: Path, way: str
) -> None:
    """Its environment tells whose it is; the program itself ends with its keeper."""
    hasty.deploy(recipe.program(STAYS + way + WAITS, ready=None))
    daemon = int(appears(data / "daemon"))
    kept = identity(tmp_path)
    (program,) = (
        each.pid for each in kernel.everybody().values()
        if each.parent == kept.pid and each.session == kept.pid
        and kernel.name_of(each.pid) != keeper.WRITES
    )  # fmt: skip
    os.kill(kept.pid, signal.SIGKILL)
    assert ends(program)

    hasty.undeploy(STACK)

    assert ends(daemon, within=0)


def test_what_a_program_leaves_behind_ends_soon_after_it(
    hasty: LocalEngine, recipe: Recipe, data: Path
) -> None:
    """As in a container: nothing of a service outlives the service's first process."""
    way = GETS_AWAY["a double fork"].replace("stay()", "signal.pause()")
    note = "if os.fork() == 0:\n    (pathlib.Path(os.environ['DATA']) / 'pid')"
    program = f"{STAYS}{note}.write_text(str(os.getpid())); signal.pause()\n{way}"
    app = recipe.program(
        program + "while not (pathlib.Path(os.environ['DATA']) / 'pid').exists(): pass\n",
        ready=None,
    )

    hasty.deploy(app)

    assert ends(int(appears(data / "pid")))
    hasty.wait_ready(app, 30)


def test_a_program_that_signals_its_group_does_not_free_its_daemons(
    hasty: LocalEngine, recipe: Recipe, data: Path
) -> None:
    """`kill -9 0` at the end of a script ends the script, not the one that keeps it."""
    program = STAYS + GETS_AWAY["a double fork"]
    program += "while not (pathlib.Path(os.environ['DATA']) / 'daemon').exists(): pass\n"
    program += "(pathlib.Path(os.environ['DATA']) / 'pid').write_text(str(os.getpid()))\n"
    app = recipe.program(program + "os.killpg(0, signal.SIGKILL)\n", ready=None)
    hasty.deploy(app)
    # on a slow machine it would be ready before it has ended
    assert ends(int(appears(data / "pid")))

    with pytest.raises(RecipeFault, match="was killed by signal 9"):
        hasty.wait_ready(app, 30)
    hasty.undeploy(STACK)

    assert ends(int((data / "daemon").read_text()), within=0)


def test_a_service_is_not_ready_before_its_program_has_begun(
    engine: LocalEngine, tmp_path: Path, recipe: Recipe
) -> None:
    """Without a word on readiness the time counts from the program's start, not the keeper's."""
    log = (tmp_path / "log").open("wb")
    with log:
        held = local_process.start_held(
            ["cat"], env={"PATH": os.environ["PATH"]}, home=tmp_path, cwd=tmp_path, output=log
        )
    running = local_state.Running(held.identity, {}, {}, None, 0)
    watch = local_ready.Watch({"app": running}, tmp_path, time.monotonic() + 0.6)

    with pytest.raises(RecipeFault, match="not ready in time"):
        watch.wait()

    held.drop()
    local_process.end([held.identity], tmp_path)


def test_what_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    """After the grace SIGKILL reaches the whole session, children of children too."""
    script = "trap '' TERM; sh -c 'trap \"\" TERM; echo $$ > pid; while :; do sleep 9; done' & wait"
    env = {"PATH": os.environ["PATH"]}
    with (tmp_path / "log").open("wb") as log:
        held = local_process.start_held(
            ["sh", "-c", script], env=env, home=tmp_path, cwd=tmp_path, output=log
        )
    held.release()
    held.drop()
    grandchild = int(appears(tmp_path / "pid"))

    local_process.end([held.identity], tmp_path, grace=0.1)

    assert ends(grandchild, within=0)
    assert not local_process.runs(held.identity)


def test_a_recorded_process_without_a_keeper_is_ended_too(tmp_path: Path) -> None:
    """As an older canon-sweep left it: with its session, and also if it ignores SIGTERM."""
    script = "trap '' TERM; sh -c 'echo $$ > draft; mv draft pid; sleep 99' & sleep 99; sleep 99"
    with (
        (tmp_path / "log").open("wb") as log,
        process.start(
            ["sh", "-c", script], env={"PATH": os.environ["PATH"]}, cwd=tmp_path, output=log
        ) as child,
    ):
        grandchild = int(appears(tmp_path / "pid"))
        found = kernel.stat(child.pid)
        assert found is not None

        local_process.end([Identity(child.pid, found.start, kernel.boot())], tmp_path, grace=0.1)

        assert ends(child.pid, within=0)
        assert ends(grandchild, within=0)


def test_a_command_runs_with_the_services_environment(engine: LocalEngine, recipe: Recipe) -> None:
    """A command in a service sees what the service sees, and answers its exit code."""
    engine.deploy(recipe.server())

    done = engine.execute(STACK, "app", ["sh", "-c", 'echo "$OWN"; exit 5'], 10)
    missing = engine.execute(STACK, "app", ["no-such-program"], 10)

    assert done == process.Completed(5, "app\n")
    assert missing.exit_code == 127


def test_a_command_that_takes_too_long_is_ended_with_its_children(
    engine: LocalEngine, recipe: Recipe, data: Path
) -> None:
    """Nothing of an overdue command runs on, and the service does."""
    engine.deploy(recipe.server())
    script = "sh -c 'echo $$ > \"$DATA/pid\"; sleep 99' & wait"

    with pytest.raises(RecipeFault, match="took over 1 s"):
        engine.execute(STACK, "app", ["sh", "-c", script], 1)

    assert ends(int((data / "pid").read_text()), within=0)
    assert engine.execute(STACK, "app", ["true"], 10).exit_code == 0


def test_a_crash_while_a_command_runs_leaves_it_to_the_next_undeploy(
    tmp_path: Path, recipe: Recipe, data: Path
) -> None:
    """A command is on record before it runs, as services are."""
    root = tmp_path / "engine"
    script = (
        "engine.deploy(app)\n"
        "shell = 'echo $$ > \"$DATA/pid\"; exec sleep 99'\n"
        "engine.execute(app.stack, 'app', ['sh', '-c', shell], 60)\n"
    )
    with crashing(script, recipe.server(), root) as first:
        command = int(appears(data / "pid"))
        first.kill()

    LocalEngine(root).undeploy(STACK)

    assert ends(command, within=0)


def test_a_secret_is_private_and_stays(engine: LocalEngine, tmp_path: Path, recipe: Recipe) -> None:
    """A secret is made once, readable by us alone, and given as the path of a file."""
    path = tmp_path / "engine" / "secrets" / f"{STACK}_pw_v1"
    app = recipe.server(environment={**LOCAL["environment"], "PW": "{secrets.pw}"})
    engine.deploy(app)
    value = path.read_text()

    engine.undeploy(STACK)
    engine.deploy(app)

    assert engine.execute(STACK, "app", ["sh", "-c", 'cat "$PW"'], 10).output == value
    assert len(value) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_clone_is_exact_and_replaces(engine: LocalEngine, tmp_path: Path) -> None:
    """Modes, times, links and hidden files are copied; nothing of the old target stays."""
    volumes = tmp_path / "engine" / "volumes"
    (volumes / "a_data" / "inner").mkdir(parents=True)
    (volumes / "a_data" / ".hidden").write_text("x")
    (volumes / "a_data" / ".hidden").chmod(0o640)
    os.utime(volumes / "a_data" / ".hidden", (1, 1))
    (volumes / "a_data" / "link").symlink_to("nowhere")
    (volumes / "b_data").mkdir()
    (volumes / "b_data" / "old").write_text("old")

    engine.clone_volume("a_data", "b_data")

    copy = volumes / "b_data"
    assert entries(copy) == [".hidden", "inner", "link"]
    assert (copy / "link").readlink() == Path("nowhere")
    assert stat.S_IMODE((copy / ".hidden").stat().st_mode) == 0o640
    assert (copy / ".hidden").stat().st_mtime == 1
    assert engine.volumes_of_ours() == ("a_data", "b_data")
    assert entries(volumes) == ["a_data", "b_data"]


def test_a_clone_works_where_names_cannot_be_exchanged(
    engine: LocalEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file system without an atomic exchange gets two renames."""
    monkeypatch.setattr(local_volume, "_exchange", lambda one, other: False)
    volumes = tmp_path / "engine" / "volumes"
    for name in ("a_data", "b_data"):
        (volumes / name).mkdir(parents=True)
        (volumes / name / "text").write_text(name)

    engine.clone_volume("a_data", "b_data")

    assert (volumes / "b_data" / "text").read_text() == "a_data"
    assert entries(volumes) == ["a_data", "b_data"]


def test_an_interrupted_clone_is_no_volume(
    engine: LocalEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy that was cut short is never listed, changes no target and goes with the next."""
    volumes = tmp_path / "engine" / "volumes"
    for name in ("a_data", "b_data"):
        (volumes / name).mkdir(parents=True)
        (volumes / name / "text").write_text(name)

    def half(command: list[str], **_: object) -> process.Completed:
        Path(command[-1]).mkdir()
        Path(command[-1], "stale").touch()
        raise HostFault("cp did not end")

    with monkeypatch.context() as broken:
        broken.setattr(process, "run", half)
        with pytest.raises(HostFault):
            engine.clone_volume("a_data", "b_data")

    assert engine.volumes_of_ours() == ("a_data", "b_data")
    assert (volumes / "b_data" / "text").read_text() == "b_data"
    engine.clone_volume("a_data", "b_data")
    assert entries(volumes) == ["a_data", "b_data"]
    assert entries(volumes / "b_data") == ["text"]


def litter(place: Path, name: str) -> dict[str, Path]:
    """What somebody may leave in a folder: nothing that an engine has made."""
    place.mkdir(parents=True, exist_ok=True)
    found = {
        "file": place / "notes",
        "hidden file": place / ".directory",
        "hidden folder": place / ".snapshot",
        "folder": place / "lost+found",
        "named as one": place / "backup",
        "link": place / "gone",
        "link to a folder": place / f"moved-{name.partition('_')[0]}",
        "hidden file named as one": place / f".{name}_data",
        "draft of nothing": place / ".old-",
        "locked": place / "locked",
        "no name": place / "a b\n",
        "not text": Path(os.fsdecode(os.fsencode(place) + b"/\xff_data")),
    }
    for key in ("file", "hidden file", "hidden file named as one"):
        found[key].write_text("precious")
    for key in ("hidden folder", "folder", "named as one", "draft of nothing", "locked",
                "no name", "not text"):  # fmt: skip
        found[key].mkdir()
        (found[key] / "precious").write_text("precious")
    found["link"].symlink_to("nowhere")
    found["link to a folder"].symlink_to(found["folder"])
    found["locked"].chmod(0)
    return found


@pytest.mark.host
def test_what_others_left_in_the_engines_folders_is_left_alone(
    engine: LocalEngine, tmp_path: Path, recipe: Recipe
) -> None:
    """It stops no deploy, is nobody's volume, secret or stack, and is never deleted."""
    root = tmp_path / "engine"
    everything = [
        path for name in ("volumes", "secrets", "stacks")
        for path in litter(root / name, STACK).values()
    ]  # fmt: skip
    app = recipe.server()

    assert engine.leftovers(STACK) == ()
    engine.deploy(app)
    engine.wait_ready(app, 30)
    assert engine.stacks_of_ours() == (STACK,)
    engine.undeploy(STACK)
    engine.clone_volume(f"{STACK}_data", f"snapshot.{STACK}_data")
    assert engine.volumes_of_ours() == (f"{STACK}_data", f"snapshot.{STACK}_data")
    engine.remove_volume(f"snapshot.{STACK}_data")
    for volume in (f"{STACK}_moved", "backup_x", "backup", "notes", "moved-note-1a2b3c"):
        engine.remove_volume(volume)
    for secret in (f"{STACK}_pw_v1", "backup", "gone", "notes", "moved-note-1a2b3c"):
        engine.remove_secret(secret)

    assert engine.leftovers(STACK) == (f"volume {STACK}_data",)
    assert all(path.is_symlink() or path.exists() for path in everything)
    assert (root / "volumes" / "locked" / "precious").read_text() == "precious"


def test_what_lies_among_the_logs_is_no_log(
    engine: LocalEngine, tmp_path: Path, recipe: Recipe
) -> None:
    """Neither a folder nor a pipe nor a link is read, or waited for."""
    app = recipe.server()
    engine.deploy(app)
    engine.wait_ready(app, 30)
    logs = folder(tmp_path) / "logs"
    (logs / "folder.log").mkdir()
    os.mkfifo(logs / "pipe.log")
    (tmp_path / "precious").write_text("not the stack's\n")
    (logs / "link.log").symlink_to(tmp_path / "precious")

    appears(logs / "app.log")
    said = engine.logs(STACK).splitlines()
    assert said[0] == "app | listens"
    assert all(line.startswith("app | ") for line in said)


def test_a_damaged_record_of_one_stack_stops_no_other(
    engine: LocalEngine, tmp_path: Path, recipe: Recipe
) -> None:
    """It is told when that stack is ended."""
    other = folder(tmp_path).with_name("left-abcdef_ci_localhost")
    other.mkdir(parents=True)
    (other / "state.json").write_text("{")

    engine.deploy(recipe.server())

    with pytest.raises(HostFault, match=r"state\.json cannot be read"):
        engine.undeploy(other.name)
    (other / "state.json").unlink()


def test_a_service_without_a_local_command_is_refused(engine: LocalEngine, recipe: Recipe) -> None:
    """What only runs in a container is refused before anything is touched."""
    app = recipe.version("1.0.0+1", {"app": {}}, "")

    with pytest.raises(RecipeFault, match="cannot run on the local engine"):
        engine.deploy(app)

    assert engine.leftovers(STACK) == ()


@pytest.mark.parametrize(
    "local",
    [
        {"command": []},
        {"command": "sh -c true"},
        {"command": ["{volumes.other}"]},
        {"command": ["{secrets.other}"]},
        {"command": ["{ports.99999}"]},
        {"command": ["{ports.x}"]},
        {"command": ["{port.8080}"]},
        {"command": ["{Ports.8080}"]},
        {"command": ["true"], "environment": {"DATA": "{volume.data}"}},
        {"command": ["{pyhton}", "app.py"]},
        {"command": ["{ source }/app"]},
        {"command": ["a\0b"]},
        {"command": ["true"], "environment": {"A=B": "c"}},
        {"command": ["true"], "ready": {"port": 80, "path": "/ HTTP/1.1\r\nX: y"}},
        {"command": ["true"], "ready": {"port": 0}},
        {"command": ["true"], "comand": 1},
    ],
)
def test_a_wrong_local_table_is_refused(
    engine: LocalEngine, tmp_path: Path, recipe: Recipe, local: dict[str, Any]
) -> None:
    """A mistake in x-canon-sweep is the recipe's fault, told by service, and touches nothing."""
    app = recipe.version("1.0.0+1", {"app": local}, "")

    with pytest.raises(RecipeFault, match="service app"):
        engine.prepare(app, 10)
    with pytest.raises(RecipeFault):
        engine.deploy(app)

    assert not (tmp_path / "engine").exists()


def test_other_braces_are_left_alone(engine: LocalEngine, recipe: Recipe) -> None:
    """Only what looks like a placeholder is one."""
    text = '{"a": {}, "b": "{resource} {port} {self.ports}"}'
    app = recipe.server(environment={**LOCAL["environment"], "JSON": text})
    engine.deploy(app)

    said = engine.execute(STACK, "app", ["sh", "-c", 'echo "$JSON"'], 10).output
    assert said == text + "\n"


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "-rf", "/etc", "a\nb", "A" * 200])
def test_hostile_names_touch_nothing(
    engine: LocalEngine, tmp_path: Path, recipe: Recipe, name: str
) -> None:
    """A name that could be anything but a name is refused by every method."""
    victim = tmp_path / "x"
    victim.write_text("precious")
    bad = replace(recipe.server(), stack=name)
    calls: list[Callable[[], object]] = [
        lambda: engine.prepare(bad, 1),
        lambda: engine.deploy(bad),
        lambda: engine.wait_ready(bad, 1),
        lambda: App.read("r", "1.0.0+1", Place(name, "d"), recipe.folder, {}),
        lambda: engine.undeploy(name),
        lambda: engine.execute(name, "app", ["true"], 1),
        lambda: engine.execute("fine", name, ["true"], 1),
        lambda: engine.address(name, "app", 80),
        lambda: engine.volumes(name),
        lambda: engine.secrets(name),
        lambda: engine.leftovers(name),
        lambda: engine.logs(name),
        lambda: engine.clone_volume(name, "fine_x"),
        lambda: engine.clone_volume("fine_x", name),
        lambda: engine.remove_volume(name),
        lambda: engine.remove_secret(name),
    ]

    for call in calls:
        with pytest.raises(RecipeFault):
            call()

    assert victim.read_text() == "precious"
    assert not (tmp_path / "engine").exists()


def test_ports_are_free_and_different() -> None:
    """Ports of one deploy never meet each other, or those of another deploy."""
    first = local_port.free(50, ())

    second = local_port.free(50, ())

    assert len({*first, *second}) == 100
    local_port.release([*first, *second])


def test_a_port_is_one_processs_until_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two engines on one host never start services at the same port."""
    monkeypatch.setattr(local_port, "LAST", local_port.FIRST + 300)
    script = (
        "from canon_sweep.engine.local import port as local_port\n"
        f"local_port.LAST = {local_port.LAST}\n"
        "print(*local_port.free(100, ()), flush=True); input()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        theirs = {int(port) for port in other.stdout.readline().split()}
        ours = set(local_port.free(100, ()))
        other.kill()
    local_port.release(ours)

    assert len(theirs) == 100
    assert not ours & theirs
    again = local_port.free(250, ())
    local_port.release(again)
    assert theirs & set(again)


def test_a_port_in_use_is_not_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port at which anybody listens is passed over."""
    (used,) = local_port.free(1, ())
    local_port.release([used])
    monkeypatch.setattr(local_port, "FIRST", used)
    monkeypatch.setattr(local_port, "LAST", used + 1)

    with socket.create_server(("127.0.0.1", used)), pytest.raises(HostFault):
        local_port.free(1, ())


def test_an_undeploy_gives_the_ports_back(engine: LocalEngine, recipe: Recipe) -> None:
    """A long sweep does not use up ports, or descriptors."""
    engine.deploy(recipe.server())
    port = engine.address(STACK, "app", 8080).port
    assert port in local_port._reserved

    engine.undeploy(STACK)

    assert port not in local_port._reserved


def test_a_damaged_record_is_the_hosts_fault(engine: LocalEngine, tmp_path: Path) -> None:
    """A record that cannot be read is never taken for a stack that has nothing running."""
    folder(tmp_path).mkdir(parents=True)
    (folder(tmp_path) / "state.json").write_text("{")

    with pytest.raises(HostFault, match=r"state\.json cannot be read"):
        engine.undeploy(STACK)

    (folder(tmp_path) / "state.json").unlink()


def test_a_record_takes_no_more_memory_than_it_has_bytes(tmp_path: Path) -> None:
    """What cannot be read cannot be ended: it ran on, on a host that was short of memory."""
    local_state.save(tmp_path, local_state.Deployment("1.0.0+1", {}))

    def short() -> None:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        taken = pages * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + 32 * 1024 * 1024,) * 2)
        assert local_state.load(tmp_path) is not None

    assert in_child(short) == 0


def test_a_service_killed_by_a_signal_says_so(
    engine: LocalEngine, tmp_path: Path, recipe: Recipe
) -> None:
    """A service that is killed, e.g. for want of memory, is reported with the signal."""
    app = recipe.program("import os; os.kill(os.getpid(), 9)")
    engine.deploy(app)

    with pytest.raises(RecipeFault, match=f"killed by signal {signal.SIGKILL.value}"):
        engine.wait_ready(app, 60)


def test_a_copy_that_does_not_fit_has_one_reason(tmp_path: Path) -> None:
    """Not Python's list of every file that did not."""
    for name in ("a", "b"):
        (tmp_path / "from").mkdir(exist_ok=True)
        (tmp_path / "from" / name).write_bytes(bytes(1000))

    with small_files(100), pytest.raises(OSError, match="File too large") as caught:
        local_tree.copied(tmp_path / "from", tmp_path / "to")

    assert caught.value.errno == errno.EFBIG


def test_a_stack_that_does_not_fit_is_told_in_words(engine: LocalEngine, recipe: Recipe) -> None:
    """With the next step, and without a library's way to write an error."""
    app = recipe.server()
    (recipe.folder / "large").write_bytes(bytes(100_000))

    with small_files(50_000), pytest.raises(HostFault) as caught:
        engine.deploy(app)

    assert str(caught.value).startswith(f"stack {STACK} cannot be written: File too large")
    assert "ulimit -f" in str(caught.value)


# what an app of the same user can put in the place of what the engine has made
TAKES_THE_PLACE: dict[str, Callable[[Path, Path], object]] = {
    "a link": lambda path, precious: path.symlink_to(precious),
    "a dangling link": lambda path, _: path.symlink_to("nowhere"),
    "a file": lambda path, _: path.write_text("x"),
    "a pipe": lambda path, _: os.mkfifo(path),
}
replaced = pytest.mark.parametrize("put", TAKES_THE_PLACE.values(), ids=TAKES_THE_PLACE.keys())
Put = Callable[[Path, Path], object]


@pytest.fixture
def precious(tmp_path: Path) -> Iterator[Path]:
    """A folder of somebody else's, in which nothing must change."""
    folder = tmp_path / "precious"
    folder.mkdir()
    (folder / "file").write_text("precious")
    yield folder
    assert [path.name for path in folder.iterdir()] == ["file"]
    assert (folder / "file").read_text() == "precious"


@replaced
def test_what_takes_a_volumes_place_is_the_recipes_doing_and_goes(
    engine: LocalEngine, recipe: Recipe, data: Path, precious: Path, put: Put
) -> None:
    """It is listed, never followed, and no volume any more."""
    app = recipe.server()
    engine.deploy(app)
    # from then on it writes no more: not into what takes the place either
    engine.wait_ready(app, 20)
    tree.remove(data)
    put(data, precious)

    with pytest.raises(RecipeFault, match=f"volume {STACK}_data is no folder any more"):
        engine.deploy(app)
    engine.undeploy(STACK)

    assert engine.leftovers(STACK)[0] == f"remains of volume {STACK}_data"
    assert [volume.name for volume in engine.volumes(STACK)] == [f"{STACK}_data"]
    with pytest.raises(HostFault, match=f"volume {STACK}_data"):
        engine.volume_digest(f"{STACK}_data")
    engine.remove_volume(f"{STACK}_data")
    assert list(data.parent.iterdir()) == []


@replaced
def test_what_takes_a_secrets_place_is_the_recipes_doing_and_goes(
    engine: LocalEngine, tmp_path: Path, recipe: Recipe, precious: Path, put: Put
) -> None:
    """As with a volume: but a file in its place is a secret."""
    name = f"{STACK}_pw_v1"
    secret = tmp_path / "engine" / "secrets" / name
    app = recipe.server()
    engine.deploy(app)
    secret.unlink()
    put(secret, precious)
    if secret.is_file():
        secret.unlink()
        secret.mkdir()
        (secret / "file").touch()

    with pytest.raises(RecipeFault, match=f"secret {name} is no file any more"):
        engine.deploy(app)

    assert f"remains of secret {name}" in engine.leftovers(STACK)
    assert engine.secrets(STACK) == (name,)
    engine.remove_secret(name)
    assert engine.secrets(STACK) == ()


@replaced
@pytest.mark.parametrize("mark", [".new-", ".old-"])
def test_what_takes_the_place_of_a_draft_stops_no_clone(
    engine: LocalEngine, data: Path, precious: Path, put: Put, mark: str
) -> None:
    """By its name it is ours, and a recovery that meets it goes on."""
    name = f"{STACK}_data"
    data.mkdir(parents=True)
    (data / "text").write_text("kept")
    put(data.with_name(f"{mark}snapshot.{name}"), precious)
    put(data.with_name(f"{mark}{name}"), precious)

    engine.clone_volume(name, f"snapshot.{name}")
    put(data.with_name(f"{mark}{name}"), precious)
    engine.clone_volume(f"snapshot.{name}", name)

    assert (data / "text").read_text() == "kept"
    assert entries(data.parent) == [name, f"snapshot.{name}"]


@replaced
@pytest.mark.parametrize("can_exchange", [True, False])
def test_a_clone_replaces_what_has_taken_its_targets_place(
    engine: LocalEngine,
    data: Path,
    precious: Path,
    put: Put,
    monkeypatch: pytest.MonkeyPatch,
    *,
    can_exchange: bool,
) -> None:
    """A quick run puts the canonical's volume back, whatever the app has made of it."""
    if not can_exchange:
        monkeypatch.setattr(local_volume, "_exchange", lambda one, other: False)
    (data.parent / "a_data").mkdir(parents=True)
    (data.parent / "a_data" / "text").write_text("kept")
    put(data, precious)

    engine.clone_volume("a_data", f"{STACK}_data")

    assert (data / "text").read_text() == "kept"
    assert not data.is_symlink()
    assert entries(data.parent) == ["a_data", f"{STACK}_data"]


@replaced
def test_what_takes_the_place_of_a_stacks_folder_goes_with_it(
    engine: LocalEngine, tmp_path: Path, recipe: Recipe, precious: Path, put: Put
) -> None:
    """What ran in it is ended all the same."""
    app = recipe.server()
    engine.deploy(app)
    engine.wait_ready(app, 60)  # a program that has not begun would find nothing to run
    service = identity(tmp_path)
    tree.remove(folder(tmp_path))
    put(folder(tmp_path), precious)

    assert f"stack {STACK}" in engine.leftovers(STACK)
    engine.undeploy(STACK)

    assert ends(service.pid, within=0)
    assert entries(folder(tmp_path).parent) == []


@replaced
def test_what_takes_a_logs_place_is_not_followed(
    engine: LocalEngine, tmp_path: Path, recipe: Recipe, precious: Path, put: Put
) -> None:
    """Neither read nor written to, nor waited for; the next start has its log."""
    app = recipe.server()
    engine.deploy(app)
    log = folder(tmp_path) / "logs" / "app.log"
    log.unlink(missing_ok=True)
    put(log, precious / "file")

    assert "precious" not in engine.logs(STACK)
    engine.deploy(app)
    engine.wait_ready(app, 30)
    appears(log, "listens\n")
    assert "listens\n" in engine.logs(STACK)


def test_a_volume_that_is_half_removed_is_named_until_it_is_gone(
    tmp_path: Path, data: Path
) -> None:
    """It is not forgotten because its name is."""
    (data / "locked").mkdir(parents=True)
    (data / "locked" / "file").touch()
    (data / "file").touch()
    foreign(data / "locked")

    def removes() -> None:
        engine = LocalEngine(tmp_path / "engine")
        for act in (engine.remove_volume, engine.remove_volume):
            with pytest.raises(HostFault, match=r"locked/file: Permission denied; remove it"):
                act(data.name)
        with pytest.raises(HostFault, match=f"volume {data.name} cannot be removed"):
            engine.undeploy(STACK)
        assert engine.leftovers(STACK) == (f"remains of volume {data.name}",)
        assert not (data.parent / f".old-{data.name}" / "file").exists()

    powerless(removes)
    engine = LocalEngine(tmp_path / "engine")
    engine.undeploy(STACK)
    assert engine.leftovers(STACK) == ()
    assert entries(data.parent) == []


def test_an_app_that_nests_folders_without_end_is_cleared_away(
    engine: LocalEngine, tmp_path: Path, recipe: Recipe, data: Path
) -> None:
    """In its volume, in the copy of its recipe and beside it."""
    app = recipe.server()
    engine.deploy(app)
    places = (data / "deep", folder(tmp_path) / "source" / "deep", folder(tmp_path) / "deep")
    with deep(places[0], 1500), deep(places[1], 1500), deep(places[2], 1500):
        assert (engine.volumes(STACK)[0].bytes or 0) >= 1500
        engine.deploy(app)
        engine.undeploy(STACK)
        engine.remove_volume(f"{STACK}_data")

        assert entries(data.parent) == []
        assert not folder(tmp_path).exists()


def test_a_volume_too_deep_to_be_copied_has_one_reason(engine: LocalEngine, data: Path) -> None:
    """And what was copied of it goes with the next clone, or removal."""
    with deep(data, 1500), deep(data.with_name(f".new-{STACK}_copy"), 0):
        with pytest.raises(HostFault, match=f"volume {STACK}_data cannot be copied") as caught:
            engine.clone_volume(f"{STACK}_data", f"{STACK}_copy")

        assert len(str(caught.value)) < 600
        engine.remove_volume(f"{STACK}_copy")
        assert entries(data.parent) == [f"{STACK}_data"]


@pytest.mark.parametrize("mode", [0o000, 0o555])
def test_what_an_app_has_locked_goes_with_its_stack(tmp_path: Path, mode: int) -> None:
    """A service's user is not root, and removes it all the same."""
    root = tmp_path / "engine"
    place = root / "stacks" / STACK

    def locks() -> None:
        volume = root / "volumes" / f"{STACK}_data"
        for top in (place / "source", volume):
            (top / "locked" / "folder").mkdir(parents=True)
            (top / "locked").chmod(mode)
        LocalEngine(root).undeploy(STACK)
        LocalEngine(root).remove_volume(volume.name)
        assert LocalEngine(root).leftovers(STACK) == ()

    powerless(locks)


def test_a_folder_that_cannot_be_removed_does_not_run(tmp_path: Path) -> None:
    """So that it stops its own recipe only."""
    place = tmp_path / "engine" / "stacks" / STACK
    (place / "source" / "locked").mkdir(parents=True)
    (place / "source" / "locked" / "file").touch()
    foreign(place / "source" / "locked")

    def undeploys() -> None:
        engine = LocalEngine(tmp_path / "engine")
        with pytest.raises(HostFault, match=r"source/locked/file cannot be removed"):
            engine.undeploy(STACK)
        assert engine.leftovers(STACK) == (f"remains of stack {STACK}",)

    powerless(undeploys)


FORGETS = {
    "its record": "(home / 'state.json').unlink()\n",
    "its folder": "shutil.rmtree(home)\n",
    "its folder's name": "home.rename(home.parent / 'elsewhere')\n",
    "its record's content": "(home / 'state.json').write_text('{')\n",
    "a pipe for its record": "(home / 'state.json').unlink(); os.mkfifo(home / 'state.json')\n",
}


@pytest.mark.parametrize("way", FORGETS.values(), ids=FORGETS.keys())
def test_an_app_that_takes_its_record_away_ends_with_its_stack(
    hasty: LocalEngine, tmp_path: Path, recipe: Recipe, data: Path, way: str
) -> None:
    """What runs is known from the kernel as well, also after the keeper was killed."""
    program = (
        f"import shutil\n{STAYS}{GETS_AWAY['a double fork']}"
        "place = pathlib.Path(os.environ['DATA'])\n"
        "while not (place / 'daemon').exists(): time.sleep(0.01)\n"
        f"home = pathlib.Path({str(folder(tmp_path))!r})\n"
        f"(place / 'keeper').write_text(str(os.getppid()))\n{way}"
        "(place / 'done').write_text('x')\n"
        "signal.pause()\n"
    )
    hasty.deploy(recipe.program(program, ready=None))
    appears(data / "done")
    daemon, kept = (int((data / name).read_text()) for name in ("daemon", "keeper"))
    os.kill(kept, signal.SIGKILL)

    assert f"stack {STACK}" in hasty.leftovers(STACK)
    with suppress(HostFault):  # a record that is damaged is told
        hasty.undeploy(STACK)

    assert ends(daemon, within=0)
    assert f"stack {STACK}" not in hasty.leftovers(STACK)
    tree.remove(folder(tmp_path))
    tree.remove(folder(tmp_path).with_name("elsewhere"))


def test_a_mark_leads_to_nobody_else(
    engine: LocalEngine, tmp_path: Path, innocent: subprocess.Popen[bytes]
) -> None:
    """A process may say of itself what it likes: it is ended, and not whom it names."""
    found = kernel.stat(innocent.pid)
    assert found is not None
    named = keeper.mark_of(innocent.pid, found.start, kernel.boot(), str(folder(tmp_path)))
    command = ["sleep", "99"]
    env = {"PATH": os.environ["PATH"], keeper.MARK: named}
    with subprocess.Popen(command, env=env) as liar:
        engine.undeploy(STACK)

        assert innocent.poll() is None
        liar.kill()


def test_a_log_without_end_stays_small_and_has_the_last_words(
    engine: LocalEngine, tmp_path: Path, recipe: Recipe, data: Path
) -> None:
    """While it is written, and whatever was said by earlier starts is kept before it."""
    before = "print('an earlier start', flush=True); import signal; signal.pause()\n"
    engine.deploy(recipe.program(before, ready=None))
    log = folder(tmp_path) / "logs" / "app.log"
    assert appears(log) == "an earlier start\n"
    program = (
        "import os, pathlib, sys\n"
        "for number in range(64):\n"
        "    sys.stdout.write(f'{number} '.ljust(99) * 10240 + '\\n')\n"
        "print('the last words', flush=True)\n"
        "pathlib.Path(os.environ['DATA'], 'done').write_text('x')\n"
        "sys.exit(3)\n"
    )
    app = recipe.program(program, ready=None)

    engine.deploy(app)
    appears(data / "done")

    with pytest.raises(RecipeFault, match=r"exit code 3; its log ends: .*the last words"):
        engine.wait_ready(app, 30)
    assert log.stat().st_blocks * 512 < 4 * 1024 * 1024
    assert log.read_text().startswith("an earlier start\n")


def test_a_command_that_says_too_much_fills_no_disk(engine: LocalEngine, recipe: Recipe) -> None:
    """The end of it is what is kept, as with every other program's."""
    engine.deploy(recipe.server())
    says = "import sys; [sys.stdout.write('x' * 2**20) for _ in range(30)]; print('the end')"

    with small_files(8 * 1024 * 1024):
        done = engine.execute(STACK, "app", [sys.executable, "-c", says], 30)

    assert done.exit_code == 0
    assert done.output.endswith("the end\n")
    assert len(done.output) <= 1024 * 1024


def test_words_that_a_full_disk_takes_none_of_stop_no_program(
    engine: LocalEngine, recipe: Recipe, data: Path
) -> None:
    """Whoever says them goes on, and is not killed for them."""
    program = (
        "import os, pathlib, signal\n"
        "print('x' * 100_000, flush=True)\n"
        "pathlib.Path(os.environ['DATA'], 'done').write_text('x')\n"
        "signal.pause()\n"
    )
    with small_files(50_000):
        engine.deploy(recipe.program(program, ready=None))

    assert appears(data / "done") == "x"


def test_a_stranger_at_the_output_holds_nothing_up(
    hasty: LocalEngine, tmp_path: Path, recipe: Recipe, data: Path
) -> None:
    """Somebody else's open end of it is no process of the stack's."""
    program = f"{STAYS}(pathlib.Path(os.environ['DATA']) / 'pid').write_text(str(os.getpid()))\n"
    hasty.deploy(recipe.program(program + "print('up', flush=True)\n" + WAITS, ready=None))
    kept = identity(tmp_path)
    with Path(f"/proc/{appears(data / 'pid')}/fd/1").open("wb"):
        hasty.undeploy(STACK)

    assert ends(kept.pid, within=0)
    assert hasty.leftovers(STACK) == (f"volume {STACK}_data", f"secret {STACK}_pw_v1")


def test_no_stack_here_is_one_to_rest_on(engine: LocalEngine) -> None:
    """Each is a test's, and goes with it; the settings refuse such a need before."""
    assert engine.lacks(STACK) == "the local engine has no stacks but those of tests"
