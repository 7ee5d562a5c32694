"""What is added to a recipe's compose files; no engine is needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from canon_sweep.core.yamltext import first_document
from canon_sweep.engine.swarm import overlay, volume
from canon_sweep.engine.swarm.facts import NAMESPACE


def written(
    *sources: str,
    version: str = "1.0.0+1",
    node: str | None = None,
    images: Mapping[str, str] | None = None,
) -> Any:
    """The last of some compose files, with our labels, read back."""
    texts = overlay.texts(
        sources, recipe="note", version=version, stack="st", node=node, images=images
    )
    assert len(texts) == len(sources)
    return first_document(texts[-1])


LABELS = {"canon-sweep.recipe", "canon-sweep.stack", "canon-sweep.version"}


def test_the_last_file_that_has_something_has_its_labels() -> None:
    """The deploy command replaces a volume as a whole, and joins a service of two files."""
    first = "services: {app: {image: x}, db: {image: x}}\nvolumes: {a: {labels: [q]}, b: }"
    second = "services: {app: {image: y}}\nvolumes: {a: {name: other}}"

    texts = overlay.texts([first, second], recipe="note", version="1.0.0+1", stack="st", node=None)

    before, after = (first_document(text) for text in texts)
    assert before["services"]["app"] == {"image": "x"}
    assert set(before["services"]["db"]["deploy"]["labels"]) == LABELS
    assert before["volumes"]["a"] == {"labels": ["q"]}
    assert set(before["volumes"]["b"]["labels"]) == LABELS - {"canon-sweep.version"}
    assert set(after["services"]) == {"app"}
    assert set(after["volumes"]["a"]["labels"]) == LABELS - {"canon-sweep.version"}
    assert set(after["networks"]["default"]["labels"]) == LABELS


def test_external_things_are_left_alone() -> None:
    """What is not the stack's cannot have its labels."""
    source = "services: {app: {image: x}}\nnetworks: {proxy: {external: true}, old: {external: {}}}"

    networks = written(source)["networks"]

    assert [name for name, body in networks.items() if "labels" in body] == ["default"]


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

    services = written(source, images={"app": "app:1@sha256:1a"})["services"]

    assert services["app"]["image"] == "app:1@sha256:1a"
    assert services["db"]["image"] == "db:1"


def test_what_a_service_has_twice_it_has_twice() -> None:
    """A port for two protocols, a config in two places: joined with another file, one is lost."""
    ports = "ports: ['53:53/tcp', '53:53/udp'], configs: [{source: c, target: /a}, {source: c}]"

    app = written(f"services: {{app: {{image: x, {ports}}}}}\nconfigs: {{c: {{file: f}}}}")

    assert len(app["services"]["app"]["ports"]) == 2
    assert len(app["services"]["app"]["configs"]) == 2


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
