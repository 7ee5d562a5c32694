"""Draft: one page, always the same."""

import web


class Handler(web.Handler):
    front = "Hello."


if __name__ == "__main__":
    web.serve("draft", Handler)
