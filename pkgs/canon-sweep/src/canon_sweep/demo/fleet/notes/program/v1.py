"""Notes: short texts in a SQLite database, over HTTP."""

import hashlib
import hmac
import os
import signal
import sqlite3
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SCHEMA = 1
DATABASE = Path(os.environ["DATA"]) / "notes.db"
PASSWORD = Path(os.environ["ADMIN_PASSWORD_FILE"]).read_text().strip()


def connect() -> sqlite3.Connection:
    return sqlite3.connect(DATABASE, timeout=10)


def open_database() -> None:
    with connect() as database:
        # whole or not at all, should the host fall in between
        database.execute("BEGIN IMMEDIATE")
        (schema,) = database.execute("PRAGMA user_version").fetchone()
        if schema > SCHEMA:
            sys.exit(f"the database is of schema {schema}, this program knows {SCHEMA}")
        if schema == 0:
            database.execute("CREATE TABLE owner (salt BLOB NOT NULL, digest BLOB NOT NULL)")
            database.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")
            salt = os.urandom(16)
            database.execute("INSERT INTO owner VALUES (?, ?)", (salt, digest(salt)))
            database.execute(f"PRAGMA user_version = {SCHEMA}")
        salt, stored = database.execute("SELECT salt, digest FROM owner").fetchone()
    if not hmac.compare_digest(stored, digest(salt)):
        sys.exit("the database was made with another admin password")


def digest(salt: bytes) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), salt, 10_000)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/health":
            self.answer(200, "ok")
        elif self.path == "/notes":
            with connect() as database:
                rows = database.execute("SELECT text FROM notes ORDER BY id").fetchall()
            self.answer(200, "\n".join(text for (text,) in rows))
        else:
            self.answer(404, "no such page")

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if self.path != "/notes" or not text.strip():
            self.answer(400, "a note has a text and goes to /notes")
            return
        with connect() as database:
            database.execute("INSERT INTO notes (text) VALUES (?)", (" ".join(text.split()),))
        self.answer(201, "noted")

    def do_DELETE(self) -> None:
        given = self.headers.get("X-Password") or ""
        if not hmac.compare_digest(given.encode(), PASSWORD.encode()):
            self.answer(403, "the admin password is needed")
            return
        with connect() as database:
            database.execute("DELETE FROM notes")
        self.answer(200, "removed")

    def answer(self, status: int, text: str) -> None:
        body = f"{text}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Say nothing of what went well: health is asked every second."""


def main() -> None:
    # the first process of a container gets no default handler
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    open_database()
    address = os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"])
    with ThreadingHTTPServer(address, Handler) as server:
        print(f"notes {os.environ.get('VERSION', '')} listens on port {address[1]}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
