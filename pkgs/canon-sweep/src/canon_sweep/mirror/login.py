"""The login of a remote over HTTP, as libgit2 sends it, where another program asks."""

from __future__ import annotations

import base64

from canon_sweep.settings.credential import Credential


def header(credential: Credential | None) -> dict[str, str]:
    """The header of an HTTP request; none where there is nothing to log in with."""
    if credential is None or credential.token_file is None:
        return {}
    try:
        token = credential.token_file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return {}
    pair = base64.b64encode(f"{credential.username}:{token}".encode())
    return {"Authorization": f"Basic {pair.decode()}"}
