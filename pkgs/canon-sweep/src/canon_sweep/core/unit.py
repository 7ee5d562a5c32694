"""What systemd tells the commands that it runs after a service's end: systemd.exec(5)."""

from __future__ import annotations

from collections.abc import Mapping

_NO_CREDENTIALS = ("exited", "243")


def never_began(environ: Mapping[str, str]) -> str | None:
    """Say why a service never began, where systemd has a number alone for it; else None."""
    if (environ.get("EXIT_CODE"), environ.get("EXIT_STATUS")) != _NO_CREDENTIALS:
        return None
    return (
        "the service did not begin: a file with a secret, which a LoadCredential= of its unit"
        " names, is missing or cannot be read; on NixOS `sudo canon-sweep status` says which"
    )
