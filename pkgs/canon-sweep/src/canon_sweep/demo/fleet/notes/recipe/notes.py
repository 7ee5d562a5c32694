"""Notes: short texts in a SQLite database, over HTTP."""

import hashlib
import hmac
import os
import sqlite3
import sys
from pathlib import Path

import web

# a line makes the next schema; none is changed once it was released
STEPS = """
@STEPS@
""".strip().splitlines()
LIST = "@LIST@"
ADD = "@ADD@"
DATABASE = Path(os.environ["DATA"]) / "notes.db"
PASSWORD = Path(os.environ["ADMIN_PASSWORD_FILE"]).read_text().strip()


def connect() -> sqlite3.Connection:
    return sqlite3.connect(DATABASE, timeout=10)


def open_database() -> None:
    with connect() as database:
        # whole or not at all, should the host fall in between
        database.execute("BEGIN IMMEDIATE")
        (schema,) = database.execute("PRAGMA user_version").fetchone()
        if schema > len(STEPS):
            sys.exit(f"the database is of schema {schema}, this program knows {len(STEPS)}")
        if schema == 0:
            database.execute("CREATE TABLE owner (salt BLOB NOT NULL, digest BLOB NOT NULL)")
            salt = os.urandom(16)
            database.execute("INSERT INTO owner VALUES (?, ?)", (salt, digest(salt)))
        for step in STEPS[schema:]:
            database.execute(step)
        database.execute(f"PRAGMA user_version = {len(STEPS)}")
        salt, stored = database.execute("SELECT salt, digest FROM owner").fetchone()
    if not hmac.compare_digest(stored, digest(salt)):
        sys.exit("the database was made with another admin password")


def digest(salt: bytes) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), salt, 10_000)


class Handler(web.Handler):
    def get(self) -> None:
        if self.path == "/notes":
            with connect() as database:
                rows = database.execute(LIST).fetchall()
            self.answer(200, "\n".join(" ".join(row).rstrip() for row in rows))
        else:
            super().get()

    def post(self) -> None:
        text = self.body().decode()
        if self.path != "/notes" or not text.strip():
            self.answer(400, "a note has a text and goes to /notes")
            return
        with connect() as database:
            database.execute(ADD, (" ".join(text.split()),))
        self.answer(201, "noted")

    def delete(self) -> None:
        given = self.headers.get("X-Password") or ""
        if not hmac.compare_digest(given.encode(), PASSWORD.encode()):
            self.answer(403, "the admin password is needed")
            return
        with connect() as database:
            database.execute("DELETE FROM notes")
        self.answer(200, "removed")


def main() -> None:
    open_database()
    web.serve("notes", Handler)


if __name__ == "__main__":
    main()
