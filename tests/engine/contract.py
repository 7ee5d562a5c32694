"""The promises of `canon_sweep.engine.protocol`, as tests for any engine.

Subclass `Promises` next to a fixture ``bench`` that has the engine.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from msgspec.structs import replace

from canon_sweep.engine.protocol import App, Engine, Place
from canon_sweep.errors import Fault, HostFault, RecipeFault

READY_SECONDS = 60.0

# Answers /version and /note (GET and PUT, kept on the volume); with HEALTH=file it is
# healthy only while the file `healthy` is on the volume.
PROGRAM = """\
import http.server, os, pathlib, signal, sys

data = pathlib.Path(os.environ["DATA"])

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/health" and os.environ.get("HEALTH") == "file":
            self.answer(200 if (data / "healthy").exists() else 503, "")
        elif self.path == "/note":
            note = data / "note"
            self.answer(200, note.read_text()) if note.exists() else self.answer(404, "")
        else:
            self.answer(200, os.environ["VERSION"])

    def do_PUT(self):
        (data / "note").write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer(200, "")

    def answer(self, status, text):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *arguments):
        pass

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("version", os.environ["VERSION"], "listens", flush=True)
http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Handler).serve_forever()
"""

# asked at once until it is healthy, and then less often: an engine's every question is dear
ASKS = """\
if [ -e /was-healthy ]; then sleep 1; fi
wget -q -O /dev/null http://127.0.0.1:8080/health && touch /was-healthy
"""
FAILS = "import sys; print('no database here'); sys.exit(1)"
SOON = {"delay": "100ms"}

HOSTILE = ["../../x", "-x", "a b", "x;y", "", "a/b", "x\n"]


def service(version: str, **over: Any) -> dict[str, Any]:
    """The program above as a service for either engine."""
    body: dict[str, Any] = {
        "image": "canon-sweep/python:1",
        "command": ["python3", "/app.py"],
        "environment": {"VERSION": version, "DATA": "/data", "PORT": "8080"},
        "volumes": ["data:/data"],
        "configs": [{"source": "program", "target": "/app.py"}],
        "healthcheck": {
            "test": ["CMD", "sh", "-c", ASKS],
            "interval": "100ms",
            "retries": 10000,
        },
        "stop_grace_period": "100ms",
        "deploy": {
            "endpoint_mode": "dnsrr",
            "restart_policy": SOON,
            "update_config": {"monitor": "100ms"},
            "rollback_config": {"monitor": "100ms"},
        },
        "x-canon-sweep": {
            "command": ["{python}", "{source}/app.py"],
            "environment": {"PORT": "{ports.8080}", "DATA": "{volumes.data}"},
            "ready": {"port": 8080, "path": "/health"},
        },
    }
    return body | over


def failing() -> dict[str, Any]:
    """A service that ends with exit code 1 whenever it is started."""
    return {
        "image": "canon-sweep/python:1",
        # a shell: what takes long to start looks as if it ran
        "command": ["sh", "-c", "echo no database here; exit 1"],
        "deploy": {"restart_policy": SOON},
        "x-canon-sweep": {"command": ["{python}", "-c", FAILS]},
    }


@dataclass(frozen=True)
class Bench:
    """An engine, and a recipe in a folder that is written anew for each version."""

    engine: Engine
    source: Path
    stack: str
    domain: str

    def app(
        self,
        version: str = "1.0.0+1",
        services: Mapping[str, Any] | None = None,
        env: Mapping[str, str] | None = None,
        **top: Any,
    ) -> App:
        """Write the recipe's files; ``services`` and ``top`` go into its compose file."""
        self.source.mkdir(exist_ok=True)
        (self.source / "app.py").write_text(PROGRAM)
        tree: dict[str, Any] = {
            "version": "3.8",
            "services": {"app": service(version)} if services is None else dict(services),
            "volumes": {"data": None},
            "configs": {"program": {"file": "./app.py", "name": "${STACK_NAME}_program_v1"}},
        }
        (self.source / "compose.yml").write_text(yaml.safe_dump(tree | top))
        return self.read(version, env)

    def read(self, version: str = "1.0.0+1", env: Mapping[str, str] | None = None) -> App:
        """The recipe's files as they are now."""
        return App.read("note", version, Place(self.stack, self.domain), self.source, env or {})

    def up(self, app: App) -> App:
        """Deploy an app and wait until it is ready."""
        self.engine.prepare(app, READY_SECONDS)
        self.engine.deploy(app)
        self.engine.wait_ready(app, READY_SECONDS)
        return app

    def ask(self, path: str, *, put: str | None = None) -> str:
        """What the app answers over HTTP."""
        at = self.engine.address(self.stack, "app", 8080)
        connection = http.client.HTTPConnection(at.host, at.port, timeout=10)
        connection.request("GET" if put is None else "PUT", path, body=put)
        answer = connection.getresponse()
        assert answer.status == 200, answer.status
        return answer.read().decode()

    def says(self, stack: str, text: str) -> None:
        """Wait until a service of the stack has said this."""
        deadline = time.monotonic() + READY_SECONDS
        while text not in self.engine.logs(stack):
            assert time.monotonic() < deadline, self.engine.logs(stack)
            time.sleep(0.05)

    def shell(self, script: str) -> str:
        """What a shell in the app's container prints."""
        done = self.engine.execute(self.stack, "app", ["sh", "-c", script], 30)
        assert done.exit_code == 0, done.output
        return done.output

    def clean(self) -> None:
        """Remove whatever a test has left."""
        for stack in (self.stack, f"{self.stack}2"):
            self.engine.undeploy(stack)
            for volume in self.engine.volumes(stack):
                self.engine.remove_volume(volume.name)
            for secret in self.engine.secrets(stack):
                self.engine.remove_secret(secret)


class Promises:
    """What every engine keeps."""

    def test_a_ready_app_answers_at_its_address(self, bench: Bench) -> None:
        """Ready means ready: the very next request is answered."""
        bench.up(bench.app("1.0.0+1"))

        assert bench.ask("/version") == "1.0.0+1"

    def test_an_update_ends_with_the_new_version(self, bench: Bench) -> None:
        """After wait_ready nothing of the old version answers any more."""
        bench.up(bench.app("1.0.0+1"))

        bench.up(bench.app("2.0.0+1"))

        assert {bench.ask("/version") for _ in range(5)} == {"2.0.0+1"}

    def test_a_service_that_ends_is_the_recipes_fault(self, bench: Bench) -> None:
        """A crashing service is named with its last words, long before the time is over."""
        version = "1.0.0+1"
        app = bench.app(version, {"app": service(version), "worker": failing()})
        began = time.monotonic()

        with pytest.raises(RecipeFault, match="worker") as caught:
            bench.up(app)

        assert "no database here" in str(caught.value)
        assert time.monotonic() - began < READY_SECONDS / 2

    def test_a_service_that_never_gets_healthy_is_named_at_the_timeout(self, bench: Bench) -> None:
        """Running is not ready; the timeout is kept, and its last words are told."""
        version = "1.0.0+1"
        environment = service(version)["environment"] | {"HEALTH": "file"}
        app = bench.app(version, {"app": service(version, environment=environment)})
        bench.engine.prepare(app, READY_SECONDS)
        bench.engine.deploy(app)
        bench.says(app.stack, "version 1.0.0+1 listens")
        began = time.monotonic()

        with pytest.raises(RecipeFault, match="app") as caught:
            bench.engine.wait_ready(app, 2)

        assert "version 1.0.0+1 listens" in str(caught.value)
        assert 2 <= time.monotonic() - began < 5

    def test_undeploy_leaves_volumes_only(self, bench: Bench) -> None:
        """What is left after an undeploy are the data, and nothing else."""
        bench.up(bench.app())

        bench.engine.undeploy(bench.stack)

        assert bench.engine.leftovers(bench.stack) == (f"volume {bench.stack}_data",)
        with pytest.raises(RecipeFault):
            bench.engine.address(bench.stack, "app", 8080)

    def test_undeploy_of_what_is_not_there_is_no_error(self, bench: Bench) -> None:
        """A teardown can be repeated, and can come before any deploy."""
        bench.engine.undeploy(bench.stack)
        bench.up(bench.app())

        bench.engine.undeploy(bench.stack)
        bench.engine.undeploy(bench.stack)

        assert bench.engine.stacks_of_ours() == ()

    def test_volumes_outlive_their_stack(self, bench: Bench) -> None:
        """A stack that is deployed again finds its data."""
        bench.up(bench.app())
        bench.ask("/note", put="kept")
        bench.engine.undeploy(bench.stack)

        bench.up(bench.app())

        assert bench.ask("/note") == "kept"

    def test_data_outlive_an_update(self, bench: Bench) -> None:
        """The new version runs on the old one's volumes."""
        bench.up(bench.app("1.0.0+1"))
        bench.ask("/note", put="kept")

        bench.up(bench.app("2.0.0+1"))

        assert bench.ask("/note") == "kept"

    def test_what_a_service_said_last_can_be_told(self, bench: Bench) -> None:
        """On one line, whatever it printed; nothing where nothing runs."""
        assert bench.engine.last_words(bench.stack, "app") == ""

        bench.up(bench.app())

        assert bench.engine.last_words(bench.stack, "app").endswith("version 1.0.0+1 listens")
        assert bench.engine.last_words(bench.stack, "db") == ""

    def test_its_disk_can_be_seen(self, bench: Bench) -> None:
        """How much there is, and how much of it is free."""
        space = bench.engine.space()

        assert space is not None
        assert 0 < space.free < space.total

    def test_volumes_are_listed_with_their_size(self, bench: Bench) -> None:
        """Sizes are of the data; an engine may count what keeps them too."""
        bench.up(bench.app())
        bench.shell('cd "$DATA" && head -c 5000 /dev/zero > note && mkdir d && ln -s ../note d/l')

        (volume,) = bench.engine.volumes(bench.stack)

        assert volume.name == f"{bench.stack}_data"
        assert volume.bytes is not None
        assert 5000 <= volume.bytes < 50_000

    @pytest.mark.host
    def test_a_clone_is_exact_and_replaces(self, bench: Bench) -> None:
        """A copy has every name, owner, mode and time of the original, and nothing else."""
        source, target = f"{bench.stack}_data", f"{bench.stack}2_data"
        # no size of a folder: that is the disk's to say, of each folder anew
        look = 'cd "$DATA" && find . | sort | xargs stat -c "%N %f %u %g %y" && cat d/f'
        bench.up(bench.app())
        bench.shell(
            'cd "$DATA" && mkdir -m 2750 d && echo hello > d/f && chmod 4640 d/f'
            " && chown 7:8 d/f && ln -s d/f l && chmod 1777 . && chown 9:9 ."
            " && touch -d 2001-02-03 d/f d ."
        )
        before = bench.shell(look)
        bench.engine.undeploy(bench.stack)
        bench.engine.clone_volume(source, target)
        bench.up(bench.app())
        bench.shell('cd "$DATA" && rm -r d && echo more > extra')
        bench.engine.undeploy(bench.stack)

        bench.engine.clone_volume(target, source)

        bench.up(bench.app())
        assert bench.shell(look) == before

    def test_a_digest_changes_with_anything_in_the_volume(self, bench: Bench) -> None:
        """It is how a canonical is seen to be byte for byte what it was."""
        volume = f"{bench.stack}_data"
        bench.up(bench.app())
        bench.shell('cd "$DATA" && mkdir d && echo hello > d/f && ln -s d/f l')
        bench.engine.undeploy(bench.stack)
        before = bench.engine.volume_digest(volume)
        bench.engine.clone_volume(volume, f"{bench.stack}2_data")
        assert bench.engine.volume_digest(volume) == before
        assert bench.engine.volume_digest(f"{bench.stack}2_data") == before

        bench.up(bench.app())
        seen = {before}
        for change in (
            "echo hellO > d/f",
            "chmod 600 d/f",
            "ln -sf d l",
            "mv d e",
            "touch -d 2001-02-03 e",
        ):
            bench.shell(f'cd "$DATA" && {change}')
            seen.add(bench.engine.volume_digest(volume))

        assert len(seen) == 6
        with pytest.raises(HostFault):
            bench.engine.volume_digest(f"{bench.stack}_gone")

    def test_a_clone_belongs_to_the_stack_of_its_name(self, bench: Bench) -> None:
        """A copy kept under another stack's name does not make the first stack warm."""
        bench.up(bench.app())
        bench.engine.undeploy(bench.stack)
        bench.engine.clone_volume(f"{bench.stack}_data", f"{bench.stack}2_data")

        bench.engine.remove_volume(f"{bench.stack}_data")

        assert bench.engine.leftovers(bench.stack) == ()
        assert [volume.name for volume in bench.engine.volumes(f"{bench.stack}2")] == [
            f"{bench.stack}2_data"
        ]

    def test_a_clone_of_nothing_is_a_fault_and_touches_nothing(self, bench: Bench) -> None:
        """A missing original never costs the copy that is there."""
        bench.up(bench.app())
        bench.ask("/note", put="kept")
        bench.engine.undeploy(bench.stack)

        with pytest.raises(HostFault):
            bench.engine.clone_volume(f"{bench.stack}_gone", f"{bench.stack}_data")
        with suppress(HostFault):  # refused, or nothing to do
            bench.engine.clone_volume(f"{bench.stack}_data", f"{bench.stack}_data")

        bench.up(bench.app())
        assert bench.ask("/note") == "kept"

    def test_execute_gives_exit_code_and_output(self, bench: Bench) -> None:
        """A command's failure is an answer, not a fault."""
        bench.up(bench.app())

        done = bench.engine.execute(
            bench.stack, "app", ["sh", "-c", "echo out; echo err >&2; exit 3"], 30
        )

        assert done.exit_code == 3
        assert sorted(done.output.split()) == ["err", "out"]

    @pytest.mark.parametrize("program", ["no-such-program", "/no/such/program"])
    def test_a_missing_program_answers_127(self, bench: Bench, program: str) -> None:
        """As a shell would answer, with or without a path."""
        bench.up(bench.app())

        done = bench.engine.execute(bench.stack, "app", [program], 30)

        assert done.exit_code == 127, done.output

    def test_execute_is_bounded(self, bench: Bench) -> None:
        """A command that hangs ends as the recipe's fault."""
        bench.up(bench.app())
        began = time.monotonic()

        with pytest.raises(RecipeFault, match="app"):
            bench.engine.execute(bench.stack, "app", ["sleep", "60"], 0.5)

        assert time.monotonic() - began < 5

    def test_execute_needs_a_running_service(self, bench: Bench) -> None:
        """There is no command without a service to run it in."""
        with pytest.raises(RecipeFault):
            bench.engine.execute(bench.stack, "app", ["true"], 5)

    def test_ours_are_listed_while_they_exist(self, bench: Bench) -> None:
        """After a crash the next run finds what to clean up."""
        bench.up(bench.app())
        stacks, volumes = bench.engine.stacks_of_ours(), bench.engine.volumes_of_ours()
        bench.engine.undeploy(bench.stack)
        bench.engine.remove_volume(f"{bench.stack}_data")

        assert stacks == (bench.stack,)
        assert volumes == (f"{bench.stack}_data",)
        assert bench.engine.stacks_of_ours() == ()
        assert bench.engine.volumes_of_ours() == ()
        assert bench.engine.leftovers(bench.stack) == ()

    def test_what_is_present_has_the_stack_and_its_data(self, bench: Bench) -> None:
        """An outside harness is measured by it: what came, and what of it stayed."""
        before = bench.engine.present()
        bench.up(bench.app())
        up = bench.engine.present() - before
        bench.engine.undeploy(bench.stack)
        down = bench.engine.present() - before

        assert up == {f"stack {bench.stack}", f"volume {bench.stack}_data"}
        assert down == {f"volume {bench.stack}_data"}

    def test_ours_are_nobody_elses_that_converge(self, bench: Bench) -> None:
        """A sweep never waits for itself."""
        app = bench.app(services={"app": failing()})
        bench.engine.prepare(app, READY_SECONDS)
        bench.engine.deploy(app)

        assert bench.stack not in {each.stack for each in bench.engine.converging()}

    def test_logs_have_what_the_services_said(self, bench: Bench) -> None:
        """The recipe's log can be filled before the teardown."""
        bench.up(bench.app())
        # it can be ready before its words are in the log
        for _ in range(100):
            if bench.engine.logs(bench.stack):
                break
            time.sleep(0.05)

        assert "version 1.0.0+1 listens" in bench.engine.logs(bench.stack)
        bench.engine.undeploy(bench.stack)
        assert bench.engine.logs(bench.stack) == ""

    def test_removing_what_is_not_there_is_no_error(self, bench: Bench) -> None:
        """Cleaning up can be repeated."""
        bench.engine.remove_volume(f"{bench.stack}_gone")
        bench.engine.remove_secret(f"{bench.stack}_gone")

    @pytest.mark.parametrize("name", HOSTILE)
    def test_hostile_names_are_refused(self, bench: Bench, name: str) -> None:
        """No text from a git repository gets anywhere as a name."""
        engine, stack = bench.engine, bench.stack
        app = bench.app()
        bad = replace(app, stack=name)
        calls: list[Any] = [
            lambda: engine.prepare(bad, 5),
            lambda: engine.deploy(bad),
            lambda: engine.wait_ready(bad, 5),
            lambda: engine.undeploy(name),
            lambda: engine.volumes(name),
            lambda: engine.secrets(name),
            lambda: engine.last_words(name, "app"),
            lambda: engine.last_words(stack, name),
            lambda: engine.leftovers(name),
            lambda: engine.logs(name),
            lambda: engine.execute(name, "app", ["true"], 5),
            lambda: engine.execute(stack, name, ["true"], 5),
            lambda: engine.address(name, "app", 80),
            lambda: engine.address(stack, name, 80),
            lambda: engine.clone_volume(name, f"{stack}_data"),
            lambda: engine.clone_volume(f"{stack}_data", name),
            lambda: engine.remove_volume(name),
            lambda: engine.remove_secret(name),
        ]

        for call in calls:
            with pytest.raises(RecipeFault):
                call()

        assert engine.stacks_of_ours() == ()

    @pytest.mark.parametrize(
        "top",
        [
            {"volumes": {"data": {"name": "somebody-elses_data"}}},
            {"volumes": {"data": {"external": True, "name": "somebody-elses_data"}}},
            {"volumes": {"../data": None}},
            {"networks": {"inner": {"external": True, "name": "x; true"}}},
            {"configs": {"program": {"file": "/etc/hostname"}}},
            {"services": {"-x": {"image": "x"}}},
            {"services": {}},
        ],
    )
    def test_unsafe_recipes_are_refused(self, bench: Bench, top: dict[str, Any]) -> None:
        """A recipe cannot reach outside its stack; nothing is made of such a one."""
        with pytest.raises(RecipeFault):
            bench.engine.deploy(bench.app(**top))

        assert bench.engine.leftovers(bench.stack) == ()

    def test_broken_files_are_the_recipes_fault(self, bench: Bench) -> None:
        """A compose file that cannot be read is named, before any engine sees it."""
        app = bench.app()
        (app.source.tree / "compose.yml").write_text("services: {app: [")

        with pytest.raises(RecipeFault, match=r"compose\.yml"):
            bench.read()

    def test_what_was_read_is_what_gets_ready(self, bench: Bench) -> None:
        """Files that change after they were read change nothing: a deploy sees one version."""
        app = bench.app("1.0.0+1")
        bench.engine.prepare(app, READY_SECONDS)
        bench.engine.deploy(app)
        for name in ("compose.yml", "app.py"):
            (app.source.tree / name).write_text("services: {app: [")

        bench.engine.wait_ready(app, READY_SECONDS)

        assert bench.ask("/version") == "1.0.0+1"
        bench.engine.undeploy(bench.stack)

    def test_what_is_not_deployed_does_not_get_ready(self, bench: Bench) -> None:
        """Waiting for nothing is a fault, not a success."""
        with pytest.raises(Fault):
            bench.engine.wait_ready(bench.app(), 1)
