"""Site: pages on a volume, shown and written over HTTP."""

import os
import re
from pathlib import Path

import web

PAGES = Path(os.environ["DATA"])
PAGE = re.compile(r"/([a-z0-9][a-z0-9-]{0,63}\.html)")


class Handler(web.Handler):
    content_type = "text/html; charset=utf-8"

    def get(self) -> None:
        page = self.page()
        if page is not None and page.exists():
            self.send(200, page.read_bytes())
        else:
            super().get()

    def put(self) -> None:
        body = self.body()
        page = self.page()
        if page is None:
            self.answer(400, "<p>A page is named like /news.html.</p>")
            return
        write(page, body)
        self.answer(201, "<p>Written.</p>")

    def page(self) -> Path | None:
        match = PAGE.fullmatch("/index.html" if self.path == "/" else self.path)
        return None if match is None else PAGES / match[1]


def write(page: Path, body: bytes) -> None:
    draft = page.with_suffix(".new")
    draft.write_bytes(body)
    draft.replace(page)


def main() -> None:
    if not (PAGES / "index.html").exists():
        write(PAGES / "index.html", b"<h1>Welcome</h1>\n")
    web.serve("site", Handler)


if __name__ == "__main__":
    main()
