"""The variables that a stack's files take from whoever deploys them."""

from __future__ import annotations

import pytest

from canon_sweep.core.compose import parse
from canon_sweep.core.mention import mentioned

APP = "services: {app: {image: a}}\n"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (APP, set()),
        ("services: {app: {image: '$A:${B:-1}', command: ['${C-d}', $$D]}}", {"A", "B", "C"}),
        ("services: {app: {image: a, environment: [A, B=1, C=$D]}}", {"A", "D"}),
        ("services: {app: {image: a, environment: {A: , B: 1, C: ''}}}", {"A"}),
        # a name can be filled in too
        ("services: {app: {image: a, environment: ['${X-A}']}}", {"X", "A"}),
        (APP + "volumes: {v: {name: st_$V}}\nnetworks: {n1: {name: $N}}", {"V", "N"}),
        (APP + "secrets: {s: {file: $S}}\nconfigs: {c: {file: $C}}", {"S", "C"}),
        # as docker reads it, not as it is written
        ('services: {app: {image: "\\x24A"}}', {"A"}),
        # and nothing of what docker does not fill in
        (APP + "x-notes: $A\n# $B\n---\nservices: {app: {image: $C}}", set()),
        ("x-app: &app {image: $A}\nservices: {app: {<<: *app}}", {"A"}),
    ],
)
def test_a_variable_is_mentioned_where_docker_looks_it_up(text: str, wanted: set[str]) -> None:
    """By its name, whether it is set or not."""
    compose = parse({"compose.yml": text}, "st", {"S": "f", "C": "f", "A": "1", "N": "x"}, {})

    assert mentioned(compose) == wanted
