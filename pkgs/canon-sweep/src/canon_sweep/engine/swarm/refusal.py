"""Why ``docker stack deploy`` failed, out of all that it said.  Pure."""

from __future__ import annotations

import re

MOST_QUOTED = 500

# What it says on its way, by releases 20.10 to 28: progress, notices, warnings.
_ON_ITS_WAY = re.compile(
    r"(?:Creating|Updating|Removing) (?:service|network|config|secret) \S+(?: \(id: \S+\))?"
    r"|Since --detach=false was not specified, .*"
    r"|In a future release, --detach=false will .*"
    r"|Ignoring unsupported options: .*"
    r"|Ignoring deprecated options:"
    r"|(?:container_name|expose): (?:Setting the container name|Exposing ports) is .*"
    r'|time="[^"]*" level=(?:warning|info|debug) .*'
    r"|WARNING: .*"
)
# what it says when it is not the recipe's fault
_OF_HOST = re.compile(
    r"cannot connect to the docker daemon|is not a swarm manager|could not be found"
    r"|network \S+ not found"
    r"|update out of sequence|rpc error: code = (?:unavailable|deadlineexceeded)"
    r"|context deadline exceeded|no space left on device",
    re.IGNORECASE,
)


def reason(said: str) -> str:
    """The reason alone, in one line of at most about `MOST_QUOTED` characters.

    All that was said, if nothing in it looks like a reason.
    """
    lines = [" ".join(line.split()) for line in said.splitlines()]
    told = [line for line in lines if line and not _ON_ITS_WAY.fullmatch(line)]
    return _shortened(" ".join(told or filter(None, lines)))


def is_of_host(reason: str) -> bool:
    """Whether a reason says something about the engine or its machine only."""
    return _OF_HOST.search(reason) is not None


def _shortened(text: str) -> str:
    """The end, where Docker has the cause; it begins with a whole word."""
    if len(text) <= MOST_QUOTED:
        return text
    end = text[-MOST_QUOTED:]
    _, space, rest = end.partition(" ")
    return f"... {rest if space else end}"
