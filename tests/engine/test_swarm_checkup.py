"""What Docker says of itself: reachable, a Swarm, what stacks share, registries' logins."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from canon_sweep.core.checkup import Check
from canon_sweep.engine.protocol import App, Place
from canon_sweep.engine.swarm.engine import SwarmEngine
from canon_sweep.errors import HostFault
from canon_sweep.settings.records import Registry as Login
from canon_sweep.settings.values import SecretFile
from engine.registry import PASSWORD, USER, Registry, running_registry

Ask = Callable[..., dict[str, Check]]


@pytest.fixture
def ask(docker_host: str) -> Ask:
    """Ask an engine everything; each subject's check."""

    def asked(*apps: App, logins: dict[str, Login] | None = None) -> dict[str, Check]:
        engine = SwarmEngine(docker_host, registries=logins)
        checks = [each for question in engine.questions(lambda: apps) for each in question()]
        assert all(check.found.isprintable() for check in checks)
        assert all(check.outcome == "ok" or check.do for check in checks)
        return {check.subject: check for check in checks}

    return asked


def app(folder: Path, recipe: str, *networks: str, secret: str = "") -> App:
    """An app that shares networks, and maybe a secret, with others."""
    service: dict[str, object] = {"image": "x", "networks": list(networks)}
    tree: dict[str, object] = {
        "version": "3.8",
        "services": {"app": service},
        "networks": {name: {"external": True} for name in networks},
    }
    if secret:
        service["secrets"] = [secret]
        tree["secrets"] = {secret: {"external": True, "name": secret}}
    (folder / recipe).mkdir()
    (folder / recipe / "compose.yml").write_text(json.dumps(tree))
    return App.read(recipe, "1", Place("version", "version"), folder / recipe, {})


def test_a_swarm_that_is_well_says_so(ask: Ask) -> None:
    """Its version, its Swarm, and what stacks can share."""
    found = ask()

    assert {subject: str(check.outcome) for subject, check in found.items()} == {
        "engine": "ok",
        "engine.swarm": "ok",
        "networks": "ok",
    }
    assert "a manager of a Swarm of 1 node" in found["engine.swarm"].found
    assert "proxy" in found["networks"].found


def test_what_recipes_share_and_is_not_there_is_a_fault(ask: Ask, tmp_path: Path) -> None:
    """With the command that makes it, and who needs it."""
    notes = app(tmp_path, "notes", "proxy", "internal-mail", secret="smtp_password")
    site = app(tmp_path, "site", "proxy", "internal-mail")

    found = ask(notes, site)

    network = found["network internal-mail"]
    assert network.outcome == "fail"
    assert "notes, site" in network.found
    assert network.do == "docker network create --driver overlay --attachable internal-mail"
    assert found["secret smtp_password"].outcome == "fail"
    assert "network proxy" not in found
    assert ask(app(tmp_path, "other", "proxy"))["networks"].outcome == "ok"


def test_a_docker_that_is_away_is_a_fault(tmp_path: Path) -> None:
    """Every question says so; none says yes."""
    engine = SwarmEngine(f"unix://{tmp_path}/none.sock")

    for question in engine.questions(lambda: ()):
        with pytest.raises(HostFault, match="does not answer"):
            list(question())


@pytest.fixture
def locked() -> Iterator[Registry]:
    """A registry that serves nobody without the login."""
    with running_registry(locked=True) as server:
        yield server


def test_a_login_is_tried_at_its_registry(ask: Ask, locked: Registry, tmp_path: Path) -> None:
    """By the engine, as with a pull; and no password is told."""
    login = {}
    for name, password in (("right", PASSWORD), ("wrong", "hunter2-hunter2")):
        file = tmp_path / name
        file.write_text(password)
        login[name] = Login(username=USER, password_file=SecretFile(file))

    right = ask(logins={locked.host: login["right"]})
    wrong = ask(logins={locked.host: login["wrong"]})

    (subject,) = right.keys() - {"engine", "engine.swarm", "networks"}
    assert locked.host in subject
    assert (right[subject].outcome, wrong[subject].outcome) == ("ok", "fail")
    assert "hunter2" not in str(wrong)
    assert "passwordFile" in wrong[subject].do


def test_a_registry_that_is_away_is_a_fault(ask: Ask, tmp_path: Path) -> None:
    """It says which, and hides no other check."""
    (tmp_path / "password").write_text("x")
    login = Login(username="x", password_file=SecretFile(tmp_path / "password"))

    found = ask(logins={"localhost:1": login})

    assert {str(check.outcome) for check in found.values()} == {"ok", "fail"}
    (away,) = (check for subject, check in found.items() if "localhost:1" in subject)
    assert "cannot be asked" in away.found
    # another password would mend nothing
    assert "password" not in away.do
