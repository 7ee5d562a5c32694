"""A server of builds, asked by HTTP: only an answer of the right shape counts."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from canon_sweep.web import Request, StatusFault, json_of, send

SECONDS = 20.0
"""How long one answer may take."""

T = TypeVar("T")


class Server(msgspec.Struct, frozen=True):
    """Where it is, and the file with the token that it is asked with.

    A wrong path is answered with a page of its own and 200, and a redirect may lead to a
    login: neither is an answer.
    """

    name: str
    url: str
    token_file: Path

    def ask(self, path: str, shape: type[T]) -> T:
        """What it says at a path, as a value of the type ``shape``.

        Raises:
            WebFault: it does not say that, in whatever way.
        """
        url = f"{self.url.rstrip('/')}{path}"
        answer = send(Request("GET", url, token_file=self.token_file), SECONDS)
        if answer.status in range(201, 300):
            # a part of an answer, say, or somebody's between us and the server
            raise StatusFault(f"{answer.url} answers {answer.status}, and only 200 is an answer")
        return json_of(answer, shape)
