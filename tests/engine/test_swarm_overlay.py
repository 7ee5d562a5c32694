"""What is added to a recipe's compose files; no engine is needed."""

from __future__ import annotations

from typing import Any

import yaml

from canon_sweep.core.yamltext import first_document
from canon_sweep.engine.swarm import overlay, volume
from canon_sweep.engine.swarm.facts import NAMESPACE


def written(*sources: str, version: str = "1.0.0+1", node: str | None = None) -> Any:
    """The overlay of some compose files, read back."""
    text = overlay.text(sources, recipe="note", version=version, stack="st", node=node)
    return yaml.safe_load(text)


def test_the_last_file_decides_what_is_repeated() -> None:
    """The deploy command replaces a volume as a whole, so must the overlay."""
    first = "services: {app: {image: x}}\nvolumes: {a: {driver_opts: {o: '1'}}, b: {name: '${B}'}}"
    second = "volumes: {a: {name: other}}"

    volumes = written(first, second)["volumes"]

    assert set(volumes["a"]) == {"name", "labels"}
    assert volumes["b"]["name"] == "${B}"


def test_external_things_are_left_alone() -> None:
    """What is not the stack's cannot have its labels."""
    source = "services: {app: {image: x}}\nnetworks: {proxy: {external: true}, old: {external: {}}}"

    assert set(written(source)["networks"]) == {"default"}


def test_only_a_files_first_document_counts() -> None:
    """As for the deploy command, which reads no other."""
    source = "services: {app: {image: x}}\n---\nservices: {more: {image: x}}\n---\n[broken"

    assert set(written(source)["services"]) == {"app"}


def test_an_update_changes_no_containers_labels() -> None:
    """A version among them would restart services that did not change."""
    source = "services: {app: {image: x}}\nvolumes: {a: null}"
    old, new = written(source), written(source, version="2.0.0+1")

    assert old["services"]["app"]["labels"] == new["services"]["app"]["labels"]
    assert old["volumes"] == new["volumes"]
    assert old["services"]["app"]["deploy"] != new["services"]["app"]["deploy"]


def test_versions_and_nodes_are_written_as_they_are() -> None:
    """A dollar sign is no variable, and a node is a constraint."""
    source = "version: '3.8'\nservices: {app: {image: x}}"

    tree = written(source, version="1.0.0+$x", node="abc")

    deploy = tree["services"]["app"]["deploy"]
    assert tree["version"] == "3.8"
    assert deploy["labels"]["canon-sweep.version"] == "1.0.0+$$x"
    assert deploy["placement"]["constraints"] == ["node.id==abc"]


def test_a_service_runs_the_image_that_was_fetched() -> None:
    """And what the recipe calls it where none was."""
    source = "services: {app: {image: app:1}, db: {image: db:1}}"
    images = {"app": "app:1@sha256:1a"}

    text = overlay.text([source], recipe="n", version="1", stack="st", node=None, images=images)

    services = yaml.safe_load(text)["services"]
    assert services["app"]["image"] == "app:1@sha256:1a"
    assert "image" not in services["db"]


def test_a_text_stays_a_text() -> None:
    """Docker takes a bare y for a truth and 1e3 for a number, in a key too."""
    source = "services: {app: {image: x}}\nvolumes: {d: {driver_opts: {'n': 'y', a: '1e3', b: 2}}}"

    text = overlay.text([source], recipe="n", version="1.0.0+1", stack="st", node=None)

    assert first_document(text)["volumes"]["d"]["driver_opts"] == {"n": "y", "a": "1e3", "b": 2}


def test_a_volume_belongs_to_the_stack_it_says() -> None:
    """The name decides only where there is no label."""
    assert volume.belongs("a_b_data", {}, "a")
    assert not volume.belongs("a_b_data", {overlay.STACK: "a_b"}, "a")
    assert volume.belongs("a_b_data", {NAMESPACE: "a_b"}, "a_b")
    assert not volume.belongs("other_data", {overlay.STACK: "a"}, "a")


def test_a_copy_gets_the_labels_of_its_own_stack() -> None:
    """Everything else about it stays."""
    labels = {NAMESPACE: "ci", overlay.STACK: "ci", "mine": "1"}

    copy = volume.clone_labels("ci_data", "warm_data", labels)

    assert copy == {NAMESPACE: "warm", overlay.STACK: "warm", "mine": "1"}
    assert volume.clone_labels("ci_data", "odd", labels) == {overlay.STACK: "ci", "mine": "1"}
    assert volume.clone_labels("x", "y", {"mine": "1"}) == {"mine": "1"}
