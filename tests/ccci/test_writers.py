"""Settings as TOML and as Nix: what is written is what is read, and it is laid out to be kept."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canon_sweep.ccci.fleet import Fleet
from canon_sweep.ccci.found import Imported, Origin, Question, Setting, gathered
from canon_sweep.ccci.nix import nix
from canon_sweep.ccci.toml import toml
from canon_sweep.ccci.tree import Unread

AT = Origin("tests/x/recipe_meta.py", 3)
TEXTS = st.text(st.characters(codec="utf-8") | st.sampled_from("\"\\${}'\n\t#"), max_size=12)
SCALARS = TEXTS | st.integers(-(2**63), 2**63 - 1) | st.booleans()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


def fleet(*settings: Setting, recipe: str = "x") -> Fleet:
    return Fleet((gathered(recipe, settings),), (), ())


@given(st.dictionaries(TEXTS, VALUES, max_size=4), st.lists(VALUES, max_size=3))
def test_what_toml_says_is_what_was_meant(table: dict[str, Any], values: list[Any]) -> None:
    """Whatever texts and keys there are."""
    settings = [Setting(("env", key), value, AT) for key, value in table.items()]
    settings += [Setting(("probes",), value, AT, listed=True) for value in values]

    read = tomllib.loads(toml(fleet(*settings), "/ci"))["recipes"]["x"]

    assert read.get("env", {}) == table
    assert read.get("probes", []) == values


def test_each_value_has_its_place_beside_it() -> None:
    """So that it can be looked up where it comes from."""
    found = fleet(
        Setting(("upstream",), "https://up.example/x", Origin("")),
        Setting(("timeouts", "deploy"), "20m", AT),
        Setting(
            ("probes",), {"type": "http", "path": "/", "statuses": [200, 301]}, AT, listed=True
        ),
        Setting(("needs",), ["keycloak"], AT),
    )

    assert toml(found, "/ci") == (
        "# Made by `canon-sweep import-cc-ci` of /ci.\n"
        "\n"
        "[recipes.x]\n"
        'upstream = "https://up.example/x"\n'
        'needs = ["keycloak"]  # tests/x/recipe_meta.py:3\n'
        "probes = [\n"
        '  { type = "http", path = "/", statuses = [200, 301] },  # tests/x/recipe_meta.py:3\n'
        "]\n"
        'timeouts.deploy = "20m"  # tests/x/recipe_meta.py:3\n'
    )
    assert nix(found, "/ci") == (
        "# Made by `canon-sweep import-cc-ci` of /ci.\n"
        "{\n"
        "  x = {\n"
        '    upstream = "https://up.example/x";\n'
        "    # tests/x/recipe_meta.py:3\n"
        '    needs = [ "keycloak" ];\n'
        "    probes = [\n"
        "      # tests/x/recipe_meta.py:3\n"
        "      {\n"
        '        type = "http";\n'
        '        path = "/";\n'
        "        statuses = [\n"
        "          200\n"
        "          301\n"
        "        ];\n"
        "      }\n"
        "    ];\n"
        "    # tests/x/recipe_meta.py:3\n"
        '    timeouts.deploy = "20m";\n'
        "  };\n"
        "}\n"
    )


def test_what_is_to_be_decided_stands_above() -> None:
    """In comments, which nothing in them can end."""
    found = Fleet(
        (Imported("x"),),
        (
            Question(Origin("a"), "decide\nthis = 1"),
            Question(Origin("b", 2), "nothing takes pictures", open=False),
        ),
        (Unread("c\x1b", "no Python"),),
    )

    for text in (toml(found, "/ci\n}"), nix(found, "/ci\n}")):
        above = [line for line in text.splitlines() if line.startswith("#")]
        assert above == [
            "# Made by `canon-sweep import-cc-ci` of /ci\\n}.",
            "#",
            "# 1 thing could not be read:",
            "#   c\\x1b: no Python",
            "#",
            "# 1 thing to decide:",
            "#   a: decide\\nthis = 1",
            "#",
            "# 1 thing left out:",
            "#   b:2: nothing takes pictures",
        ]
        assert "\x1b" not in text


def test_a_name_said_twice_has_the_last_value() -> None:
    """One key has one value."""
    found = fleet(Setting(("env", "A"), "1", AT), Setting(("env", "A"), "2", AT))

    assert toml(found, "/ci").count("env.A") == 1
    assert tomllib.loads(toml(found, "/ci"))["recipes"]["x"]["env"]["A"] == "2"


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("bluesky-pds", "bluesky-pds"),
        ("8ball", '"8ball"'),
        ("a.b", '"a.b"'),
        ("rec", '"rec"'),
        ("if", '"if"'),
    ],
)
def test_a_recipes_name_is_quoted_where_nix_wants_it(name: str, key: str) -> None:
    """Every name that a recipe may have."""
    assert f"\n  {key} = {{\n" in nix(fleet(recipe=name), "/ci")
    assert name in tomllib.loads(toml(fleet(recipe=name), "/ci"))["recipes"]
