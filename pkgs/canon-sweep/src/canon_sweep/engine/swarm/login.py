"""The logins of registries: from the settings' files to what the engine is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from canon_sweep.engine.swarm.pull import HUB, LoginFault, PullFault, quoted
from canon_sweep.settings.records import Registry

# how the engine knows it
_HUB_ADDRESS = "https://index.docker.io/v1/"
MAX_PASSWORD = 4096


def login_of(registry: str, known: Mapping[str, Registry]) -> dict[str, str]:
    """What the engine is given to ask a registry; empty where the settings have no login.

    Raises:
        LoginFault: the password's file cannot be used; nobody was asked.
    """
    login = known.get(registry)
    if login is None:
        return {}
    return {
        "username": login.username,
        "password": _password(login, f'registries."{registry}".passwordFile'),
        "serveraddress": _HUB_ADDRESS if registry == HUB else registry,
    }


def ask(client: Any, login: Mapping[str, str]) -> None:
    """Have the engine ask a registry whether it takes a login; nobody keeps anything.

    Not by the SDK's own method, which reads the docker command's files, and runs the
    programs that they name.

    Raises:
        PullFault: it does not.
    """
    url = f"{client.base_url}/v{client.api_version}/auth"
    answer = client.post(url, json=dict(login), timeout=client.timeout)
    if not answer.ok:
        raise PullFault(quoted(_message(answer), login))


def _message(answer: Any) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, LookupError, TypeError):
        return str(answer.text)


def _password(login: Registry, key: str) -> str:
    try:
        with login.password_file.open("rb") as file:
            password = file.read(MAX_PASSWORD + 1).decode("utf-8").strip("\r\n")
    except OSError as error:
        raise LoginFault(f"{key}: {login.password_file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise LoginFault(f"{key}: {login.password_file} is not UTF-8 text") from None
    if not password or len(password) > MAX_PASSWORD:
        raise LoginFault(f"{key}: {login.password_file} has no password")
    return password
