"""What is wrong with the guard's table: where it would see nothing, or never an end."""

from __future__ import annotations

from typing import Any

import pytest

from canon_sweep.errors import SettingsFault
from canon_sweep.settings.load import read
from canon_sweep.settings.records import Settings

RECIPES = {"notes": {"upstream": "https://up.example/n", "mirror": "https://mirror.example/n"}}
DRONE = {"url": "https://drone.example", "tokenFile": "/run/token"}


def settings(**guard: Any) -> Settings:
    """The settings with such a table."""
    return read({"recipes": RECIPES, "guard": guard}, "config.toml")


def test_what_is_not_said_waits_for_stacks_alone() -> None:
    """Half an hour, asking every half minute."""
    guard = settings().guard

    assert (guard.wait, guard.poll, guard.stacks) == (1800.0, 30.0, True)
    assert (guard.drone, guard.woodpecker) == (None, None)
    assert (guard.ignore, guard.units, guard.processes, guard.lock_files) == ((), (), (), ())


@pytest.mark.parametrize(
    "guard",
    [
        {"drone": DRONE, "woodpecker": DRONE | {"url": "http://[::1]:8000/ci/"}},
        {"units": ["upgrade-all.service", "build@*.service", "docker-*.scope"]},
        {"processes": ["*run_recipe_ci.py*"], "lockFiles": ["/run/lock/a.lock", "/run/b/*.lock"]},
        {"ignore": ["traefik", "Old_Stack-1.2"], "wait": "2h", "poll": "10s"},
        {"stacks": False},
    ],
)
def test_what_can_be_meant_is_read(guard: dict[str, Any]) -> None:
    """Nothing below refuses it."""
    settings(**guard)


@pytest.mark.parametrize(
    ("guard", "problem"),
    [
        ({"drone": {"url": "drone.example"}}, "guard.drone.tokenFile: missing"),
        (
            {"drone": DRONE | {"tokenFlie": "/x"}},
            "guard.drone.tokenFlie: unknown key, did you mean tokenFile?",
        ),
        ({"drone": "https://drone.example"}, "guard.drone: expected"),
        ({"drone": DRONE | {"tokenFile": "../x"}}, "guard.drone.tokenFile: expected an absolute"),
        *(
            ({"drone": DRONE | {"url": url}}, "guard.drone.url: expected a URL such as https://")
            for url in ("drone.example", "ftp://a", "https://", "http://a:99999", "http://a/?b=c")
        ),
        (
            {"woodpecker": DRONE | {"url": "https://me:word@ci.example"}},
            "guard.woodpecker.url: a URL must not carry a login; the token is in tokenFile",
        ),
        (
            {"drone": DRONE | {"url": "https://drone.example/api/"}},
            "guard.drone.url: is the server's own, without /api",
        ),
        (
            {"units": ["a.service", "upgrade-all"]},
            "guard.units[2]: 'upgrade-all' is no unit of systemd; name it with its kind",
        ),
        ({"units": ["--all.service"]}, "guard.units[1]: '--all.service' is no unit"),
        ({"units": ["upgrade-all.timer"]}, "guard.units[1]: 'upgrade-all.timer' is active while"),
        ({"units": ["canon-*.service"]}, "guard.units[1]: 'canon-*.service' matches the sweep's"),
        ({"units": ["a\nb.service"]}, "guard.units[1]: has characters that nobody could see"),
        ({"processes": ["**"]}, "guard.processes[1]: '**' matches every process; say what"),
        ({"lockFiles": ["a.lock"]}, "guard.lockFiles[1]: expected an absolute path of a file"),
        ({"lockFiles": ["/run/lock/"]}, "guard.lockFiles[1]: expected an absolute path of a file"),
        ({"lockFiles": ["/run/*/a.lock"]}, "guard.lockFiles[1]: only the file's name may be"),
        ({"ignore": ["a b"]}, "guard.ignore[1]: 'a b' is no stack name"),
        (
            {"stacks": False, "ignore": ["traefik"]},
            "guard.ignore: would never be used: no stack is waited for (stacks = false)",
        ),
        ({"wait": "half an hour"}, "guard.wait: expected a duration"),
        ({"poll": 0}, "guard.poll: expected a duration longer than 0"),
        ({"dorne": DRONE}, "guard.dorne: unknown key, did you mean drone?"),
    ],
)
def test_each_mistake_is_told_by_its_key(guard: dict[str, Any], problem: str) -> None:
    """And what to write instead."""
    with pytest.raises(SettingsFault) as caught:
        settings(**guard)

    assert any(found.startswith(problem) for found in caught.value.problems), caught.value


def test_all_mistakes_are_told_at_once() -> None:
    """One look is enough."""
    with pytest.raises(SettingsFault) as caught:
        settings(drone={"url": "x"}, units=["a"], lockFiles=["b"], processes=["*"])

    assert len(caught.value.problems) == 5


def test_what_is_ignored_is_of_use_beside_an_outside_harness() -> None:
    """It names what that has not left up, whether or not stacks are waited for."""
    guard = {"stacks": False, "ignore": ["traefik"]}
    harness = {"command": ["test"], "path": "/bin", "environment": {"RESULT": "{result}"}}

    tree = {"recipes": RECIPES, "guard": guard, "harness": harness}
    assert read(tree, "config.toml").guard.ignore == ("traefik",)
