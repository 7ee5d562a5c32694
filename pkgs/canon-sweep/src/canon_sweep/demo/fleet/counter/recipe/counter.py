"""Counter: counts by name in a JSON file, over HTTP."""

import json
import os
import re
import threading
from collections.abc import Callable
from pathlib import Path

import web

STATE = Path(os.environ["DATA"]) / "state.json"
KEY = "@KEY@"
COUNTER = re.compile(r"/counters/([A-Za-z0-9_-]{1,64})")
WRITING = threading.Lock()


def counters() -> dict[str, int]:
    state: dict[str, dict[str, int]] = json.loads(STATE.read_text())
    return state[KEY]


def save(counted: dict[str, int]) -> None:
    draft = STATE.with_suffix(".new")
    with draft.open("w") as file:
        json.dump({KEY: counted}, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(STATE)


def count_up(name: str) -> int:
    with WRITING:
        counted = counters()
        counted[name] = counted.get(name, 0) + 1
        save(counted)
    return counted[name]


class Handler(web.Handler):
    def get(self) -> None:
        if self.path == "/counters":
            self.answer_with(lambda: json.dumps(counters(), sort_keys=True))
        else:
            super().get()

    def post(self) -> None:
        match = COUNTER.fullmatch(self.path)
        if match is None:
            self.answer(400, "a counter is /counters/<name>")
            return
        name = match[1]
        self.answer_with(lambda: str(count_up(name)))

    def answer_with(self, text: Callable[[], str]) -> None:
        try:
            self.answer(200, text())
        except (OSError, ValueError, KeyError) as error:
            print(f"{self.path}: {error!r}", flush=True)
            self.answer(500, "the counts cannot be read")


def main() -> None:
    if not STATE.exists():
        save({})
    web.serve("counter", Handler)


if __name__ == "__main__":
    main()
