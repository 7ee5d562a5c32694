"""Archive: one page, always the same."""

import web


class Handler(web.Handler):
    front = "The forum is closed; its threads can be read here."


if __name__ == "__main__":
    web.serve("archive", Handler)
