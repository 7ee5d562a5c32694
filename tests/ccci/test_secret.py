"""What looks like a secret goes to a file of its own, and what does not stays readable."""

from __future__ import annotations

import pytest

from canon_sweep.ccci.secret import bears_secret, is_secret

RANDOM = "3c9a0f1e7b5d4f2e8a6c1d0b9e8f7a6d"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ADMIN_PASSWORD", "correct horse"),
        ("SECRET_KEY_BASE", "short"),
        ("API_TOKEN", "abc"),
        ("SSH_KEY", "x"),
        ("smtp_pass", "1234"),
        ("INITIAL_ADMIN_PW", "admin"),
        ("DATABASE_URL", "postgres://ci:hunter2@db/ci"),
        ("ANYTHING", RANDOM),
        ("ANYTHING", "ghp_16C7e42F292c6912E7710c838347Ae178B4a"),
        ("ANYTHING", "prefix " + RANDOM),
        ("CERT", "-----BEGIN EC PRIVATE KEY-----\nabc"),
        ("JWT", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc"),
    ],
)
def test_a_secret(name: str, value: str) -> None:
    """By its name, or by itself."""
    assert is_secret(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_ADMIN_PASSWORD_VERSION", "v1"),
        ("SECRET_KEY_LENGTH", "64"),
        ("PASSWORD_RESET_ENABLED", "true"),
        ("PASSWORD", ""),
        ("TOKEN", "false"),
        ("PASSWORD_FILE", "/run/secrets/password"),
        ("SMTP_PASSWORD", "/run/secrets/smtp"),
        ("KEYCLOAK_URL", "https://keycloak.ci.example.org/realms/docs"),
        ("OIDC_CLIENT_ID", "docs"),
        ("COMPOSE_FILE", "compose.yml:compose.sqlite3.yml:compose.host-ports.yml"),
        ("DRONE_USER_CREATE", "username:ci,admin:true"),
        ("WELCOME_TEXT", "a-rather-long-name-that-has-3-words-and-2-digits-in-it"),
        ("LINK", "https://git.coopcloud.tech/coop-cloud/lasuite-docs"),
        ("EMPTY", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1111"),
    ],
)
def test_no_secret(name: str, value: str) -> None:
    """What only speaks of one, and what anybody may read."""
    assert not is_secret(name, value)


def test_a_secret_in_a_path() -> None:
    """Also what is no variable may have one."""
    assert bears_secret(f"/health?token={RANDOM}")
    assert not bears_secret("/ghost/api/admin/site/")
