"""What is read from compose files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canon_sweep.core.compose import Compose, parse
from canon_sweep.core.envfile import Comment
from canon_sweep.core.interpolation import interpolate
from canon_sweep.core.modifier import Making
from canon_sweep.core.secret import Secret
from canon_sweep.errors import RecipeFault

GOOD = """
version: "3.8"
services:
  app:
    image: notes:${TAG:-1}
    environment: [DATA=/data, FLAG]
    volumes:
      - data:/data
      - ./local:/etc/local
      - {type: volume, source: more, target: /more}
      - {type: bind, source: /etc, target: /host}
    deploy:
      replicas: 2
      labels:
        - "coop-cloud.${STACK_NAME}.version=1.0.0+1"
        - coop-cloud.${STACK_NAME}.timeout=120
volumes:
  data:
  more: {name: "${STACK_NAME}_other"}
secrets:
  db_password: {external: true, name: "${STACK_NAME}_db_password_${SECRET_DB_PASSWORD_VERSION}"}
  foreign: {external: true, name: shared}
  old: {external: {name: st_old_v1}}
networks:
  proxy: {external: true}
  old: {external: {name: older}}
  inner:
"""
ENV = {"STACK_NAME": "st", "SECRET_DB_PASSWORD_VERSION": "v2"}


def read(*texts: str, stack: str = "st") -> Compose:
    named = {f"{number}.yml": text for number, text in enumerate(texts)}
    comment = Comment(".env.sample", 1, " length=12")
    return parse(named, stack, ENV, {"SECRET_DB_PASSWORD_VERSION": comment})


def test_a_compose_file_is_read_for_what_the_sweep_needs() -> None:
    """Images, own volumes, own secrets and Co-op Cloud's labels."""
    compose = read(GOOD)
    app = compose.services["app"]

    assert app.image == "notes:1"
    assert app.replicas == 2
    assert app.mounts == {"/data": "data", "/more": "more"}
    assert app.environment == {"DATA": "/data"}
    assert compose.volumes == {"data": "st_data", "more": "st_other"}
    assert compose.secrets == (
        Secret("st_db_password_v2", Making(12)),
        Secret("st_old_v1", Making(32)),
    )
    assert compose.networks == ("proxy", "older")
    assert compose.timeout == 120
    assert compose.version == "1.0.0+1"


def test_a_later_file_overrides() -> None:
    """``COMPOSE_FILE`` chains overlays."""
    over = "services: {app: {image: other, deploy: {labels: [coop-cloud.st.timeout=9]}}}"

    compose = read(GOOD, over)

    assert compose.services["app"].image == "other"
    assert compose.services["app"].mounts["/data"] == "data"
    assert compose.timeout == 9


LIST = "labels: [coop-cloud.st.timeout=60, flag], environment: [A=1, B]"
TABLE = "labels: {coop-cloud.st.version: 1.0.0+1, flag: x}, environment: {A: 2, C: 3}"


@pytest.mark.parametrize(
    ("first", "second", "environment"),
    [
        (LIST, TABLE, {"A": "2", "C": "3"}),
        (TABLE, LIST, {"A": "1", "C": "3"}),
    ],
)
def test_labels_and_environments_are_joined_by_name(
    first: str, second: str, environment: dict[str, str]
) -> None:
    """Whichever way each file writes them."""
    compose = read(f"services: {{app: {{image: a, {first}}}}}", f"services: {{app: {{{second}}}}}")

    assert compose.timeout == 60
    assert compose.version == "1.0.0+1"
    assert compose.services["app"].environment == environment


def test_labels_of_a_deploy_are_joined_by_name() -> None:
    """As those of a service."""
    first = "services: {app: {image: a, deploy: {labels: [coop-cloud.st.timeout=60]}}}"

    assert read(first, "services: {app: {deploy: {labels: {extra: '1'}}}}").timeout == 60


@pytest.mark.parametrize("after", ["---\nservices: {more: {image: b}}", "---\n[", "...\nx: ["])
def test_only_a_files_first_document_is_read(after: str) -> None:
    """Docker reads no other."""
    assert set(read(f"---\nservices: {{app: {{image: a}}}}\n{after}").services) == {"app"}


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("services: {app: [}", "not YAML, line 1"),
        ("- a", "no table"),
        ("", "no table"),
        ("services: {}", "no services"),
        ("services: []\nx: 1", "no services"),
        ("services: [a]", "no table"),
        ("services: {app: {}}", "no image"),
        ("services: {app: text}", "no table"),
        ("services: {'../x': {image: a}}", "no service name"),
        ("services: {app: {image: a, deploy: {replicas: many}}}", "no number"),
        ("services: {app: {image: a}}\nvolumes: {data: {name: shared}}", "outside its stack"),
        ("services: {app: {image: a}}\nvolumes: {data: {name: '../st_data'}}", "volume name"),
        ("services: {app: {image: '${X:?set it}'}}", "set it"),
        ("services: {app: {image: 'a$ b'}}", "lone"),
        ('services: {app: {image: "${X:?a\\e[2J}"}}', r"not set: a\\x1b\[2J"),
        ('services: {app: {image: "${X:?a\\ud800}"}}', "half a character"),
        ('services: {app: {image: a}}\nx: {"\\udfff": 1}', "half a character"),
        ("a: &a [*a]", "unfolds"),
        ("[" * 1000, "not YAML"),
    ],
)
def test_a_bad_file_is_the_recipes_fault_in_one_line(text: str, cause: str) -> None:
    """The file is named, and the cause; nothing else is thrown."""
    with pytest.raises(RecipeFault, match=cause) as caught:
        read(text)

    assert "0.yml" in str(caught.value)
    assert "\n" not in str(caught.value)


APP = "services: {app: {image: a}}\n"


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (APP + "networks: [proxy]", "networks is no table"),
        (APP + "networks: {p: x}", "networks.p is no table"),
        (APP + "networks: {p: {name: 'x; rm -rf /', external: true}}", "no network name"),
        (APP + "networks: {p: {external: {name: '$(x)'}}}".replace("$", "$$"), "no network name"),
        (APP + "configs: {p: x}", "configs.p is no table"),
        (APP + "configs: {p: {file: [x]}}", "configs.p: file is no path"),
        (APP + "secrets: {s: x}", "secrets.s is no table"),
        (APP + "secrets: {s: {labels: 1}}", "secrets.s: labels is neither"),
        (APP + "volumes: {d: {labels: x}}", "volumes.d: labels is neither"),
        (APP + "volumes: x", "volumes is no table"),
        ("services: {app: {image: a, networks: 1}}", "networks is neither"),
        ("services: {app: {image: a, volumes: {a: b}}}", "volumes is no list"),
        ("services: {app: {image: a, environment: x}}", "environment is neither"),
        ("services: {app: {image: a, labels: x}}", "labels is neither"),
        ("services: {app: {image: a, deploy: {labels: x}}}", "labels is neither"),
        ("services: {app: {image: a, env_file: {a: b}}}", "env_file is no path"),
    ],
)
def test_a_table_of_another_shape_is_the_recipes_fault(text: str, cause: str) -> None:
    """Also in a file that a later one overrides: each is read by whoever deploys it."""
    over = "networks: {p: {}}\nconfigs: {p: {}}\nsecrets: {s: {}}\nvolumes: {d: {}}\n"

    for texts in ((text,), (text, APP + over)):
        with pytest.raises(RecipeFault, match=cause) as caught:
            read(*texts)
        assert caught.value.what.isprintable()


@pytest.mark.parametrize("replicas", [".inf", "-.inf", ".nan", "-1", "1" * 99, "101", "1.5", "yes"])
def test_a_number_of_replicas_that_no_host_has_is_refused(replicas: str) -> None:
    """Nothing is computed with it, and no Swarm is asked for it."""
    with pytest.raises(RecipeFault, match="replicas"):
        read(f"services: {{app: {{image: a, deploy: {{replicas: {replicas}}}}}}}")


@pytest.mark.parametrize("external", ["true", "{name: canon-1_data}", "{}", "'true'"])
def test_an_external_volume_is_refused(external: str) -> None:
    """It is never cold, and would be written to even if it is another recipe's canonical."""
    text = f"{APP}volumes: {{vol: {{external: {external}, name: canon-1_data}}}}"

    for texts in ((text,), (text, APP + "volumes: {vol: {external: false, name: st_vol}}")):
        with pytest.raises(RecipeFault, match="volume vol is external: it is never cold"):
            read(*texts)


def test_the_files_that_it_names_are_listed() -> None:
    """Those of every compose file: the deploy reads an env_file before it is overridden."""
    base = "services: {app: {image: a, env_file: a.env}}\nconfigs: {c: {file: ./c}}"
    over = "services: {app: {env_file: [b.env]}}\nsecrets: {s: {file: s}}"

    assert set(read(base, over).files) == {"a.env", "./c", "b.env", "s"}


@pytest.mark.parametrize(
    ("first", "second", "environment"),
    [
        ("{A: x}", "{A: 0}", {"A": "0"}),
        ("{A: x}", "{A: , B: 1}", {"A": "x", "B": "1"}),
        ("{A: x}", "['A=', B=1]", {"A": "x", "B": "1"}),
        ("{command: x, test: x}", "{command: a b}", {"command": "a b", "test": "x"}),
    ],
)
def test_a_later_file_changes_a_variable_if_it_says_anything(
    first: str, second: str, environment: dict[str, str]
) -> None:
    """A zero is something; and a variable may be called as a key of compose files."""
    text = "services: {app: {image: a, environment: BODY}}"

    both = read(text.replace("BODY", first), text.replace("BODY", second))

    assert both.services["app"].environment == environment


def test_a_later_file_can_end_a_service() -> None:
    """By 0 replicas, which docker does not take for nothing said."""
    text = "services: {app: {image: a}, db: {image: a, deploy: {replicas: NUMBER}}}"

    both = read(text.replace("NUMBER", "2"), text.replace("NUMBER", "0"))

    assert both.services["db"].replicas == 0


@pytest.mark.parametrize("version", ["0", "", "''"])
def test_a_later_file_changes_a_label_whatever_it_says(version: str) -> None:
    """Nothing is an empty label."""
    text = "services: {app: {image: a, labels: {coop-cloud.st.version: VERSION}}}"

    both = read(text.replace("VERSION", "1"), text.replace("VERSION", version))

    assert both.version == version.strip("'")


def test_a_file_that_unfolds_without_bound_is_refused() -> None:
    """Nine aliases of nine aliases are small only on paper."""
    levels = ["a0: &a0 [x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]

    with pytest.raises(RecipeFault, match="unfolds"):
        read("\n".join(levels))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("$A ${A}", "1 1"),
        ("$$A", "$A"),
        ("${B-x}${B:-x}${A-x}", "xx1"),
        ("${E-x}|${E:-x}", "|x"),
        ("${B}", ""),
        # a default ends at the first brace, and is not filled in itself
        ("${B:-${A:-x}}", "${A:-x}"),
        ("${B:-$A}", "$A"),
        # and needs none
        ("$A-x y", "1"),
        ("$B-x y", "x y"),
        # the first sign that docker looks for, wherever it stands
        ("${B?no:-x}", "x"),
        ("${A:?a-b}", "b"),
        # a mistake is forgotten when a variable comes after it
        ("${B:+x} $A", "{B:+x} 1"),
    ],
)
def test_variables_follow_the_rules_of_compose_files(text: str, wanted: str) -> None:
    """Docker's own, which are no shell's."""
    assert interpolate(text, {"A": "1", "E": ""}, "f") == wanted


@pytest.mark.parametrize("text", ["${A+x}", "$A $", "${", "${1}", "${A:=x}", "${B?}", "${E:?}"])
def test_what_docker_refuses_to_fill_in_is_refused(text: str) -> None:
    """With the text that is meant, or the name of what is missing."""
    with pytest.raises(RecipeFault, match=r"lone '\$'|is not set"):
        interpolate(text, {"A": "1", "E": ""}, "f")


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    """A hostile file never ends a sweep."""
    try:
        read(text)
    except RecipeFault as fault:
        said = fault.what
    else:
        said = ""

    assert "\n" not in said


def test_a_release_of_which_nothing_would_run_is_refused() -> None:
    """It would come up at once, and show nothing; one service that is off is fine."""
    off = "image: a, deploy: {replicas: 0}"

    with pytest.raises(RecipeFault, match="0 replicas"):
        read(f"services: {{app: {{{off}}}, db: {{{off}}}}}")
    assert read(f"services: {{app: {{image: a}}, db: {{{off}}}}}").services["db"].replicas == 0


@pytest.mark.parametrize(
    ("body", "checked"),
    [
        ("image: a", False),
        ("image: a, healthcheck: {test: [CMD, 'true']}", True),
        ("image: a, healthcheck: {interval: 5s}", True),
        ("image: a, healthcheck: {test: [NONE]}", False),
        ("image: a, healthcheck: {test: [CMD, 'true'], disable: true}", False),
        ("image: a, healthcheck: nonsense", False),
        ("image: a, x-canon-sweep: {ready: {port: 80}}", True),
    ],
)
def test_a_health_check_is_seen(body: str, checked: bool) -> None:
    """Of any service that runs; one that is switched off is none."""
    assert read(f"services: {{app: {{image: a}}, db: {{{body}}}}}").checked is checked
    off = body.replace("image: a", "image: a, deploy: {replicas: 0}")
    assert not read(f"services: {{app: {{image: a}}, db: {{{off}}}}}").checked
