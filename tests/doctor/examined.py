"""What a doctor finds of remotes that are really there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import fields

from canon_sweep.core.checkup import Check
from canon_sweep.job.doctor import Examination, examine
from canon_sweep.job.wiring import Surroundings
from canon_sweep.settings.credential import Credential
from canon_sweep.settings.load import read
from mirror.world import World
from stories.fleet import Quiet

Found = dict[str, Check]


def examination(
    folder: Path,
    recipes: Mapping[str, Mapping[str, Any]],
    credentials: Mapping[str, Credential] | None = None,
    **keys: Any,
) -> Examination:
    """Of these recipes, with nothing else in the settings than where things are."""
    tree = {
        "stateDir": f"{folder}/state",
        "cacheDir": f"{folder}/cache",
        "engine": "local",
        "recipes": recipes,
    }
    logins = {host: _table(login) for host, login in (credentials or {}).items()}
    settings = read(tree | {"credentials": logins} | keys, "config.toml")
    return examine(settings, (), Surroundings(Quiet(), lambda _: None), timed=False)


def _table(login: Credential) -> dict[str, str]:
    """A login as the settings' file has it."""
    known = {field.encode_name: getattr(login, field.name) for field in fields(login)}
    return {key: str(value) for key, value in known.items() if value is not None}


def of(examination: Examination, recipe: str) -> Found:
    """A recipe's checks; each that is not well is one line, with its next step."""
    (patient,) = (each for each in examination.recipes if each.recipe == recipe)
    for check in patient.checks:
        assert check.found.isprintable()
        assert check.outcome == "ok" or check.do
    return {check.subject: check for check in patient.checks}


def found(world: World, folder: Path, **recipe: Any) -> Found:
    """What is found of one recipe."""
    own = {"upstream": world.upstream_url, "mirror": world.mirror_url} | recipe
    timeout = f"{world.timeout * 1000:.0f}ms"
    result = examination(folder, {"notes": own}, world.credentials, syncTimeout=timeout)
    assert result.exit_code == any(
        check.outcome in ("fail", "unknown")
        for check in (*result.host, *(each for one in result.recipes for each in one.checks))
    )
    return of(result, "notes")


def outcomes(found: Found) -> dict[str, str]:
    """Each subject's outcome."""
    return {subject: str(check.outcome) for subject, check in found.items()}


ALL_WELL = dict.fromkeys(("upstream", "mirror", "mirror.push", "mirror.step"), "ok")
