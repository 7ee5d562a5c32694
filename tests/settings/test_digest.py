"""The fingerprint that tells whether a known red is worth another test."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from canon_sweep.core.version import TagRule, Version
from canon_sweep.settings.digest import digest
from canon_sweep.settings.load import read
from canon_sweep.settings.recipe import recipe_of
from canon_sweep.settings.recipes import RecipeSettings
from canon_sweep.settings.records import Settings, Timeouts

NOTES = {"upstream": "https://up.example/notes", "mirror": "https://mirror.example/notes"}
PROBE = {"type": "http", "port": 80}
HARNESS: dict[str, Any] = {"command": ["ci"], "environment": {"RESULT": "{result}"}}

# Another value for every key of a recipe.  A new key belongs into one of the two.
DECIDES: dict[str, dict[str, Any]] = {
    "upgradeBase": {"upgradeBase": "1.0.0+1"},
    "tagPattern": {"tagPattern": "v(?P<version>.*)"},
    "prereleases": {"prereleases": True},
    "env": {"env": {"A": "1"}},
    "envRules": {"envRules": [{"when": ">= 1.0.0", "env": {"A": "1"}}]},
    "envFiles": {"envFiles": {"PASSWORD": "/run/secrets/password"}},
    "upgradeEnv": {"upgradeEnv": {"A": "1"}},
    "overlays": {"overlays": [{"file": "/srv/more.yml"}]},
    "install": {"install": ["prepare-it"]},
    "hostPaths": {"hostPaths": {"/srv": "media"}},
    "externalSecrets": {"externalSecrets": ["smtp"]},
    "externalConfigs": {"externalConfigs": ["motd"]},
    "probes": {"probes": [PROBE]},
    "checks": {"checks": [PROBE]},
    "data": {"data": {"check": [PROBE]}},
    "timeouts": {"timeouts": {"deploy": "10m"}},
    "expectedNA": {"expectedNA": {"upgrade": "one release only"}},
    "enroll": {"enroll": False, "exception": "no stable health"},
    "stateless": {"stateless": True, "hostPaths": {"/srv": "media"}},
}
DECIDES_NOTHING: dict[str, dict[str, Any]] = {
    "upstream": {"upstream": "https://new.example/notes"},
    "mirror": {"mirror": "https://new.example/mirror"},
    "branch": {"branch": "trunk"},
    "exception": {"exception": ""},
    "retries": {"retries": 3},
    "needs": {"needs": ["keycloak"]},
    "priority": {"priority": 3},
}

# The same of everybody's settings.
ALL_DECIDE: dict[str, dict[str, Any]] = {
    "engine": {"engine": "local"},
    "swarm": {"swarm": {"host": "tcp://192.0.2.1:2375"}},
    "domain": {"domain": "ci.example.org"},
    "baseDepth": {"baseDepth": 5},
    "timeouts": {"timeouts": {"probe": "2m"}},
    "harness": {"harness": HARNESS},
}
ALL_DECIDE_NOTHING: dict[str, dict[str, Any]] = {
    "stateDir": {"stateDir": "/srv/state"},
    "cacheDir": {"cacheDir": "/srv/cache"},
    "canonicalsDir": {"canonicalsDir": "/srv/canonicals"},
    "retryRedAfter": {"retryRedAfter": "1d"},
    "retries": {"retries": 2},
    "infraRetries": {"infraRetries": 2},
    "maxRuntime": {"maxRuntime": "1h"},
    "retryWindow": {"retryWindow": "1h"},
    "syncTimeout": {"syncTimeout": "1h"},
    "preSweep": {"preSweep": [["roll", "traefik"]]},
    "disk": {"disk": {"minFree": "20GiB"}},
    "prune": {"prune": {"keepRuns": 7}},
    "survey": {"survey": {"parallel": 2}},
    "guard": {"guard": {"wait": "1h", "units": ["upgrade-all.service"]}},
    "credentials": {"credentials": {"up.example": {"tokenFile": "/run/token"}}},
    "registries": {"registries": {"up.example": {"username": "u", "passwordFile": "/run/p"}}},
    "recipes": {"recipes": {"other": {"upstream": "/a", "mirror": "/b"}}},
}


def digest_with(recipe: dict[str, Any], common: dict[str, Any] | None = None) -> str:
    """The digest of a recipe with some of its keys set, and some of everybody's."""
    common = dict(common or {})
    others = common.pop("recipes", {"mail": {"upstream": "/mail", "mirror": "/mail-mirror"}})
    tree = {"recipes": others | {"notes": NOTES | recipe}} | common
    settings = read(tree, "config.toml")
    return digest(settings, settings.recipe("notes"), "1")


def keys_of(table: type[msgspec.Struct]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(table)}


def test_every_key_either_decides_a_test_or_does_not() -> None:
    """Who adds a key says which, and is held to it below."""
    assert DECIDES.keys() | DECIDES_NOTHING.keys() == keys_of(RecipeSettings)
    assert ALL_DECIDE.keys() | ALL_DECIDE_NOTHING.keys() == keys_of(Settings)


@pytest.mark.parametrize("key", DECIDES)
def test_a_change_that_may_turn_a_red_green_changes_it(key: str) -> None:
    """Changed settings test a known red again at once."""
    assert digest_with(DECIDES[key]) != digest_with({})


@pytest.mark.parametrize("key", DECIDES_NOTHING)
def test_a_change_that_no_test_sees_does_not_change_it(key: str) -> None:
    """A moved mirror is no reason to test the whole fleet again."""
    assert digest_with(DECIDES_NOTHING[key]) == digest_with({})


@pytest.mark.parametrize("key", ALL_DECIDE)
def test_a_change_for_everybody_that_may_turn_a_red_green_changes_it(key: str) -> None:
    """The engine, its host, the domain, the limits and how far back a base may be."""
    assert digest_with({}, ALL_DECIDE[key]) != digest_with({})


@pytest.mark.parametrize("key", ALL_DECIDE_NOTHING)
def test_a_change_for_everybody_that_no_test_sees_does_not_change_it(key: str) -> None:
    """Folders, patience, logins and other recipes."""
    assert digest_with({}, ALL_DECIDE_NOTHING[key]) == digest_with({})


def test_the_harness_is_a_part_of_it() -> None:
    """A harness that tests otherwise may find otherwise."""
    settings = read({"recipes": {"notes": NOTES}}, "config.toml")
    notes = settings.recipe("notes")

    assert digest(settings, notes, "1") != digest(settings, notes, "2")
    assert digest(settings, notes, "1", "2") != digest(settings, notes, "12")


@pytest.mark.parametrize("limit", ["prepare", "deploy", "probe", "exec", "test"])
def test_a_limit_counts_by_its_value_whoever_set_it(limit: str) -> None:
    """An own one that is everybody's says nothing new; everybody's is nothing to an own one."""
    common = {"timeouts": {limit: "7m"}}

    assert digest_with({"timeouts": {limit: "7m"}}, common) == digest_with({}, common)
    assert digest_with({"timeouts": {limit: "7m"}}, common) == digest_with(
        {"timeouts": {limit: "7m"}}
    )


def test_every_limit_is_in_force_somewhere() -> None:
    """A new one must be a part of the digest as well."""
    for limit in keys_of(Timeouts):
        assert digest_with({}, {"timeouts": {limit: "7m"}}) != digest_with({}), limit


def test_the_host_of_another_engine_is_no_part_of_it() -> None:
    """The local engine asks no Swarm."""
    local = {"engine": "local"}

    assert digest_with({}, local | {"swarm": {"host": "tcp://h:1"}}) == digest_with({}, local)


def test_stateless_and_the_paths_decide_and_not_the_reasons_wording() -> None:
    """What is said of a folder in other words is the same."""
    media = {"hostPaths": {"/srv": "media"}}

    assert digest_with(media) == digest_with({"hostPaths": {"/srv": "the media"}})
    assert digest_with(media) != digest_with(media | {"stateless": True})


def test_a_secrets_name_decides_and_neither_its_file_nor_its_value() -> None:
    """The digest is in records that others read, who could try passwords on it."""
    one = digest_with({"envFiles": {"PASSWORD": "/run/secrets/one"}})

    assert one == digest_with({"envFiles": {"PASSWORD": "/run/secrets/other"}})
    assert one != digest_with({"envFiles": {"TOKEN": "/run/secrets/one"}})


def test_why_a_tier_does_not_apply_is_no_part_of_it() -> None:
    """That it does not is."""
    declared = digest_with({"expectedNA": {"upgrade": "no data"}})

    assert declared == digest_with({"expectedNA": {"upgrade": "it keeps nothing"}})
    assert declared != digest_with({"expectedNA": {"reattach": "no data"}})


def test_another_end_or_reason_is_no_part_of_it() -> None:
    """As long as it holds, a test is the same."""
    plain = digest_with({"upgradeBase": "1.0.0+1", "expectedNA": {"upgrade": "no data"}})
    end = {"reason": "another", "until": "2027-01-31"}

    assert plain == digest_with(
        {"upgradeBase": end | {"tag": "1.0.0+1"}, "expectedNA": {"upgrade": end}}
    )


@pytest.mark.parametrize(
    "ended",
    [
        {"expectedNA": {"upgrade": {"reason": "r", "until": "2027-01-31"}}},
        {"enroll": False, "exception": {"reason": "r", "until": "2027-01-31"}},
        {"expectedNA": {"upgrade": {"reason": "r", "until": "1.0.0+1"}}},
    ],
    ids=["tier", "exception", "release"],
)
def test_the_end_of_an_override_is_another_test(ended: dict[str, Any]) -> None:
    """What was red or refused with it is tried without it at once; gone, it says no more."""
    others = {"mail": {"upstream": "/mail", "mirror": "/mail-mirror"}}
    settings = read({"recipes": others | {"notes": NOTES | ended}}, "config.toml")
    newer = TagRule().order("1.0.1+1")
    assert isinstance(newer, Version)

    before = recipe_of(settings, "notes", date(2027, 1, 31))
    after = recipe_of(settings, "notes", date(2027, 2, 1), newer)

    assert before.digest != after.digest
    assert after.settings == read({"recipes": others | {"notes": NOTES}}, "c").recipe("notes")


def test_a_pin_that_has_ended_is_no_part_of_it_once_it_is_not_needed() -> None:
    """As long as nobody has looked, or it is needed, it is used."""
    pin = {"tag": "1.0.0+1", "reason": "r", "until": "2027-01-31"}
    settings = read({"recipes": {"notes": NOTES | {"upgradeBase": pin}}}, "config.toml")

    def pinned(needed: str | None) -> bool:
        return recipe_of(settings, "notes", date(2027, 2, 1), None, needed).settings.pin is not None

    assert pinned(None)
    assert pinned("there is no canonical")
    assert not pinned("")


def test_the_order_in_which_things_are_written_is_no_part_of_it() -> None:
    """A table is a table, whoever sorts it."""
    assert digest_with({"env": {"A": "1", "B": "2"}}) == digest_with({"env": {"B": "2", "A": "1"}})


@pytest.mark.parametrize(
    "change",
    [
        {"command": ["ci", "-v"]},
        {"environment": {"RESULT": "{result}", "STAGES": "install"}},
        {"version": "2"},
        {"path": "/opt/bin"},
        {"timeout": "1h"},
        {"terminal": True},
        {"promotes": True},
        {"checkout": "/srv/{recipe}"},
        {"result": {"format": "cc-ci-2"}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_all_of_an_outside_harness_decides(change: dict[str, Any]) -> None:
    """Another one, or one that is told other things, may find otherwise."""
    warm = {"canonicalsDir": "/var/lib/ci-warm"}
    other = digest_with({}, warm | {"harness": HARNESS | change})

    assert other != digest_with({}, warm | {"harness": HARNESS})


@pytest.mark.parametrize("kind", ["quick", "ref"])
def test_what_an_outside_harness_is_told_of_other_tests_is_no_part_of_it(kind: str) -> None:
    """None of those is ever a known red."""
    other = HARNESS | {kind: {"environment": {"A": "1"}}}

    assert digest_with({}, {"harness": other}) == digest_with({}, {"harness": HARNESS})


def test_what_came_to_be_sayable_later_changes_nothing_unsaid() -> None:
    """An update tests no known red again for settings that nobody has written."""
    said_nothing: dict[str, Any] = {"envRules": [], "upgradeEnv": {}}

    assert digest_with(said_nothing) == digest_with({}) == "2a1af416be38ae4f"
    assert digest_with({"probes": [PROBE]}) == "102e67745437175f"


def test_the_order_of_rules_is_a_part_of_it() -> None:
    """The later of two that hold is what counts."""
    rules = [{"when": ">= 1.0.0", "env": {"A": value}} for value in "12"]

    assert digest_with({"envRules": rules}) != digest_with({"envRules": rules[::-1]})


def test_whatever_a_probe_takes_for_an_answer_is_a_part_of_it() -> None:
    """One more status that passes may turn a red green."""
    several = digest_with({"probes": [PROBE | {"statuses": [200, 301]}]})

    assert several != digest_with({"probes": [PROBE]})
    assert several != digest_with({"probes": [PROBE | {"statuses": [200, 302]}]})
