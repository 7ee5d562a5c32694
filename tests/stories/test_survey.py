"""All remotes are looked at first, then each recipe has its turn: what that costs, and whom."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pygit2
import pytest

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code
from canon_sweep.job.run import run_sweep
from canon_sweep.job.wiring import Surroundings
from canon_sweep.mirror.pool import Pool
from canon_sweep.report.records import Entry
from cli.test_commands import PROGRAM, config
from http_host import HttpHost
from mirror.servers import HOST, Hostile, Talk, advertisement, free_port, line
from mirror.test_pool import processes_below
from stories.engines import doing
from stories.fleet import NEVER_STARTS, Fleet, Night, Quiet

A_COMMIT = "c0ffee" + "0" * 34
DEADLINE = 4.0


def says(answer: bytes) -> Talk:
    """A server that says this and hangs up."""
    return lambda connection: connection.sendall(answer)


def stalls(server: Hostile, before: bytes = b"", drop: bytes = b"") -> Talk:
    """A server that says this, and then nothing, or one thing again and again, without end."""

    def talk(connection: socket.socket) -> None:
        with suppress(OSError):
            connection.sendall(before)
            while not server.closing.wait(0.05):
                connection.sendall(drop)

    return talk


GIT: dict[str, Callable[[Hostile], Talk]] = {
    "closes": lambda _: says(b""),
    "says nothing is there": lambda _: says(b"0000"),
    "half a line": lambda _: says(b"003f" + b"0" * 20),
    "no end": lambda _: says(advertisement(("refs/heads/main", A_COMMIT))[:-4]),
    "garbage": lambda _: says(b"zzzz"),
    "an error": lambda _: says(line("ERR no such repository\x1b[31m")),
    "an id that is none": lambda _: says(line(f"{'z' * 40} refs/heads/main\n") + b"0000"),
    "no main": lambda _: says(advertisement(("refs/tags/1.0.0+1", A_COMMIT))),
    "an odd branch": lambda _: says(advertisement(("refs/heads/../x", A_COMMIT))),
    "nothing behind it": lambda _: says(advertisement(("refs/heads/main", A_COMMIT))),
    "silent": stalls,
    "dripping": lambda server: stalls(server, b"ffff", b"x"),
    "stops in the middle": lambda server: stalls(
        server, advertisement(("refs/heads/main", A_COMMIT))[:-4]
    ),
    "without end": lambda server: stalls(
        server, drop=line(f"{A_COMMIT} refs/heads/{'x' * 200}\n") * 200
    ),
}


class _Web(BaseHTTPRequestHandler):
    """Answers in the way that the first part of the path names."""

    server: Web
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        kind = self.path.split("/")[1]
        if kind in ("silent", "dripping"):
            self.wfile.write(b"HTTP/1.1 200 OK\r\n" * (kind == "dripping"))
            with suppress(OSError):
                while not self.server.closing.wait(0.05):
                    self.wfile.write(b"X" * (kind == "dripping"))
            return
        status = int(kind) if kind.isdigit() else {"page": 200, "circle": 302}[kind]
        self.send_response(status)
        if kind == "circle":
            self.send_header("Location", self.path)
        if status == 401:
            self.send_header("WWW-Authenticate", "Basic realm=x")
        self.send_header("Retry-After", "3600")
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", "13")
        self.end_headers()
        self.wfile.write(b"<html></html>")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nobody reads it."""


class Web(HttpHost):
    """A server of pages, which is no git server."""

    closing: threading.Event


WEB = ("401", "403", "404", "410", "429", "500", "503", "page", "circle", "silent", "dripping")


@contextmanager
def web() -> Iterator[str]:
    """Its address."""
    server = Web((HOST, 0), _Web)
    server.closing = threading.Event()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://{HOST}:{server.server_address[1]}"
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()


def test_faulty_servers_beside_good_ones_cost_one_deadline_together(fleet: Fleet) -> None:
    """Each is one line; nobody else waits for it, and nothing of anybody is changed."""
    fleet.options["syncTimeout"] = f"{DEADLINE:g}s"
    for good in ("aaa", "zzz"):
        fleet.publishes(good, "1.0.0+1")
    fleet.sweeps()
    before = fleet.bytes_of("aaa", "zzz")
    with ExitStack() as stack:
        urls = {}
        for kind, made in GIT.items():
            server = stack.enter_context(Hostile.started())
            server.talk = made(server)
            urls[f"git {kind}"] = server.url
        page = stack.enter_context(web())
        # each of these is a server of its own, to whoever asks
        urls |= {f"web {kind}": f"{stack.enter_context(web())}/{kind}/x.git" for kind in WEB}
        urls["a closed port"] = f"git://{HOST}:{free_port()}/x.git"
        urls["no folder"] = str(fleet.folder / "nowhere")
        urls["the same server"] = f"{page}/silent/y.git"
        names = {}
        for number, (kind, url) in enumerate(urls.items()):
            names[f"bad{number:02}"] = kind
            fleet.add(f"bad{number:02}", upstream=url)
        began = time.monotonic()

        night = fleet.sweeps()

        took = time.monotonic() - began
    stalled = sum("silent" in kind or "dripping" in kind for kind in urls) + 3
    assert took < 3 * DEADLINE < stalled * DEADLINE
    assert len(names) >= 24
    for name, kind in names.items():
        assert night[name].code is Code.SYNC_ERROR, kind
        assert night[name].why.isprintable(), kind
    assert {night[good].code for good in ("aaa", "zzz")} == {Code.NO_NEW_VERSION}
    assert fleet.bytes_of("aaa", "zzz") == before
    for name in names:
        assert list(pygit2.Repository(str(fleet.mirror(name))).references) == []


@pytest.fixture
def settled(fleet: Fleet) -> Fleet:
    """Two recipes whose latest release is the canonical."""
    for name in ("notes", "site"):
        fleet.publishes(name, "1.0.0+1")
    fleet.has_swept()
    # where the first sweep was another fleet's, the remotes were others
    fleet.sweeps()
    return fleet


def files_of(folder: Path) -> dict[str, int]:
    """Every file and folder, with the time of its last change."""
    return {str(path): path.lstat().st_mtime_ns for path in sorted(folder.rglob("*"))}


@pytest.mark.parametrize("what", ["sweeps", "plans"])
def test_a_sweep_that_does_nothing_touches_no_clone(settled: Fleet, what: str) -> None:
    """Nor any mirror; and it has the same lines as one that looked at everything."""
    cache, mirrors = settled.folder / "cache", settled.folder / "mirrors"
    before = files_of(cache) | files_of(mirrors)

    night = getattr(settled, what)()

    assert files_of(cache) | files_of(mirrors) == before
    for file in cache.rglob("canon-sweep-*"):
        file.unlink()
    again = getattr(settled, what)()
    assert [_untimed(entry) for entry in night.results.entries] == [
        _untimed(entry) for entry in again.results.entries
    ]
    assert files_of(cache) != before


def _untimed(entry: Entry) -> dict[str, object]:
    return {name: getattr(entry, name) for name in entry.__struct_fields__ if name != "seconds"}


@dataclass
class Doing(Quiet):
    """Does something when a recipe's turn comes, or when it has its line."""

    do: dict[str, Callable[[], object]] = field(default_factory=dict)
    then: dict[str, Callable[[], object]] = field(default_factory=dict)

    def begins(self, recipe: str) -> None:
        """As `world.Progress`."""
        self.do.pop(recipe, lambda: None)()

    def ended(self, entry: Entry) -> None:
        """As `world.Progress`."""
        self.then.pop(entry.recipe, lambda: None)()


def sweeps_doing(
    fleet: Fleet, then: dict[str, Callable[[], object]] | None = None, **do: Callable[[], object]
) -> Night:
    """A sweep in whose course something is done."""
    means = fleet.means()
    around = Surroundings(Doing(do, then or {}), means.say, means.clock, means.engine)
    return Night(run_sweep(fleet.settings(), (), around))


def outlasts(turn: threading.Event, did: Callable[[], object], quiet: list[bool]) -> Talk:
    """A server that hangs up half a second after a turn began.

    ``quiet`` has then whether nothing was done in that time.
    """

    def talk(_: socket.socket) -> None:
        begun = turn.wait(50)
        until = time.monotonic() + 0.5
        while not (done := did()) and time.monotonic() < until:
            pass
        quiet.append(begun and not done)

    return talk


def test_a_turn_with_nothing_to_do_waits_for_its_own_remotes_only(settled: Fleet) -> None:
    """The line of a recipe is there while another's upstream has not answered yet."""
    settled.options["syncTimeout"] = "60s"
    told = threading.Event()
    waited: list[bool] = []
    with Hostile.started() as server:
        server.talk = lambda _: waited.append(told.wait(50))
        settled.add("zoo", upstream=server.url)

        night = sweeps_doing(settled, then={"site": told.set})

    assert waited[0]
    assert night["site"].code is Code.NO_NEW_VERSION
    assert night["zoo"].code is Code.SYNC_ERROR
    assert "not done within" not in night["zoo"].why


def test_a_remote_that_hangs_does_not_use_up_the_time_of_a_run(settled: Fleet) -> None:
    """Who is seen to have nothing to do has his line, however little time there is.

    And of the one that hangs nobody says that its own time was over.
    """
    settled.options |= {"syncTimeout": "60s", "maxRuntime": "4s"}
    with Hostile.started() as server:
        server.talk = stalls(server)
        settled.add("aaa", upstream=server.url)

        night = settled.sweeps()

    assert night["aaa"].code is Code.OUT_OF_TIME
    assert night["aaa"].sentence.startswith("broken off: git://")
    assert night["aaa"].sentence.endswith(": maxRuntime left no more")
    assert {night[name].code for name in ("notes", "site")} == {Code.NO_NEW_VERSION}


def test_nothing_is_done_before_all_remotes_were_looked_at(settled: Fleet) -> None:
    """What is seen of them all is of one moment: no mirror is pushed to while one is asked."""
    settled.options["syncTimeout"] = "60s"
    settled.publishes("notes", "1.1.0+1")
    begun = threading.Event()
    mirror = pygit2.Repository(str(settled.mirror("notes")))
    was = mirror.references["refs/heads/main"].target
    seen: list[bool] = []
    with Hostile.started() as server:
        server.talk = outlasts(
            begun, lambda: mirror.references["refs/heads/main"].target != was, seen
        )
        settled.add("zoo", upstream=server.url)

        night = sweeps_doing(settled, notes=begun.set)

    assert seen
    assert seen[0]
    assert night["notes"].outcome is Outcome.PROMOTED
    assert night["zoo"].code is Code.SYNC_ERROR


def test_whoever_ends_those_that_ask_ends_no_sweep(
    settled: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who was not heard by then is read in his turn, and that is said once."""
    said: list[str] = []
    pools: list[Pool] = []
    made = Pool.made

    def kept(*some: Any, **more: Any) -> Pool:
        pools.append(made(*some, **more))
        return pools[-1]

    def talk(_: socket.socket) -> None:
        overseer = pools[-1]._overseer
        if overseer is not None:
            os.kill(overseer.pid, signal.SIGKILL)

    monkeypatch.setattr(Pool, "made", kept)
    means = settled.means()
    around = Surroundings(Quiet(), said.append, means.clock, means.engine)
    with Hostile.started() as server:
        server.talk = talk
        settled.add("aaa", upstream=server.url)

        night = Night(run_sweep(settled.settings(), (), around))

    assert sum(text.startswith("remotes are read one after another: the pro") for text in said) == 1
    assert night["aaa"].code is Code.SYNC_ERROR
    assert {night[name].code for name in ("notes", "site")} == {Code.NO_NEW_VERSION}


def test_what_is_tested_is_read_at_its_turn(settled: Fleet) -> None:
    """A release that came after the survey is what is tested, not the one before it."""
    settled.publishes("site", "1.1.0+1")

    night = sweeps_doing(settled, site=lambda: settled.publishes("site", "1.2.0+1"))

    assert night["site"].outcome is Outcome.PROMOTED
    assert night["site"].tag == "1.2.0+1"


def test_what_is_tested_though_nothing_changed_is_read_at_its_turn(settled: Fleet) -> None:
    """A known red, say, that is tried again: what was seen of it is no longer enough."""
    settled.publishes("site", "1.1.0+1", NEVER_STARTS)
    settled.sweeps()
    settled.sweeps()
    settled.options["retryRedAfter"] = "1s"
    settled.now = settled.now.replace(day=settled.now.day + 7)

    night = sweeps_doing(settled, site=lambda: settled.publishes("site", "1.2.0+1"))

    assert night["site"].outcome is Outcome.PROMOTED
    assert night["site"].tag == "1.2.0+1"


def test_who_is_about_to_act_is_on_the_list_first(settled: Fleet) -> None:
    """Those for whom nothing was done are struck off with him, or a moment later."""
    settled.publishes("zoo", "1.0.0+1")
    seen: list[dict[str, bool]] = []

    def look() -> None:
        waiting = settled.state().waiting.read()
        seen.append({name: entry.begun for name, entry in waiting.items()})

    settled.wrap = doing("deploy", look)

    settled.sweeps()

    assert seen == [{"zoo": True}]
    assert settled.state().waiting.read() == {}


def test_what_is_noted_of_files_follows_the_settings(settled: Fleet) -> None:
    """It is looked at once, and again when it may be something else."""

    def codes() -> set[str]:
        return {note.code for note in settled.plans()["notes"].notes}

    assert codes() == codes() == set()
    asks = settled.recipes["notes"].pop("data")

    assert codes() == codes() == {"no-probe"}
    settled.recipes["notes"]["data"] = asks
    assert codes() == set()


def test_a_clone_that_broke_meanwhile_says_less_for_one_sweep_only(settled: Fleet) -> None:
    """Though no remote has anything new, the next one makes it anew."""
    head = settled.folder / "cache" / "recipes" / "notes.git" / "HEAD"
    head.unlink()
    settled.recipes["notes"].pop("data")

    settled.sweeps()
    night = settled.sweeps()

    assert head.exists()
    assert [note.code for note in night["notes"].notes] == ["no-probe"]


def test_a_volume_that_is_gone_is_missed(settled: Fleet) -> None:
    """Also where something else is in its place, and where nothing else has changed."""
    volume = settled.volume("notes")
    volume.rename(volume.with_name("away"))
    volume.write_text("no folder")

    night = settled.sweeps()

    assert [note.code for note in night["notes"].notes if note.code == "canonical-lost"]
    assert not [note.code for note in night["site"].notes if note.code == "canonical-lost"]
    assert night.results.exit_code == 1


def test_who_takes_no_part_is_not_asked(settled: Fleet) -> None:
    """His remotes may be away for good."""
    settled.add("site", enroll=False, exception="moves")
    settled.upstream("site").rename(settled.folder / "away")

    night = settled.sweeps()

    assert night["site"].code is Code.EXCEPTED
    assert night.results.exit_code == 0


def surveying(fleet: Fleet, server: Hostile) -> subprocess.Popen[bytes]:
    """A sweep that has just asked a server which does not answer."""
    asked = threading.Event()

    def talk(connection: socket.socket) -> None:
        asked.set()
        server.closing.wait(60)

    server.talk = talk
    fleet.add("halfway", upstream=server.url)
    command = [*PROGRAM, "run", "--config", str(config(fleet))]
    run = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert asked.wait(30)
    return run


def await_ends(ends: list[int]) -> None:
    """The processes of these pidfds end."""
    for end in ends:
        poller = select.poll()
        poller.register(end, select.POLLIN)
        assert poller.poll(5000)
        os.close(end)


def test_a_kill_while_remotes_are_asked_leaves_nothing(settled: Fleet) -> None:
    """No process, no folder; and the next sweep has all to do that this one had."""
    before = files_of(settled.folder / "cache")
    with Hostile.started() as server:
        run = surveying(settled, server)
        below = processes_below(run.pid)
        ends = [os.pidfd_open(pid) for pid in below]

        run.kill()
        _, said = run.communicate()

        assert len(below) >= 2
        await_ends(ends)
    assert said == b""
    assert files_of(settled.folder / "cache").keys() == before.keys()
    assert settled.state().waiting.due().keys() == {"halfway", "notes", "site"}


def test_a_sweep_that_is_stopped_while_remotes_are_asked_ends_at_once(settled: Fleet) -> None:
    """Each recipe has its line, and is due; nobody is asked any more."""
    with Hostile.started() as server:
        run = surveying(settled, server)
        ends = [os.pidfd_open(pid) for pid in processes_below(run.pid)]
        began = time.monotonic()

        run.send_signal(signal.SIGTERM)
        _, said = run.communicate(timeout=30)

        assert time.monotonic() - began < 15
        await_ends(ends)
    assert run.returncode == 1
    assert said.count(b": stopped by SIGTERM") == said.count(b"deferred/out-of-time") == 3
    assert settled.state().waiting.due().keys() == {"halfway", "notes", "site"}
