"""Whatever stands in the configuration: settings, or every mistake by its key."""

from __future__ import annotations

import datetime
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from canon_sweep.errors import SettingsFault
from canon_sweep.settings.load import load, read

# every key that there is
WHOLE: dict[str, Any] = {
    "stateDir": "/srv/state",
    "cacheDir": "/srv/cache",
    "canonicalsDir": "/srv/canonicals",
    "engine": "swarm",
    "domain": "ci.example",
    "retryRedAfter": "6d",
    "retries": 1,
    "infraRetries": 1,
    "baseDepth": 3,
    "maxRuntime": 3600,
    "retryWindow": "12h",
    "syncTimeout": "5m",
    "preSweep": [["roll", "traefik"]],
    "guard": {
        "wait": "30m",
        "poll": 30,
        "drone": {"url": "https://drone.example", "tokenFile": "guard.drone.tokenFile"},
        "woodpecker": {"url": "http://ci.example:8000/woodpecker/", "tokenFile": "/token"},
        "stacks": True,
        "ignore": ["traefik"],
        "units": ["upgrade-all.service", "build@*.service"],
        "processes": ["*run_recipe_ci.py*"],
        "lockFiles": ["/run/lock/builds/*.lock"],
    },
    "forge": {
        "type": "forgejo",
        "url": "https://ssh.example",
        "tokenFile": "forge.tokenFile",
        "createMirrors": True,
        "visibility": "public",
    },
    "harness": {
        "command": ["cc-ci-run", "runner/run_recipe_ci.py"],
        "environment": {"RECIPE": "{recipe}", "JSON": "{{}}"},
        "passEnvironment": ["CREDENTIALS_DIRECTORY"],
        "path": "/run/current-system/sw/bin",
        "version": "1",
        "checkout": "/srv/abra/recipes/{recipe}",
        "workDir": "/srv/cc-ci",
        "timeout": "2h",
        "stopTime": "5m",
        "terminal": True,
        "promotes": True,
        "quick": {"environment": {"CCCI_QUICK": "1"}},
        "ref": {"environment": {"REF": "{commit}"}},
        "result": {"path": "/srv/cc-ci-runs/*/results.json", "format": "cc-ci-2"},
    },
    "timeouts": {
        "prepare": "1s",
        "deploy": 1,
        "deployCap": "1h",
        "probe": 1.5,
        "exec": "1m",
        "test": 60,
    },
    "disk": {"minFree": "20GiB", "floor": 1000, "budget": "1.5TB", "assumedPeak": "5 GiB"},
    "prune": {"keepRuns": 20, "imagesAfter": "7d", "foreignImages": True},
    "survey": {"parallel": 4, "perHost": 2},
    "swarm": {"host": "unix:///var/run/docker.sock"},
    "credentials": {
        "git.example": {"username": "bot", "tokenFile": "/token"},
        "forge.example": {"tokenFile": "forge.token"},
        "ssh.example": {
            "sshKeyFile": "/key",
            "sshPassphraseFile": "/passphrase",
            "knownHostsFile": "/hosts",
        },
    },
    "registries": {"ghcr.example": {"username": "bot", "passwordFile": "/password"}},
    "recipes": {
        "notes": {
            "upstream": "file:///srv/notes",
            "mirror": "ssh://git@ssh.example/mirrors/notes",
            "branch": "main",
            "enroll": True,
            "exception": "",
            "tagPattern": "v(?P<version>.*)",
            "prereleases": False,
            "upgradeBase": "v1.0.0",
            "retries": 1,
            "priority": 5,
            "envFiles": {"PASSWORD": "/run/secrets/password", "TOKEN": "env=notes=TOKEN"},
            "env": {"A": "b"},
            "envRules": [{"when": ">= 1.0.0, < 2", "env": {"B": "{domain}"}}],
            "upgradeEnv": {"C": "{stack}"},
            "needs": ["keycloak_example_org"],
            "install": ["prepare-it", "--all"],
            "overlays": [{"file": "/srv/more.yml", "when": ">= 1.0.0", "on": "base"}],
            "probes": [
                {
                    "type": "http",
                    "service": "app",
                    "port": 80,
                    "path": "/",
                    "method": "GET",
                    "headers": {"A": "b"},
                    "body": "",
                    "status": 200,
                    "contains": "x",
                }
            ],
            "checks": [
                {"type": "http", "port": 80, "statuses": [200, 302]},
                {"type": "tcp", "service": "app", "port": 80, "successes": 2},
            ],
            "data": {
                "seed": [{"type": "exec", "service": "app", "command": ["put", "{token}"]}],
                "check": [{"type": "exec", "command": ["get"], "contains": "{token}"}],
            },
            "timeouts": {"prepare": "1s", "deploy": 1, "probe": 1.5, "exec": "1m", "test": "2h"},
            "expectedNA": {
                "upgrade": "no data",
                "reattach": "no volume",
                "backup": {"reason": "no data", "until": datetime.date(2027, 1, 31)},
                "restore": {"reason": "no data", "until": "v1.0.0"},
                "custom": {"reason": "no checks"},
            },
        },
        "mail": {
            "upstream": "file:///srv/mail",
            "mirror": "ssh://git@ssh.example/mirrors/mail",
            "enroll": False,
            "exception": {"reason": "no stable health", "until": "2027-01-31"},
            "upgradeBase": {"tag": "1.0.0+1", "reason": "1.1 is broken", "until": "1.2.0+1"},
        },
    },
}

# judged by themselves, or beside the engine, whatever else the configuration has: reading both
# halves of it for a value that is wrong in one takes twice the time
ALONE = (
    *("retryRedAfter", "retries", "infraRetries", "baseDepth"),
    *("maxRuntime", "retryWindow", "syncTimeout"),
    *("preSweep", "guard", "timeouts", "disk", "prune", "survey", "swarm", "registries"),
)
LONELY = {key: WHOLE[key] for key in ("engine", "domain", *ALONE)} | {
    "recipes": {"site": {"upstream": "file:///srv/site", "mirror": "file:///srv/mirrors/site"}}
}
COMPARED = {key: value for key, value in WHOLE.items() if key not in ALONE}
# the quickest copies that there are, of thousands
_PICKLED = {
    "engine": pickle.dumps(WHOLE),
    **dict.fromkeys(ALONE, pickle.dumps(LONELY)),
    **dict.fromkeys([key for key in COMPARED if key != "engine"], pickle.dumps(COMPARED)),
}

VALUES: tuple[Any, ...] = (
    *([], ["http"], [["a"]], [{}], {}, {"a": 1}, {"a": {"b": []}}, {"": []}),
    *(True, False, 0, -1, 2**70, 10**400, -(10**400), 1e308, float("nan"), float("inf")),
    *("", " ", "\0", "\x1b[2J", "a" * 600, "/", "/\0", "../x", "{", "{}", "{token}", "{tokn}"),
    *("9" * 400 + "s", "1" * 600 + ".0.0+1", "٣s"),
    *("(", "(?P<version>a{99999999999})", "(?P<version>" + "(" * 1200 + ")" * 1201),
    *("file://", "file:///%00", "http://[", "https://a:999999/x", "ssh://x@[", "://", "unix://"),
    datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
    *(datetime.date(2026, 1, 1), datetime.time(1)),
)
NAMES = ("", "\0", "a b", "\x1b[2J", "x" * 600, "{token}", "type")

_Path = tuple[str | int, ...]


def places(node: Any, above: _Path = ()) -> Iterator[_Path]:
    """Where every value of a tree is."""
    pairs: Any = ()
    if isinstance(node, dict):
        pairs = node.items()
    elif isinstance(node, list):
        pairs = enumerate(node)
    for key, value in pairs:
        yield (*above, key)
        yield from places(value, (*above, key))


PLACES = list(places(WHOLE))


def key_of(place: _Path) -> str:
    """A place as it is written."""
    return ".".join(map(str, place))


def changed(place: _Path) -> tuple[dict[str, Any], Any, Any]:
    """A tree of one's own, what holds the place, and the place's key there."""
    tree: Any = pickle.loads(_PICKLED[str(place[0])])
    node = tree
    for key in place[:-1]:
        node = node[key]
    return tree, node, place[-1]


def of_a_recipe(place: _Path) -> bool:
    """Whether a place is within one recipe's table."""
    return place[0] == "recipes" and len(place) > 2


def recipes_with(place: _Path) -> dict[str, Any]:
    """A recipe for every value and every name there, each with a mirror of its own."""
    recipes: dict[str, Any] = {}
    for number, (value, name) in enumerate(
        [(v, None) for v in VALUES] + [(None, n) for n in NAMES]
    ):
        tree, node, key = changed(place)
        recipe = tree["recipes"][place[1]]
        recipe["mirror"] = f"ssh://git@ssh.example/mirrors/{number}"
        if name is None:
            node[key] = value
        elif isinstance(node, dict):
            node[name] = node.pop(key)
        else:
            continue
        recipes[f"r{number}"] = recipe
    return recipes


def beside(recipes: dict[str, Any]) -> dict[str, Any]:
    """A configuration with these recipes too."""
    return COMPARED | {"recipes": COMPARED["recipes"] | recipes}


def told(tree: dict[str, Any]) -> tuple[str, ...]:
    """The mistakes that are found in a tree; none if it is read."""
    try:
        read(tree, "config.toml")
    except SettingsFault as fault:
        return fault.problems
    return ()


def check(tree: dict[str, Any]) -> tuple[str, ...]:
    """Read it; what is told is one line a mistake, bounded, that steers no terminal."""
    problems = told(tree)
    for problem in problems:
        assert problem.isprintable(), ascii(problem)
        assert len(problem) < 500, problem[:200]
    return problems


def test_the_whole_configuration_is_one() -> None:
    """What is changed below is right before it."""
    for tree in (WHOLE, LONELY, COMPARED):
        read(tree, "config.toml")


@pytest.mark.parametrize("place", [p for p in PLACES if not of_a_recipe(p)], ids=key_of)
def test_a_wrong_value_or_name_is_never_a_traceback(place: _Path) -> None:
    """Wrong types, numbers without bound, and texts that nobody would write."""
    for value in VALUES:
        tree, node, key = changed(place)
        node[key] = value
        check(tree)
    for name in NAMES:
        tree, node, key = changed(place)
        if isinstance(node, dict):
            node[name] = node.pop(key)
            check(tree)


@pytest.mark.parametrize("place", [p for p in PLACES if of_a_recipe(p)], ids=key_of)
def test_a_wrong_value_or_name_in_a_recipe_hides_no_other(place: _Path) -> None:
    """As above, each in a recipe beside all others; those that nothing is told of are read."""
    recipes = recipes_with(place)

    problems = check(beside(recipes))

    told_of = {problem.split(".")[1] for problem in problems if problem.startswith("recipes.")}
    assert check(beside({n: recipe for n, recipe in recipes.items() if n not in told_of})) == ()


@pytest.mark.parametrize(
    ("place", "value", "cause"),
    [
        (("recipes", "notes", "probes", 0, "type"), ["http"], "expected one of exec, http, tcp"),
        (("recipes", "notes", "timeouts", "deploy"), 10**400, "shorter than 30 years"),
        (("maxRuntime",), -(10**400), "longer than 0"),
        (("maxRuntime",), float("inf"), "shorter than 30 years"),
        (("recipes", "notes", "tagPattern"), "(?P<version>a{99999999999})", "too much"),
        (("recipes", "notes", "upstream"), "file:///%00", "nobody could see"),
    ],
    ids=range(6),
)
def test_what_cannot_be_read_is_told_by_its_key(place: _Path, value: object, cause: str) -> None:
    """The key and what was expected there."""
    tree, node, key = changed(place)
    node[key] = value

    at = ".".join(str(key) for key in place).replace("probes.0", "probes[1]")
    assert any(problem.startswith(f"{at}: ") and cause in problem for problem in told(tree))


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("maxRuntime = " + "9" * 5000, "thousands of digits"),
        ("recipes = " + "[" * 5000 + "]" * 5000, "nested too deeply"),
    ],
    ids=("digits", "depth"),
)
def test_a_file_that_is_too_much_for_the_parser(tmp_path: Path, text: str, cause: str) -> None:
    """The file is named, and what is wrong with it."""
    file = tmp_path / "config.toml"
    file.write_text(text)

    with pytest.raises(SettingsFault, match=cause) as caught:
        load(file)

    assert str(file) in str(caught.value)
