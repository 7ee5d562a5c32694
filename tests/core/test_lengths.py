"""Names that get too long for Swarm, and whose fault that is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from canon_sweep.core import names
from canon_sweep.core.compose import parse
from canon_sweep.core.lengths import check_lengths
from canon_sweep.errors import HostFault, RecipeFault


def check(domain: str, **top: Any) -> None:
    """Check a recipe in a stack of ours below a domain."""
    label = names.stack_label("notes", "seed")
    stack = names.stack_of_domain(f"{label}.{domain}")
    tree = {"services": {"app": {"image": "x"}}} | top
    check_lengths(parse({"compose.yml": json.dumps(tree)}, stack, {"STACK_NAME": stack}, {}), stack)


def named(length: int) -> dict[str, Any]:
    """Each kind of thing whose own part of its name, behind the stack's, has so many letters."""
    own, key = "${STACK_NAME}_" + "x" * length, "x" * length
    return {
        "secret": {"secrets": {"s": {"external": True, "name": own}}},
        "own secret": {"secrets": {"s": {"file": "./s", "name": own}}},
        "config": {"configs": {"c": {"file": "./c", "name": own}}},
        "config without a name": {"configs": {key: {"file": "./c"}}},
        "service": {"services": {key: {"image": "x"}}},
    }


@pytest.mark.parametrize("kind", named(1))
def test_what_a_shorter_domain_would_mend_is_the_settings_fault(kind: str) -> None:
    """And the advice is true: with as many characters as it says, the name fits."""
    top = named(31)[kind]
    # less the label, a dot, an underscore and the name
    fits = (63 if kind == "service" else 64) - 11 - 1 - 1 - 31

    with pytest.raises(HostFault, match="shorter domain") as caught:
        check("c" * (fits + 1), **top)

    assert f"at most {fits} characters" in caught.value.do
    check("c" * fits, **top)


@pytest.mark.parametrize("kind", named(1))
def test_what_no_domain_would_mend_is_the_recipes_fault(kind: str) -> None:
    """Nobody has a domain that short."""
    with pytest.raises(RecipeFault, match=kind.split()[-1 if kind == "own secret" else 0]):
        check("ci", **named(50)[kind])


def test_a_stack_named_twice_counts_twice() -> None:
    """The advice is for both of them."""
    twice = {"configs": {"c": {"file": "./c", "name": "${STACK_NAME}_${STACK_NAME}_c"}}}

    with pytest.raises(HostFault, match="at most 18 characters"):
        check("ci.collective.example", **twice)
    check("c" * 18, **twice)


def test_what_the_stack_does_not_bring_is_not_measured() -> None:
    """Its name has nothing of ours."""
    check("ci.collective.example", secrets={"s": {"external": True, "name": "y" * 70}})
