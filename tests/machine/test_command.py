"""The command that the module puts in the system's path, with a real systemd-run."""

from __future__ import annotations

import re

import pytest

from machine.container import Container
from machine.rendered import write
from machine.test_faults import SERVICE, plant
from nix.rendered import RENDERED

pytestmark = pytest.mark.machine

SECRETS = "/run/secrets/canon-sweep"
SEES = """
id -un; id -Gn
cat "$CREDENTIALS_DIRECTORY/git.example.org.tokenFile"
touch /var/lib/canon-sweep/mine
touch /etc/mine 2>/dev/null || echo "not in /etc"
ls /root 2>/dev/null || echo "not in /root"
"""
TAKES_DOWN = """
trap "sleep 1; echo down >/var/lib/canon-sweep/down; exit 1" TERM
touch /var/lib/canon-sweep/up
sleep 60 & wait
"""


@pytest.fixture
def entered(node: Container) -> Container:
    """A machine that is up, with `enter`: the example's command, for any program."""
    text = (RENDERED / "cc-ci/bin/canon-sweep").read_text()
    program = re.sub(r"^program=.*$", "program=/usr/bin/env", text, flags=re.MULTILINE)
    write(node.disk / "usr/local/bin/enter", program, program=True)
    for name, script in (("sees", SEES), ("takes-down", TAKES_DOWN)):
        write(node.disk / f"usr/local/bin/{name}", f"#!/bin/sh\n{script}", program=True)
    # as the example's rules for temporary files make them
    for folder in re.findall(r"ReadWritePaths=(/srv/\S+|/var/lib/c[ci]\S+)'", text):
        (node.disk / folder.lstrip("/")).mkdir(parents=True, exist_ok=True)
    node.start()
    node.succeed(
        f"install --directory --mode=0700 {SECRETS}",
        f"cd {SECRETS}; umask 077; echo s3cret >forge-token",
        f"cd {SECRETS}; umask 077; echo others | tee docker-hub >drone-token",
    )
    return node


def test_by_hand_is_as_the_service(entered: Container) -> None:
    """Its user, its folders and its secrets; nothing of root's is left behind."""
    assert entered.succeed("enter sees").splitlines() == [
        "canon-sweep",
        "canon-sweep docker",
        "s3cret",
        "not in /etc",
        "not in /root",
    ]

    entered.succeed("canon-sweep check", "canon-sweep status --json", "canon-sweep recover")

    folders = "/var/lib/canon-sweep /var/cache/canon-sweep"
    assert entered.succeed(f"find {folders} ! -user canon-sweep") == ""


def test_what_is_typed_is_what_the_program_gets(entered: Container) -> None:
    """Word by word and on its stdin; its answer and its exit code are the command's."""
    entered.succeed("canon-sweep hold notes --reason 'costs $5 & ${HOME} %n $$'")

    assert "costs $5 & ${HOME} %n $$" in entered.succeed("canon-sweep status --json")
    assert entered.succeed("echo here | enter cat") == "here\n"
    assert entered.execute("canon-sweep explain nothing")[0] == 2
    assert entered.execute("enter sh -c 'exit 75'")[0] == 75


def test_a_secret_that_is_missing_is_told(entered: Container) -> None:
    """systemd alone would say 243, of a status too that needs no secret."""
    entered.succeed(f"rm {SECRETS}/forge-token")

    code, said = entered.execute("enter sees 2>&1")

    assert code == 2
    assert f"there is no {SECRETS}/forge-token to read" in said


def test_a_secret_that_is_missing_on_sunday_is_in_the_journal(node: Container) -> None:
    """The unit fails, so that somebody is told, and not with a number alone."""
    secret = "LoadCredential=forge.tokenFile:/run/secrets/forge-token"
    plant(node, SERVICE, "User=canon-sweep", f"User=canon-sweep\n{secret}")

    node.fail(f"systemctl start {SERVICE}")

    journal = node.succeed(f"journalctl --no-pager --unit {SERVICE}")
    assert "a file with a secret, which a LoadCredential=" in journal, journal


def test_what_a_demo_leaves_can_be_looked_at(entered: Container) -> None:
    """Anybody's own configuration is read as whom it belongs to."""
    as_nobody = "runuser -u nobody -- env HOME=/tmp"

    entered.succeed(
        f"{as_nobody} canon-sweep demo --dir /tmp/demo >/dev/null 2>&1",
        f"{as_nobody} canon-sweep status --config /tmp/demo/config.toml",
    )


def test_on_a_terminal_the_program_has_one(entered: Container) -> None:
    """Colours and widths are the terminal's, and Ctrl-C is the program's to hear."""
    on_a_terminal = "script --quiet --return --command '{}' /dev/null </dev/null"

    code, said = entered.execute(on_a_terminal.format('enter sh -c "tty; exit 7"'))

    assert (code, "/dev/pts/" in said) == (7, True), said


def test_a_command_that_is_stopped_leaves_nothing_running(entered: Container) -> None:
    """Whoever ends the command ends what runs for it, and is kept until that is so."""
    entered.succeed("enter takes-down >/dev/null 2>&1 & echo $! >/run/typed")
    entered.wait_until_succeeds("test -e /var/lib/canon-sweep/up")

    entered.succeed("kill $(cat /run/typed)")

    entered.wait_until_succeeds("test ! -e /proc/$(cat /run/typed)")
    assert entered.succeed("cat /var/lib/canon-sweep/down") == "down\n"
    assert entered.succeed("systemctl list-units --no-legend 'canon-sweep-by-hand-*'") == ""
