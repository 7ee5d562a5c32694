"""Reads a configuration file and reports every mistake in it at once."""

from __future__ import annotations

import tomllib
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from canon_sweep.core import names, tagpattern
from canon_sweep.core.address import engine_problem
from canon_sweep.core.version import TagRule
from canon_sweep.errors import SettingsFault
from canon_sweep.settings import remotes
from canon_sweep.settings.disk import disk_problems
from canon_sweep.settings.duration import seconds
from canon_sweep.settings.folders import folder_problems
from canon_sweep.settings.forge import forge_problems
from canon_sweep.settings.guard import guard_problems
from canon_sweep.settings.outside import harness_problems
from canon_sweep.settings.overrides import override_problems, reason_in
from canon_sweep.settings.probes import (
    command_problems,
    env_problems,
    probe_problems,
    program_problems,
)
from canon_sweep.settings.records import Settings
from canon_sweep.settings.registries import registry_problems
from canon_sweep.settings.rules import rule_problems
from canon_sweep.settings.secretenv import secret_problems
from canon_sweep.settings.sharing import sharing_problems
from canon_sweep.settings.tables import convert, key_of, table_problems

__all__ = ["load", "read", "seconds"]

# `names.LABEL` comes before it, and a stack's name may have 45 characters
MAX_DOMAIN = 45 - names.LABEL


def load(path: Path) -> Settings:
    """Read a TOML file.

    Raises:
        SettingsFault: the file cannot be used; it names every problem by its key.
    """
    try:
        # some editors begin every file with a byte order mark
        tree = tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        step = "name another with --config or $CANON_SWEEP_CONFIG"
        problem = f"it cannot be read: {error.strerror}; {step}"
        raise SettingsFault(str(path), (problem,)) from None
    except UnicodeDecodeError:
        raise SettingsFault(str(path), ("it is not UTF-8 text",)) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsFault(str(path), (f"it is not TOML: {error}",)) from None
    except ValueError:
        # Python's limit, which tomllib does not make its own
        raise SettingsFault(str(path), ("one of its numbers has thousands of digits",)) from None
    except RecursionError:
        raise SettingsFault(str(path), ("its tables or lists are nested too deeply",)) from None
    return read(tree, str(path))


def read(tree: Mapping[str, Any], where: str) -> Settings:
    """Turn a parsed configuration into settings.

    Raises:
        SettingsFault: as for `load`.
    """
    problems = list(table_problems(Settings, tree, ""))
    problems += _domain_problems(tree.get("domain"))
    problems += _swarm_problems(tree.get("swarm"))
    problems += folder_problems(tree)
    problems += disk_problems(tree)
    commands = tree.get("preSweep")
    for number, command in enumerate(commands if isinstance(commands, list) else (), start=1):
        problems += command_problems(f"preSweep[{number}]", command)
    if isinstance(tree.get("guard"), dict):
        problems += guard_problems(tree["guard"], outside="harness" in tree)
    if isinstance(tree.get("forge"), dict):
        problems += forge_problems(tree["forge"], tree.get("recipes"))
    if isinstance(tree.get("harness"), dict):
        problems += harness_problems(tree["harness"], tree)
    credentials, recipes = tree.get("credentials", {}), tree.get("recipes", {})
    if isinstance(credentials, dict):
        problems += remotes.credentials_problems(credentials)
    if isinstance(tree.get("registries"), dict):
        problems += registry_problems(tree["registries"])
    if isinstance(recipes, dict):
        logins = credentials if isinstance(credentials, dict) else {}
        problems += _recipes_problems(recipes, logins, tree)
    if problems:
        raise SettingsFault(where, tuple(problems))
    return typing.cast(Settings, convert(tree, Settings))


def _recipes_problems(
    recipes: Mapping[str, Any], credentials: Mapping[str, Any], tree: Mapping[str, Any]
) -> Iterator[str]:
    yield from _enrolment_problems(recipes)
    longest = names.longest_service(_domain_of(tree))
    for name, body in recipes.items():
        yield from _recipe_problems(name, body if isinstance(body, dict) else {}, longest)
    if tree.get("engine") == "local":
        yield from _need_problems(recipes)
    yield from remotes.remote_problems(recipes, credentials)


def _domain_problems(domain: object) -> Iterator[str]:
    if not isinstance(domain, str):
        return
    if domain and not names.is_domain(domain):
        yield f"domain: {names.printable(domain)} is no domain name"
    if len(domain) > MAX_DOMAIN:
        yield f"domain: longer than {MAX_DOMAIN} characters, too long for a stack's name"


def _domain_of(tree: Mapping[str, Any]) -> str:
    domain = tree.get("domain", Settings().domain)
    # what is wrong with it is told once
    return domain if isinstance(domain, str) and len(domain) <= MAX_DOMAIN else ""


def _swarm_problems(swarm: object) -> Iterator[str]:
    host = swarm.get("host") if isinstance(swarm, dict) else None
    problem = engine_problem(host) if isinstance(host, str) and host else None
    if problem:
        yield f"swarm.host: {problem}"


def _enrolment_problems(recipes: Mapping[str, Any]) -> Iterator[str]:
    tables = [body for body in recipes.values() if isinstance(body, dict)]
    if not any(body.get("enroll", True) is True for body in tables):
        yield (
            "recipes: no recipe takes part in the sweep: nothing would be tested, and every"
            " night would look green; enrol a recipe, or disable the timer"
        )


def _recipe_problems(name: str, body: Mapping[str, Any], longest: int) -> Iterator[str]:
    at = key_of("recipes", name)
    problem = names.recipe_problem(name)
    if problem:
        yield f"{at}: {problem}"
    exception = body.get("exception")
    written = bool(reason_in(exception))
    # of a table, its own check says what is missing
    if body.get("enroll", True) is False and not (written or isinstance(exception, dict)):
        yield f'{at}.exception: enroll = false needs a reason, e.g. "mail store without bound"'
    if body.get("enroll", True) is True and written:
        yield f"{at}.exception: a reason to stay out, but the recipe is enrolled"
    rule, problem = _tag_rule(body)
    if problem:
        yield f"{at}.tagPattern: {problem}"
    yield from override_problems(at, body, rule)
    yield from env_problems(key_of(at, "env"), body.get("env"))
    yield from rule_problems(at, body)
    yield from secret_problems(at, body)
    yield from sharing_problems(at, body)
    yield from probe_problems(at, body, longest)
    yield from program_problems(f"{at}.install", body.get("install"))
    branch = body.get("branch")
    problem = names.branch_problem(branch) if isinstance(branch, str) and branch else None
    if problem:
        yield f"{at}.branch: {problem}"


def _need_problems(recipes: Mapping[str, Any]) -> Iterator[str]:
    for name, body in recipes.items():
        if isinstance(body, dict) and body.get("needs"):
            at = key_of(key_of("recipes", name), "needs")
            yield f"{at}: could never be met: the local engine has no stacks but those of tests"


def _tag_rule(body: Mapping[str, Any]) -> tuple[TagRule | None, str | None]:
    """What a recipe's tags are; None, maybe with why, if its pattern is none."""
    pattern = body.get("tagPattern")
    if not isinstance(pattern, str | None):
        return None, None
    problem = tagpattern.problem(pattern) if pattern is not None else None
    rule = TagRule(pattern, body.get("prereleases") is True)
    return (None, problem) if problem else (rule, None)
