"""Each name of cc-ci's as a setting of ours, or as a question with its file and line."""

from __future__ import annotations

import textwrap
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canon_sweep.ccci import meta
from canon_sweep.ccci.fleet import Fleet
from canon_sweep.ccci.found import Item, Question, Secret, Setting, gathered
from canon_sweep.ccci.source import read
from canon_sweep.ccci.toml import toml
from ccci.test_expression import expressions, parses

FILE = "tests/x/recipe_meta.py"
RANDOM = "3c9a0f1e7b5d4f2e8a6c1d0b9e8f7a6d"
# what every recipe is asked for, so that it is no part of what is looked at
WARM = "WARM_CANONICAL = True\n"
HEALTHY = WARM + "HEALTH_PATH = '/'\n"


def items(text: str) -> list[Item]:
    """What a file says."""
    return list(meta.read(read(textwrap.dedent(text)), FILE))


def settings(text: str) -> dict[str, Any]:
    """The settings of a file; of lists, all that are in them."""
    found: dict[str, Any] = {}
    for item in items(text):
        if isinstance(item, Setting):
            key = ".".join(item.path)
            if item.listed:
                found.setdefault(key, []).append(item.value)
            else:
                found[key] = item.value
    return found


def questions(text: str) -> list[str]:
    """What is to be decided, with the place."""
    return [str(item) for item in items(text) if isinstance(item, Question)]


def http(path: str, *statuses: int, **more: Any) -> dict[str, Any]:
    told = {"statuses": list(statuses)} if statuses else {}
    return {"type": "http", "path": path, **told, **more}


UP = (200, 301, 302)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("HEALTH_PATH = '/api/health'", {"probes": [http("/api/health", *UP)]}),
        ("HEALTH_PATH = '/'\nHEALTH_STATUSES = (204, 200)", {"probes": [http("/", 200, 204)]}),
        ("HEALTH_PATH = '/'\nHEALTH_OK_CODES = [401]", {"probes": [http("/", 401)]}),
        ("HEALTH_PATH = '/'\nHEALTH_STATUS = 401", {"probes": [http("/", 401)]}),
        ("READY_PROBE = '/ready'", {"probes": [http("/ready")]}),
        ("READY_PROBE = {'path': '/ready', 'status': 204}", {"probes": [http("/ready", 204)]}),
        (
            "READY_PROBE = {'path': '/r', 'port': 8080, 'service': 'web', 'contains': 'ok'}",
            {"probes": [http("/r", port=8080, service="web", contains="ok")]},
        ),
        (
            "READY_PROBE = lambda ctx: {'url': f'{ctx.base_url}/ready'}",
            {"probes": [http("/ready")]},
        ),
        ("READY_PROBE = lambda ctx: ctx.base_url", {"probes": [http("/")]}),
        (
            "READY_PROBE = {'tcp_host': '127.0.0.1', 'tcp_port': 64738, 'stable': 3}",
            {"probes": [{"type": "tcp", "port": 64738, "successes": 3}]},
        ),
        (
            "def READY_PROBE(ctx):\n    return {'tcp_host': ctx.domain, 'tcp_port': 25}",
            {"probes": [{"type": "tcp", "port": 25, "successes": 1}]},
        ),
        (
            "READY_PROBE = ['/a', {'tcp_port': 25, 'service': 'smtp'}]",
            {
                "probes": [
                    http("/a"),
                    {"type": "tcp", "port": 25, "successes": 1, "service": "smtp"},
                ]
            },
        ),
        (
            "HEALTH_PATH = '/'\nREADY_PROBE = '/ready'",
            {"probes": [http("/", *UP), http("/ready")]},
        ),
    ],
)
def test_probes(text: str, found: dict[str, Any]) -> None:
    """In every form that is known."""
    assert settings(WARM + text) == found
    assert questions(WARM + text) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("DEPLOY_TIMEOUT = 20 * 60", {"timeouts.deploy": "20m"}),
        ("DEPLOY_TIMEOUT = 90", {"timeouts.deploy": "90s"}),
        ("HTTP_TIMEOUT = 2.5", {"timeouts.probe": "2.5s"}),
        ("HTTP_TIMEOUT = 120.0", {"timeouts.probe": "2m"}),
        ("EXTRA_ENV = {'A': 'b', 'PORT': 80}", {"env.A": "b", "env.PORT": "80"}),
        ("EXTRA_ENV = {'T': '{{ name }} {\"a\": 1}'}", {"env.T": '{{ name }} {"a": 1}'}),
        (
            "EXTRA_ENV = lambda ctx: {'A': ctx.domain, 'B': ctx.base_url + '/x'}",
            {"env.A": "{domain}", "env.B": "https://{domain}/x"},
        ),
        ("UPGRADE_EXTRA_ENV = {'MIGRATE': '1'}", {"upgradeEnv.MIGRATE": "1"}),
        (
            "EXTRA_ENV = {'COMPOSE_FILE': '$COMPOSE_FILE:x.yml'}",
            {"env.COMPOSE_FILE": "$COMPOSE_FILE:x.yml"},
        ),
        ("DEPS = []\nSCREENSHOT = False\nBACKUP_VERIFY = None\nEXPECTED_NA = {}", {}),
        ("EXTRA_ENV = None\nUPGRADE_BASE_VERSION = None\nREADY_PROBE = None\nDEPS = None", {}),
        ("_PRIVATE = 1\nhelper = 2\ndef more(): pass", {}),
    ],
)
def test_what_has_a_counterpart(text: str, found: dict[str, Any]) -> None:
    """Nothing is left to ask."""
    told = settings(HEALTHY + text)
    del told["probes"]

    assert told == found
    assert questions(HEALTHY + text) == []


@pytest.mark.parametrize(
    ("deps", "needs"),
    [
        ("['keycloak', 'keycloak']", ["keycloak"]),
        ("('b', 'a')", ["b", "a"]),
        ("{'b', 'a'}", ["a", "b"]),
    ],
)
def test_what_it_rests_on_is_kept_and_asked_about(deps: str, needs: list[str]) -> None:
    """A live stack is called by its domain; a recipe's name would be waited for in vain."""
    text = f"{HEALTHY}DEPS = {deps}"

    assert settings(text)["needs"] == needs
    (asked,) = questions(text)
    assert asked.startswith(f"{FILE}:3: needs has the names of recipes, and is of stacks")


def test_an_override_keeps_its_reason_and_gets_no_end() -> None:
    """Nobody but the operator knows until when it is to hold."""
    text = (
        HEALTHY
        + "EXPECTED_NA = {\n  'upgrade': 'both tags\\n  pin it',\n  'backup': 'stateless',\n}"
    )

    assert settings(text)["expectedNA.upgrade"] == {"reason": "both tags pin it"}
    assert settings(text)["expectedNA.backup"] == {"reason": "stateless"}
    first, second = questions(text)
    assert first.startswith(f"{FILE}:4: expectedNA.upgrade has no end: set until")
    assert second.startswith(f"{FILE}:5: expectedNA.backup has no end: set until")


def test_a_pin_is_kept_and_asked_about() -> None:
    """It has neither a reason nor an end."""
    text = HEALTHY + "UPGRADE_BASE_VERSION = '3.0.1+v2.0.0'"

    assert settings(text)["upgradeBase"] == {"tag": "3.0.1+v2.0.0"}
    assert "upgradeBase has no reason and no end" in questions(text)[0]


@pytest.mark.parametrize(
    "text",
    [
        "UPGRADE_BASE_VERSION = '3.0.1+v2.0.0'  # 3.0.0 never comes up",
        "# 3.0.0 never\n# comes up\nUPGRADE_BASE_VERSION = '3.0.1+v2.0.0'",
        "\n# 3.0.0 never comes up\nUPGRADE_BASE_VERSION = '3.0.1+v2.0.0'  ",
    ],
)
def test_what_a_comment_says_is_shown_with_the_question(text: str) -> None:
    """It is often the reason; a person says whether it is."""
    (told,) = questions(HEALTHY + text)

    assert told.endswith('beside it stands "3.0.0 never comes up"')


@pytest.mark.parametrize("comment", ["", "\n", f"token {RANDOM}", "\x0c"])
def test_a_comment_that_says_nothing_or_too_much_is_not_shown(comment: str) -> None:
    """Above all no secret that somebody left there."""
    text = f"DEPLOY_TIMEOUT = 5  # of another\nUPGRADE_BASE_VERSION = '3.0.1+v2.0.0'  # {comment}\n"
    (told,) = questions(HEALTHY + text)

    assert told.endswith("the base is the canonical")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("RETRIES = 3", 3, "nothing is known of RETRIES"),
        ("RETRIES = get()", 3, "nothing is known of RETRIES"),
        ("extra_env = {}", 3, "was EXTRA_ENV meant?"),
        ("DEPLOY_TIMEOUT = get()", 3, "DEPLOY_TIMEOUT: a call cannot be told"),
        ("DEPLOY_TIMEOUT = True", 3, "timeouts"),
        ("DEPLOY_TIMEOUT = -1", 3, "timeouts"),
        ("DEPLOY_TIMEOUT = '5m'", 3, "timeouts"),
        ("DEPLOY_TIMEOUT = lambda ctx: 5", 3, "is a function"),
        ("HTTP_TIMEOUT = 1e-9", 3, "timeouts"),
        ("EXTRA_ENV = ['A=b']", 3, "no table of variables"),
        ("EXTRA_ENV = {\n'A': get(),\n}", 4, "EXTRA_ENV: A: a call cannot be told"),
        ("EXTRA_ENV = {'A': True}", 3, "neither a text nor a number"),
        ("EXTRA_ENV = {'A': None}", 3, "neither a text nor a number"),
        ("EXTRA_ENV = {'A-B': 'x'}", 3, "cannot be set"),
        ("EXTRA_ENV = {'A': 'x\\0'}", 3, "cannot be set"),
        ("EXTRA_ENV = {'A': '\\ud800'}", 3, "cannot be set"),
        ("EXTRA_ENV = {'A': '\\x1b[2J'}", 3, "cannot be set"),
        ("EXTRA_ENV = {'A': 'for {domain}'}", 3, "taken for ours"),
        ("EXTRA_ENV = lambda ctx: {'A': '{' + ctx.domain + '}'}", 3, "taken for ours"),
        ("EXTRA_ENV = lambda ctx: {'A': '$' + ctx.domain}", 3, "taken for ours"),
        ("EXTRA_ENV = {'A': 'https://${DOMAIN}/'}", 3, "has a $"),
        ("EXTRA_ENV = lambda ctx: {'A': ctx.deps}", 3, ".deps of a hook's argument"),
        (f"UPGRADE_EXTRA_ENV = {{'A_TOKEN': '{RANDOM}'}}", 3, "looks like a secret"),
        ("EXTRA_ENV = {'A_KEY': 'a\\nb\\n'}", 3, "ends with a line's end"),
        ("UPGRADE_EXTRA_ENV = {'COMPOSE_FILE': 'compose.yml:compose.ccci.yml'}", 3, "target"),
        ("READY_PROBE = 5", 3, "no question that is known"),
        ("READY_PROBE = {'command': 'x'}", 3, "no question that is known"),
        ("READY_PROBE = {'path': '/', 'retries': 5}", 3, "'retries'"),
        ("READY_PROBE = {'path': 'https://else.example/'}", 3, "no path"),
        ("READY_PROBE = {'path': '/{x}'}", 3, "no path"),
        (f"READY_PROBE = '/x?token={RANDOM}'", 3, "no path"),
        ("READY_PROBE = {'path': '/', 'status': 'ok'}", 3, "statuses"),
        ("READY_PROBE = {'path': '/', 'port': 70000}", 3, "port"),
        ("READY_PROBE = {'path': '/', 'contains': 5}", 3, "contains"),
        ("READY_PROBE = {'tcp_port': 'smtp'}", 3, "no port"),
        ("READY_PROBE = {'tcp_port': 25, 'stable': 0}", 3, "number of times"),
        ("READY_PROBE = {'tcp_host': 'db', 'tcp_port': 5432}", 3, "name its service"),
        ("READY_PROBE = {\n'tcp_port': get()}", 4, "tcp_port: a call"),
        ("HEALTH_STATUSES = get()", 3, "HEALTH_STATUSES cannot be told"),
        ("HEALTH_STATUSES = 200\nHEALTH_CODES = 200", 4, "cannot be told"),
        ("DEPS = 'keycloak'", 3, "needs"),
        ("DEPS = ['Key Cloak']", 3, "needs"),
        ("DEPS = [5]", 3, "needs"),
        ("EXPECTED_NA = ['upgrade']", 3, "no table of tiers"),
        ("EXPECTED_NA = {'updrade': 'x'}", 3, "'updrade' is no tier that"),
        ("EXPECTED_NA = {'upgrade': ' '}", 3, "no reason"),
        ("EXPECTED_NA = {'upgrade': True}", 3, "no reason"),
        ("EXPECTED_NA = {'upgrade': why()}", 3, "a call"),
        ("UPGRADE_BASE_VERSION = 3", 3, "no tag"),
        ("BACKUP_VERIFY = True", 3, "data.seed"),
        ("BACKUP_VERIFY = lambda ctx: 'x'", 3, "data.seed"),
        ("SCREENSHOT = {'path': '/'}", 3, "left out"),
        ("if 1:\n    pass", 3, "an if is not followed"),
        ("from fleet import *", 3, "an import of everything"),
        ("from fleet import EXTRA_ENV", 3, "comes from another file"),
    ],
)
def test_what_is_a_persons_to_decide(text: str, line: int, words: str) -> None:
    """Never dropped, with file and line."""
    told = questions(HEALTHY + text)

    assert any(each.startswith(f"{FILE}:{line}: ") and words in each for each in told), told


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("WARM_CANONICAL = False\nHEALTH_PATH = '/'", f"{FILE}:1: cc-ci keeps no canonical"),
        ("HEALTH_PATH = '/'", f"{FILE}: cc-ci keeps no canonical"),
        ("WARM_CANONICAL = True", f"{FILE}: nothing asks whether the app works"),
        ("", f"{FILE}: nothing asks whether the app works"),
    ],
)
def test_what_is_not_said_is_asked(text: str, words: str) -> None:
    """cc-ci promotes only what it enrols; an app that nobody asks is not proven."""
    assert any(each.startswith(words) for each in questions(text))


def test_a_secret_is_in_no_setting_and_in_no_question() -> None:
    """It is handed on by itself, and does not even show in what a programmer prints."""
    table = f"{{\n'RPC': '{RANDOM}',\n'ADMIN_PASSWORD': 'hunter2' + ctx.domain}}"
    found = items(f"{HEALTHY}EXTRA_ENV = lambda ctx: {table}")

    secrets = [item for item in found if isinstance(item, Secret)]
    assert [(each.name, each.value, each.origin.line) for each in secrets] == [
        ("RPC", RANDOM, 4),
        ("ADMIN_PASSWORD", "hunter2{domain}", 5),
    ]
    assert RANDOM not in repr(found)
    assert "hunter2" not in repr(found)


SILENT: tuple[object, ...] = (None, False, [], (), set(), {})


@given(st.sampled_from(sorted(meta.KNOWN)), expressions(depth=2).filter(parses))
def test_nothing_is_dropped_in_silence(name: str, text: str) -> None:
    """Whatever a name is given comes to a setting, a secret or a question; and it is TOML."""
    found = [
        item
        for item in items(f"{name} = {text}")
        if item.origin.line and not str(item).endswith("with reason and end")
    ]

    given_value = read(f"{name} = {text}").given[0].value
    silent = given_value in SILENT or (name, given_value) == ("WARM_CANONICAL", True)
    assert found or silent or name == "WARM_CANONICAL"
    tomllib.loads(toml(Fleet((gathered("x", tuple(found)),), (), ()), "/ci"))


def test_the_overlay_is_no_part_of_the_chain() -> None:
    """It is laid over by our own setting; the recipe has no such file."""
    text = HEALTHY + "EXTRA_ENV = {'COMPOSE_FILE': 'compose.yml:compose.ccci.yml:x.yml'}"

    assert settings(text)["env.COMPOSE_FILE"] == "compose.yml:x.yml"
    assert "left out: EXTRA_ENV: COMPOSE_FILE names compose.ccci.yml" in questions(text)[0]
