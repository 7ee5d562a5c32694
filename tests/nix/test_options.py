"""The option reference, as it is kept in the tree: nothing of the program is without an option."""

from __future__ import annotations

import re

import msgspec
import pytest

from canon_sweep.settings.harness import HarnessSettings
from canon_sweep.settings.recipes import (
    DataSettings,
    EnvRule,
    ExecProbe,
    HttpProbe,
    Overlay,
    RecipeSettings,
    RecipeTimeouts,
    TcpProbe,
)
from nix.rendered import ROOT

RECIPE = "recipes.<name>"
# what each table of the program is called as an option
TABLES: dict[str, tuple[type[msgspec.Struct], ...]] = {
    "harness": (HarnessSettings,),
    RECIPE: (RecipeSettings,),
    f"{RECIPE}.data": (DataSettings,),
    f"{RECIPE}.envRules.*": (EnvRule,),
    f"{RECIPE}.overlays.*": (Overlay,),
    f"{RECIPE}.probes.*": (HttpProbe, TcpProbe, ExecProbe),
    f"{RECIPE}.timeouts": (RecipeTimeouts,),
}


def sections() -> dict[str, str]:
    """What is said of each option, by its path below the service."""
    _, *parts = (ROOT / "docs/options.md").read_text().split("\n## `services.canon-sweep.")
    return {name: text for name, _, text in (part.partition("`\n") for part in parts)}


def test_every_option_says_what_it_is_and_shows_it() -> None:
    """A description, a type and an example; without a default it has to be said."""
    found = sections()

    assert len(found) > 100
    for name, text in found.items():
        description, *facts = re.split(r"\n- (?=type: |default:|example:|read only)", text)
        kinds = {re.split(r"[: ]", fact)[0] for fact in facts}
        assert description.strip(), name
        assert "type" in kinds, name
        # what nobody sets has none
        assert kinds & {"example", "read"}, name


@pytest.mark.parametrize("table", TABLES)
def test_whatever_a_table_may_say_is_an_option(table: str) -> None:
    """A key without one could not be set: neither recipes nor a harness are freeform."""
    below = (name.removeprefix(f"{table}.") for name in sections() if name.startswith(f"{table}."))
    options = {re.split(r"\.", name)[0] for name in below}

    fields = {field.encode_name for each in TABLES[table] for field in msgspec.structs.fields(each)}
    assert options - {"type"} == fields


# of a probe, a key that one type needs is left out with another
@pytest.mark.parametrize("table", [name for name, kinds in TABLES.items() if len(kinds) == 1])
def test_what_the_program_requires_has_no_default(table: str) -> None:
    """It would be refused; that it was left out is then told by evaluation, not by a build."""
    (kind,) = TABLES[table]
    shown = sections()

    for field in msgspec.structs.fields(kind):
        if field.required:
            assert "\n- default:" not in shown[f"{table}.{field.encode_name}"], field.encode_name
