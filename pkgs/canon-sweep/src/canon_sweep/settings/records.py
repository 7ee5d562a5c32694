"""The records that a configuration is read into.

Every class is one TOML table.  Keys are written in camelCase, as the options
of the NixOS module are.
"""

from __future__ import annotations

from pathlib import Path

import msgspec


class Credential(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """How to log in at one git host.  Secrets are named by file, never written here.

    A token is sent as the password of ``username``.  An ssh key is used for ssh
    remotes; its host must be in ``knownHostsFile``.
    """

    username: str = "git"
    token_file: Path | None = None
    ssh_key_file: Path | None = None
    ssh_passphrase_file: Path | None = None
    known_hosts_file: Path | None = None
