"""Servers on the loopback: git daemon, smart HTTP, sshd, and one that says what a test wants."""

from __future__ import annotations

import base64
import getpass
import hashlib
import os
import shutil
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import unquote, urlsplit

from canon_sweep.settings.credential import Credential
from canon_sweep.settings.values import SecretFile
from http_host import HttpHost
from mirror.world import GIT_ENV, NO_TIDYING, Repo

HOST = "127.0.0.1"
TOKEN = "s3cret-t0ken"


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], ready: str) -> Iterator[subprocess.Popen[str]]:
    """A server process, from the line with which it says that it is ready."""
    process = subprocess.Popen(
        command,
        env=GIT_ENV,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stderr
        said = []
        for line in process.stderr:
            said.append(line)
            if ready in line:
                break
        else:
            raise AssertionError("".join(said))
        # Somebody has to read on, or the server stops at a full pipe.  Nobody waits for
        # the end of it: a session that is still open keeps it open.
        threading.Thread(target=process.stderr.read, daemon=True).start()
        yield process
    finally:
        process.terminate()
        process.wait()


@cache
def own(program: str) -> str:
    """A program that git starts for its users, without git before it."""
    folder = subprocess.check_output(["git", "--exec-path"], text=True).strip()
    return f"{folder}/{program}"


@dataclass(frozen=True)
class Daemon:
    ground: Path
    port: int
    credentials: dict[str, Credential] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def started(cls, ground: Path) -> Iterator[Daemon]:
        port = free_port()
        command = [own("git-daemon"), "--verbose", "--reuseaddr", "--export-all"]
        command += [f"--listen={HOST}", f"--port={port}", f"--base-path={ground}"]
        with running([*command, "--enable=receive-pack"], "Ready to rumble"):
            yield cls(ground, port)

    def url(self, repo: Path) -> str:
        return f"git://{HOST}:{self.port}/{repo.relative_to(self.ground)}"


class _Backend(BaseHTTPRequestHandler):
    """One request, handed to ``git http-backend`` as a CGI program."""

    server: _Http
    protocol_version = "HTTP/1.1"
    # head and body are two writes: the second is not to wait until the first was answered
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self._body())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Tests read ``asked``, not the console."""

    def _answer(self, body: bytes) -> None:
        self.server.asked.append(f"{self.command} {self.path.rpartition('/')[2]}")
        if self.server.turns and not self.server.turns.acquire(blocking=False):
            self.server.crowded += 1
            self._reply(429, [], b"busy")
            return
        try:
            self._answer_one(body)
        finally:
            if self.server.turns:
                self.server.turns.release()

    def _answer_one(self, body: bytes) -> None:
        known = self.headers.get("Authorization") == self.server.wanted
        busy = next(iter(self.server.busy), None)
        if busy and busy.on in self.path and (known or not busy.late):
            self.server.busy.pop(0)
            if busy.late:
                self._backend(body)
            self._reply(busy.status, list(busy.headers.items()), b"busy")
        elif self.server.redirect_to:
            self._reply(302, [("Location", self.server.redirect_to + self.path)], b"")
        elif not known:
            self.server.refused.append(self.headers.get("Authorization"))
            self._reply(401, [("WWW-Authenticate", 'Basic realm="git"')], b"")
        else:
            self._reply(*self._backend(body))

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _backend(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        parts = urlsplit(self.path)
        env = GIT_ENV | {
            "GIT_PROJECT_ROOT": str(self.server.ground),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": unquote(parts.path),
            "QUERY_STRING": parts.query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_USER": "git",
        }
        done = subprocess.run(
            [own("git-http-backend")], env=env, input=body, capture_output=True, check=False
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = [line.split(": ", 1) for line in head.decode().split("\r\n") if line]
        status = next((int(v.split()[0]) for k, v in headers if k == "Status"), 200)
        return status, [(k, v) for k, v in headers if k != "Status"], content

    def _reply(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@dataclass(frozen=True)
class Busy:
    """One answer of a busy server, to the next request with ``on`` in its path.

    It says so to whoever is logged in only, if ``late``, and does what was asked.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    on: str = "/"
    late: bool = False


class _Http(HttpHost):
    ground: Path
    wanted: str | None
    redirect_to: str
    asked: list[str]
    refused: list[str | None]
    busy: list[Busy]
    # one request at a time, if there is a lock
    turns: threading.Lock | None
    crowded: int


@dataclass(frozen=True)
class HttpServer:
    ground: Path
    port: int
    credentials: dict[str, Credential]
    token_file: Path
    server: _Http

    @classmethod
    @contextmanager
    def started(cls, ground: Path, own: Path, redirect_to: str = "") -> Iterator[HttpServer]:
        token_file = own / "token"
        token_file.write_text(TOKEN + "\n")
        server = _Http((HOST, 0), _Backend)
        server.ground, server.redirect_to, server.asked, server.refused = (
            ground,
            redirect_to,
            [],
            [],
        )
        server.busy, server.turns, server.crowded = [], None, 0
        server.wanted = "Basic " + base64.b64encode(f"sweeper:{TOKEN}".encode()).decode()
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        login = Credential(username="sweeper", token_file=SecretFile(token_file))
        port = int(server.server_address[1])
        try:
            yield cls(ground, port, {HOST: login}, token_file, server)
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def url(self, repo: Path) -> str:
        return f"http://{HOST}:{self.port}/{repo.relative_to(self.ground)}"

    @property
    def asked(self) -> list[str]:
        """Method and last part of the path of every request, in order."""
        return self.server.asked


def sshd_problem() -> str | None:
    """Why the tests over ssh cannot run here; None where they must."""
    if os.environ.get("CANON_SWEEP_REQUIRE_ALL") == "1" or _sshd():
        return None
    return "sshd is not installed"


def _sshd() -> str | None:
    return shutil.which("sshd", path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")


@dataclass(frozen=True)
class Sshd:
    port: int
    folder: Path
    credentials: dict[str, Credential]

    @classmethod
    @contextmanager
    def started(cls, ground: Path, folder: Path) -> Iterator[Sshd]:
        program = _sshd()
        assert program, "sshd is not installed, and CANON_SWEEP_REQUIRE_ALL=1 wants it"
        for name in ("host", "user", "stranger"):
            keygen = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
            subprocess.run(keygen, check=True)
        (folder / "config").write_text(
            f"HostKey {folder}/host\nAuthorizedKeysFile {folder}/user.pub\nPidFile none\n"
            "StrictModes no\nUsePAM no\nPasswordAuthentication no\n"
            "PermitRootLogin prohibit-password\n"
            # the shell of a login reads what it finds at home, whatever that does; and nothing
            # here is old enough to be tidied up after each push
            f"SetEnv HOME={folder} {' '.join(f'{k}={v}' for k, v in NO_TIDYING.items())}\n"
        )
        if os.geteuid() == 0:
            # The folder that sshd locks its unprivileged half into; a boot would have made it.
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        port = free_port()
        listen = ["-o", f"ListenAddress={HOST}:{port}"]
        # where it may (-r; newer ones must not), it does not begin anew for each connection
        command = [program, "-r", "-D", "-e", "-f", f"{folder}/config", *listen]
        with running(command, "listening on"):
            server = cls(port, folder, {})
            server.credentials[HOST] = server.login()
            yield server

    def login(self, key: str = "user", host_key: str = "host") -> Credential:
        """A login by this key, which trusts this host key."""
        known = self.folder / f"known_hosts_{host_key}"
        known.write_text(f"[{HOST}]:{self.port} {(self.folder / f'{host_key}.pub').read_text()}")
        return Credential(ssh_key_file=SecretFile(self.folder / key), known_hosts_file=known)

    def url(self, repo: Path) -> str:
        return f"ssh://{getpass.getuser()}@{HOST}:{self.port}{repo}"


def line(text: str | bytes) -> bytes:
    """One line of the git protocol, with its length in front."""
    data = text.encode() if isinstance(text, str) else text
    return f"{len(data) + 4:04x}".encode() + data


def advertisement(*refs: tuple[str, str]) -> bytes:
    """A first answer of ``git upload-pack`` with these names and object ids."""
    said = b""
    for name, object_id in refs:
        capabilities = "" if said else "\0ofs-delta agent=hostile"
        said += line(f"{object_id} {name}{capabilities}\n")
    return said + b"0000"


def relay(
    repo: Repo, sent: Callable[[bytes], bytes], also: bytes = b""
) -> Callable[[socket.socket], None]:
    """Upstream's true advertisement, then what ``sent`` makes of its true answer to a fetch.

    The lines ``also`` come at the end of the advertisement.
    """

    def talk(connection: socket.socket) -> None:
        program = subprocess.Popen(
            ["git", "upload-pack", str(repo.path)],
            env=GIT_ENV,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert program.stdin
        assert program.stdout
        with program:
            # The last line of an advertisement is a flush; the program then waits for us.
            while (head := program.stdout.read(4)) != b"0000":
                connection.sendall(head + program.stdout.read(int(head, 16) - 4))
            connection.sendall(also + b"0000")
            asked = b""
            while not asked.endswith(b"done\n"):
                if not (more := connection.recv(65536)):
                    program.kill()
                    return
                asked += more
            program.stdin.write(asked)
            program.stdin.close()
            connection.sendall(sent(program.stdout.read()))

    return talk


def pack(repo: Repo, *objects: str) -> bytes:
    """An answer to a fetch with a pack of just these objects."""
    if objects:
        made = subprocess.run(
            ["git", "pack-objects", "--stdout", "-q"],
            cwd=repo.path,
            env=GIT_ENV,
            input="\n".join(objects).encode() + b"\n",
            capture_output=True,
            check=True,
        ).stdout
    else:
        made = b"PACK" + struct.pack(">II", 2, 0)
        made += hashlib.sha1(made).digest()
    return line("NAK\n") + line(b"\x01" + made) + b"0000"


Talk = Callable[[socket.socket], None]


@dataclass
class Hostile:
    """Answers every connection with ``talk``, then closes it."""

    listener: socket.socket
    talk: Talk
    closing: threading.Event = field(default_factory=threading.Event)

    @classmethod
    @contextmanager
    def started(cls) -> Iterator[Hostile]:
        listener = socket.create_server((HOST, 0))
        server = cls(listener, lambda connection: None)
        thread = threading.Thread(target=server._serve)
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            # A listener that is shut down ends the accept that waits on it.
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            listener.close()

    @property
    def url(self) -> str:
        return f"git://{HOST}:{self.listener.getsockname()[1]}/recipe.git"

    def _serve(self) -> None:
        while not self.closing.is_set():
            with suppress(OSError):
                connection, _ = self.listener.accept()
                with connection:
                    connection.recv(1000)
                    self.talk(connection)
