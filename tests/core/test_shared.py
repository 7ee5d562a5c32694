"""What a stack shares, and what its settings let it share."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from canon_sweep.core.compose import parse
from canon_sweep.core.declared import Declared, spelled
from canon_sweep.core.shared import (
    Shared,
    carries,
    check_declared,
    check_kept,
    shared_by,
)
from canon_sweep.errors import HostFault, RecipeFault
from core.examples import canonical

STACK = "st"


def shared(*parts: dict[str, Any]) -> Shared:
    """What these compose files share; the app has an image already."""
    first = {"services": {"app": {"image": "x"}}}
    named = {f"{number}.yml": json.dumps(part) for number, part in enumerate((first, *parts))}
    env = {"STACK_NAME": STACK, "EMPTY": ""}
    return shared_by(parse(named, STACK, env, {}), STACK)


def mounting(*entries: Any) -> dict[str, Any]:
    return {"services": {"app": {"volumes": list(entries)}}}


@pytest.mark.parametrize(
    ("entry", "folder"),
    [
        ("/srv/data:/data", "/srv/data"),
        ("/srv/data:/data:rw", "/srv/data"),
        ("/srv/data:/data:ro,rw", "/srv/data"),
        ("/srv/data:/data:z", "/srv/data"),
        ("//srv/../srv/./data/:/data", "/srv/data"),
        ("./data:/data", "./data"),
        ("data/../../x:/data", None),  # Docker takes it for a volume, and refuses it
        ("~/data:/data", "~/data"),
        ("${NONE:-/srv}:/data", "/srv"),
        ({"type": "bind", "source": "/srv", "target": "/data"}, "/srv"),
        ({"type": "bind", "source": "/srv", "target": "/data", "read_only": False}, "/srv"),
        ({"type": "bind", "source": "/srv", "target": "/data", "read_only": "${EMPTY}"}, "/srv"),
        ({"type": "cluster", "source": "group:fast", "target": "/data"}, "group:fast"),
        ("/srv/data:/data:ro", None),
        ("/srv/data:/data:ro,z", None),
        ("/var/run/docker.sock:/var/run/docker.sock:ro", None),
        ({"type": "bind", "source": "/srv", "target": "/data", "read_only": True}, None),
        ({"type": "bind", "source": "/srv", "target": "/data", "read_only": "${A:-true}"}, None),
        ({"type": "tmpfs", "target": "/data"}, None),
        ({"type": "volume", "source": "data", "target": "/data"}, None),
        ("data:/data", None),
        ("/data", None),
    ],
)
def test_a_writable_folder_of_the_host_is_shared(entry: Any, folder: str | None) -> None:
    """However it is written; a read-only one carries nothing over."""
    assert shared(mounting(entry)).folders == ((folder,) if folder else ())


def test_the_last_file_says_what_is_mounted_at_a_place() -> None:
    """An overlay takes a folder's place with a volume, or makes it read-only."""
    folder = mounting("/srv/data:/data")

    assert shared(folder, mounting("data:/data")).folders == ()
    assert shared(folder, mounting("/srv/data:/data:ro")).folders == ()
    assert shared(mounting("data:/data"), folder).folders == ("/srv/data",)
    assert shared(folder, mounting("data:/other")).folders == ("/srv/data",)


def test_a_later_file_hides_no_mount() -> None:
    """Docker joins the lists, also with one that is empty."""
    hidden = {"services": {"app": {"volumes": None}}}

    assert shared(mounting("/srv/data:/data"), hidden).folders == ("/srv/data",)
    with pytest.raises(RecipeFault, match="volumes is no list"):
        shared({"services": {"app": {"volumes": {"a": "b"}}}}, mounting())


@pytest.mark.parametrize(
    ("body", "is_shared"),
    [
        ({"driver_opts": {"type": "none", "o": "bind", "device": "/srv"}}, True),
        ({"driver": "local", "driver_opts": {"type": "nfs"}}, True),
        ({"driver": "rexray"}, True),
        ({"x-cluster-spec": {}}, True),
        ({"driver": "local"}, False),
        ({"driver": "${NONE:-local}", "driver_opts": {}}, False),
        ({"labels": {"a": "b"}}, False),
        (None, False),
    ],
)
def test_a_volume_that_is_kept_elsewhere_is_shared(
    body: dict[str, Any] | None, is_shared: bool
) -> None:
    """Its options say where its data is, and they are the same for every stack."""
    assert shared({"volumes": {"data": body}}).volumes == (("data",) if is_shared else ())
    # whatever a later file says of it
    assert shared({"volumes": {"data": body}}, {"volumes": {"data": None}}).volumes == (
        ("data",) if is_shared else ()
    )


@pytest.mark.parametrize("kind", ["secrets", "configs"])
def test_what_is_external_and_not_the_stacks_own_is_shared(kind: str) -> None:
    """By its full name, in both ways of writing it."""
    found = shared(
        {
            kind: {
                "plain": {"external": True},
                "named": {"external": True, "name": "smtp"},
                "old": {"external": {"name": "older"}},
                "file": {"file": "./x", "name": "${STACK_NAME}_x"},
                "ours": {"file": "./x"},
            }
        }
    )

    assert getattr(found, kind) == ("older", "plain", "smtp")


def test_a_secret_of_the_stacks_own_is_made_and_a_config_is_not() -> None:
    """Nobody makes an external config, whatever it is called."""
    own = {"external": True, "name": "${STACK_NAME}_x_v1"}

    assert shared({"secrets": {"x": own}}).secrets == ()
    assert shared({"configs": {"x": own}}).configs == ("st_x_v1",)


@pytest.mark.parametrize("kind", ["secrets", "configs"])
def test_what_a_stack_makes_is_named_inside_it(kind: str) -> None:
    """The deploy would change another stack's, and the teardown would remove it."""
    with pytest.raises(RecipeFault, match=rf"{kind}.x is named 'shared', outside its stack"):
        shared({kind: {"x": {"file": "./x", "name": "shared"}}})


def test_what_is_not_named_is_refused_with_the_setting() -> None:
    """All of it in one line, which says what to write where."""
    found = Shared(folders=("/srv/data", "./local"), volumes=("media",))

    with pytest.raises(RecipeFault) as caught:
        check_declared(found, Declared(host_paths=frozenset({"/srv/data/"})), "thing")

    told = str(caught.value)
    assert "'./local', volume media" in told
    assert "/srv/data" not in told
    assert "recipes.thing.hostPaths" in told


def test_what_is_named_is_let_through() -> None:
    """Paths in whatever spelling, volumes by their keys."""
    found = Shared(("/srv/data", "./local"), ("media",), ("smtp",), ("motd",))
    named = frozenset({"/srv/./data/", "./local/", "media"})

    check_declared(
        found,
        Declared(named, secrets=frozenset({"smtp"}), configs=frozenset({"motd"})),
        "thing",
    )


@pytest.mark.parametrize(
    ("found", "setting"),
    [
        (Shared(secrets=("smtp",)), r"recipes.thing.externalSecrets = \['smtp'\]"),
        (Shared(configs=("smtp",)), r"recipes.thing.externalConfigs = \['smtp'\]"),
    ],
)
def test_an_external_secret_is_the_hosts_to_have(found: Shared, setting: str) -> None:
    """That the settings do not name it says nothing of the recipe, whichever kind they do name."""
    other = Declared(secrets=frozenset(found.configs), configs=frozenset(found.secrets))

    with pytest.raises(HostFault, match=setting):
        check_declared(found, other, "thing")


@pytest.mark.parametrize("name", ["warm-mail_ci_pw_v1", "elsewhere"])
def test_nothing_of_a_canonical_is_ever_handed_on(name: str) -> None:
    """Neither a secret that its record keeps, nor whatever has its stack's name."""
    bare = canonical("1.0.0+1")
    record = replace(bare, stack="warm-mail_ci", secrets=("elsewhere",))

    with pytest.raises(RecipeFault, match="belongs to the canonical of"):
        check_kept(Shared(secrets=(name,)), [record])
    check_kept(Shared(secrets=("warm-mail_cix",)), [record, bare])


def test_only_what_is_named_and_not_stateless_makes_a_test_warm() -> None:
    """What is not named was never deployed; what is stateless cannot matter."""
    found = Shared(("/srv/data", "/srv/other"), ("media",))
    named = frozenset({"/srv/data", "media"})

    assert carries(found, Declared(named)) == ("/srv/data", "media")
    assert carries(found, Declared(named, stateless=True)) == ()
    assert carries(found, Declared()) == ()


@pytest.mark.parametrize(
    "path", ["./.", "/", "~", "..", "./a/../..", ".hidden", "//a//b/", "\\\\a"]
)
def test_a_spelling_is_spelled_so_already(path: str) -> None:
    """And stays a path."""
    assert spelled(spelled(path)) == spelled(path)
    assert shared(mounting(f"{path}:/data")).folders == (spelled(path),)
