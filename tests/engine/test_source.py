"""What is read of a recipe's checkout, and what is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from canon_sweep.core import compose
from canon_sweep.engine.protocol import App, Place
from canon_sweep.errors import HostFault, RecipeFault

APP = "services: {app: {image: a}}\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A recipe of one service, with a file beside it that is not its own."""
    (tmp_path / "token").write_text("ours\n")
    folder = tmp_path / "recipe"
    folder.mkdir()
    (folder / "compose.yml").write_text(APP)
    return folder


def app(checkout: Path, chain: str = "compose.yml") -> App:
    """The recipe as it would be deployed."""
    env = {"COMPOSE_FILE": chain}
    return App.read("note", "1.0.0+1", Place("st", "note.test"), checkout, env)


def test_a_compose_file_that_is_named_often_is_read_once(checkout: Path) -> None:
    """Whatever it is called; the first name stays."""
    (checkout / "link.yml").symlink_to("compose.yml")

    read = app(checkout, "compose.yml:./compose.yml:link.yml:compose.yml").source

    assert read.files == (checkout / "compose.yml",)


def test_a_chain_has_a_bounded_number_of_files(checkout: Path) -> None:
    """32 are more than any recipe has."""
    for number in range(33):
        (checkout / f"{number}.yml").write_text(APP)
    chain = [f"{number}.yml" for number in range(33)]

    assert len(app(checkout, ":".join(chain[:32])).source.files) == 32
    with pytest.raises(RecipeFault, match="more than 32 files"):
        app(checkout, ":".join(chain))


def test_the_files_of_a_chain_are_bounded_together(checkout: Path) -> None:
    """Each may be large, but not all of them."""
    for name in ("a.yml", "b.yml"):
        (checkout / name).write_text(APP + "#" * 600_000)

    assert app(checkout, "a.yml").source.files
    with pytest.raises(RecipeFault, match="1 MiB together"):
        app(checkout, "a.yml:b.yml")


@pytest.mark.parametrize(
    "path", ["../token", "/etc/hostname", "link", "folder/../../token", "loop"]
)
@pytest.mark.parametrize(
    "text",
    [
        APP + "configs: {c: {file: PATH}}",
        APP + "secrets: {s: {file: PATH}}",
        "services: {app: {image: a, env_file: PATH}}",
        "services: {app: {image: a, env_file: [own, PATH]}}",
        "services: {app: {image: a, env_file: '${UNSET:-PATH}'}}",
    ],
)
def test_no_file_outside_the_recipe_gets_into_a_container(
    checkout: Path, text: str, path: str
) -> None:
    """Else a recipe could read the tokens of this machine."""
    (checkout / "link").symlink_to("../token")
    (checkout / "loop").symlink_to("loop")
    (checkout / "folder").mkdir()
    (checkout / "compose.yml").write_text(text.replace("PATH", path))

    with pytest.raises(RecipeFault, match="points outside the recipe"):
        app(checkout)


@pytest.mark.parametrize(
    ("chain", "file"),
    [
        # docker reads link/../../../token as ../../token
        ("compose.yml", "link/../../../token"),
        ("compose.yml", "./link/.././../../a/token"),
        # and takes compose.yml's folder for that of link/../compose.yml
        ("link/../compose.yml", "../../token"),
        ("link/../compose.yml:compose.yml", "../../token"),
    ],
)
def test_a_path_is_inside_whether_its_links_are_followed_or_cut_out(
    checkout: Path, chain: str, file: str
) -> None:
    """The docker command and the kernel differ on what lies above a link."""
    deep = checkout / "a/b/c"
    deep.mkdir(parents=True)
    (checkout / "link").symlink_to("a/b/c")
    (checkout / "token").write_text("the recipe's own\n")
    (checkout / "a/token").write_text("the recipe's own\n")
    for folder in (checkout, deep.parent):
        (folder / "compose.yml").write_text(f"{APP}configs: {{c: {{file: {file}}}}}\n")

    with pytest.raises(RecipeFault, match="points outside the recipe"):
        app(checkout, chain)


def test_a_link_inside_the_recipe_is_followed(checkout: Path) -> None:
    """To a file, a folder, and out of a folder again."""
    (checkout / "a/b").mkdir(parents=True)
    (checkout / "link").symlink_to("a/b")
    text = f"{APP}configs: {{c: {{file: link/f}}, d: {{file: link/../f}}}}\n"
    (checkout / "compose.yml").write_text(text)

    assert app(checkout).source.compose.files == ("link/f", "link/../f")


def test_files_of_the_recipe_and_bind_mounts_are_left_alone(checkout: Path) -> None:
    """A relative name is below the first compose file's folder."""
    (checkout / "deep").mkdir()
    (checkout / "deep/compose.yml").write_text(
        "services: {app: {image: a, env_file: ../own, volumes: ['/etc:/etc']}}\n"
        "configs: {c: {file: ./own}, d: {file: ../own}}"
    )

    assert app(checkout, "deep/compose.yml:compose.yml").source.compose.services


@pytest.mark.parametrize(
    "error", [ValueError, TypeError, AttributeError, RecursionError, OverflowError]
)
def test_what_the_reading_did_not_think_of_is_the_recipes_fault(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    """A net below the checks: a strange file ends its recipe's test, never the sweep."""

    def parse(*_: object) -> None:
        raise error("strange \x1b")

    monkeypatch.setattr(compose, "parse", parse)

    with pytest.raises(RecipeFault, match="no compose file that can be read") as caught:
        app(checkout)

    assert caught.value.what.isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "services: {app: {image: a, deploy: {replicas: " + "9" * 6000 + "}}}",
        "services: {app: {image: a, deploy: {replicas: 0x" + "f" * 6000 + "}}}",
    ],
)
def test_a_number_without_bound_is_the_recipes_fault(checkout: Path, text: str) -> None:
    """Python refuses to write such a number out."""
    (checkout / "compose.yml").write_text(text)

    with pytest.raises(RecipeFault):
        app(checkout)


def test_an_overlay_is_joined_last_and_lies_nowhere_in_the_recipe(checkout: Path) -> None:
    """Its words are the last, and its paths are the recipe's."""
    (checkout / "compose.yml").write_text("services: {app: {image: a, environment: {A: '1'}}}")
    over = "services: {app: {environment: {A: '2'}}, more: {image: b}}"

    read = with_overlay(checkout, over)

    assert read.source.compose.services["app"].environment == {"A": "2"}
    assert set(read.source.compose.services) == {"app", "more"}
    assert list(read.source.texts) == ["compose.yml", "overlay /srv/more.yml"]
    assert read.source.files == (checkout / "compose.yml",)


def test_what_only_an_overlay_breaks_is_the_hosts_fault(checkout: Path) -> None:
    """The recipe is whole without it."""
    (checkout / "compose.yml").write_text("services: {app: {image: a}}")

    with pytest.raises(HostFault, match=r"with the overlay /srv/more.yml: .*external") as fault:
        with_overlay(checkout, "volumes: {data: {external: true}}")
    assert "overlays" in fault.value.do
    with pytest.raises(HostFault, match="points outside the recipe"):
        with_overlay(checkout, "configs: {a: {file: ../../etc/passwd}}")


def test_what_is_broken_without_the_overlay_is_the_recipes_fault(checkout: Path) -> None:
    """And what an overlay mends is mended: that is what it is for."""
    (checkout / "compose.yml").write_text("services: {app: {deploy: {}}}")

    with pytest.raises(RecipeFault, match=r"compose.yml: services.app has no image"):
        with_overlay(checkout, "services: {app: {environment: {A: '1'}}}")
    assert with_overlay(checkout, "services: {app: {image: a}}").source.compose.services


def with_overlay(checkout: Path, text: str) -> App:
    names = Place("st", "note.test")
    return App.read("note", "1", names, checkout, {}, overlays={"overlay /srv/more.yml": text})
