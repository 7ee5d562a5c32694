"""How to log in at a git host; what asks remotes imports this, and no other setting."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from canon_sweep.core.address import Address
from canon_sweep.settings.table import Table
from canon_sweep.settings.values import SecretFile, Text


class Credential(Table, frozen=True, kw_only=True):
    """How to log in at one git host.  Secrets are named by file, never written here.

    A token is sent as the password of ``username``.  An ssh key is used for ssh
    remotes; its host must be in ``knownHostsFile``.
    """

    username: Text = "git"
    token_file: SecretFile | None = None
    ssh_key_file: SecretFile | None = None
    ssh_passphrase_file: SecretFile | None = None
    known_hosts_file: Path | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """All that has to be read to log in."""
        files = (self.token_file, self.ssh_key_file, self.ssh_passphrase_file)
        return tuple(filter(None, (*files, self.known_hosts_file)))


def login_of(credentials: Mapping[str, Credential], address: Address) -> Credential | None:
    """What a remote is logged in to with, if anything."""
    return next((credentials[key] for key in address.keys if key in credentials), None)
