"""Why a deploy failed, out of what Docker 20.10, 26.1 and 28.2 have said."""

from __future__ import annotations

import pytest

from canon_sweep.engine.swarm import refusal

DETACH = """Since --detach=false was not specified, tasks will be created in the background.
In a future release, --detach=false will become the default.
"""
IGNORING = """Ignoring unsupported options: build, links, privileged, restart

Ignoring deprecated options:

container_name: Setting the container name is not supported.

expose: Exposing ports is unnecessary - services on the same network can access each other's \
containers on any port.

"""
HOME = """time="2026-11-27T21:08:12Z" level=warning msg="cannot expand '~', because the \
environment lacks HOME"
"""
PROGRESS = """Creating network st_default
Creating secret st_s
Creating config st_c
Updating service st_app (id: w0fk3yq0w2pu)
Removing service st_old
Creating service st_zed
"""
MOUNT = (
    "failed to create service st_zed: Error response from daemon: rpc error: code ="
    " InvalidArgument desc = ContainerSpec: duplicate mount point: /x"
)
REASONS = [
    MOUNT,
    "open /srv/missing.txt: no such file or directory",
    "service app: secret not found: nothere",
    "services.app Additional property foo is not allowed",
    "yaml: line 2: did not find expected node content",
]


@pytest.mark.parametrize("before", ["", DETACH, IGNORING, HOME + DETACH + IGNORING, PROGRESS])
@pytest.mark.parametrize("why", REASONS)
def test_the_reason_alone_is_told(before: str, why: str) -> None:
    """Not what the command says of all that went well."""
    assert refusal.reason(f"{before}{PROGRESS}{why}\n") == why


def test_a_reason_of_several_lines_is_told_in_one() -> None:
    """As docker's own reading of ports has it."""
    said = "1 error(s) decoding:\n\n* error decoding 'Ports': Invalid containerPort: y\n"

    told = refusal.reason(DETACH + said)

    assert told == "1 error(s) decoding: * error decoding 'Ports': Invalid containerPort: y"


def test_without_a_reason_all_is_told() -> None:
    """Better too much than nothing; and nothing where nothing was said."""
    assert refusal.reason("Creating network st_default\n") == "Creating network st_default"
    assert refusal.reason("\n") == ""


@pytest.mark.parametrize("word", ["some", "x" * 300])
def test_a_long_reason_ends_with_its_cause(word: str) -> None:
    """And begins with a whole word."""
    told = refusal.reason(f"outer {word} " * 400 + ": the cause")

    assert told.endswith(": the cause")
    assert told.split()[:1] == ["..."]
    assert told.split()[1] in ("outer", word)
    assert len(told) <= refusal.MOST_QUOTED + 4


@pytest.mark.parametrize(
    ("why", "of_host"),
    [
        ("Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?", True),
        ("rpc error: code = Unavailable desc = connection closed", True),
        (MOUNT, False),
    ],
)
def test_whose_fault_it_is(why: str, of_host: bool) -> None:
    """By the reason alone."""
    assert refusal.is_of_host(refusal.reason(DETACH + why)) is of_host
