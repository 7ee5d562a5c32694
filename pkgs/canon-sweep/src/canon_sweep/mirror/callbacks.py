"""What libgit2 asks back while it talks to a remote: a login, trust, and whether to go on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pygit2
from pygit2.enums import CredentialType
from pygit2.remotes import TransferProgress

from canon_sweep.core.names import cut, printable
from canon_sweep.errors import SyncFault
from canon_sweep.mirror.address import Address, redacted
from canon_sweep.mirror.deadline import Deadline
from canon_sweep.settings.credential import Credential

# A recipe is some hundred kilobytes of text.
MOST_RECEIVED = 1024 * 1024 * 1024
_MOST_HEARD = 240
# how git says that there is no object
_NOTHING = "0" * 40

_Login = pygit2.Username | pygit2.UserPass | pygit2.Keypair


class TooMuchFault(SyncFault):
    """A remote sends more bytes than are taken of it."""


class Callbacks(pygit2.RemoteCallbacks):
    """The answers for one operation on one remote; ``reports`` has the server's, by ref.

    ``most`` is how many bytes of objects may come, ``received`` how many did.
    ``expected`` has what a push may overwrite, object ids by ref; None is anything.
    ``heard`` is the end of what the server's hooks had to say: a reason comes last.
    """

    def __init__(self, where: Address, credential: Credential | None, deadline: Deadline) -> None:
        super().__init__()
        self.most = MOST_RECEIVED
        self.received = 0
        self.reports: dict[str, str | None] = {}
        self.heard = ""
        self.expected: Mapping[str, str] | None = None
        self._where = where
        self._credential = credential
        self._deadline = deadline
        self._asked = CredentialType(0)

    def credentials(
        self, url: str, username_from_url: str | None, allowed_types: CredentialType
    ) -> _Login:
        """Log in with what is configured for the host, once.

        Raises:
            SyncFault: nothing is configured, its file cannot be read, it was refused, or a
                redirect has led to a server that it is not for.
        """
        self._deadline.check()
        if self._where.scheme != "ssh" and not self._where.has_server_of(url):
            # libgit2 follows a redirect to another port of the same host, whatever it is told
            raise self._fault(
                f"leads to {redacted(url)}, which asks for a login",
                "see that this is right and set it as the recipe's URL",
            )
        if self._asked & allowed_types:
            raise self._fault("refuses the configured login", self._new_login())
        credential = self._credential
        user = username_from_url or (credential.username if credential else "")
        ssh = self._where.scheme == "ssh"
        if credential and ssh and credential.ssh_key_file:
            if not allowed_types & CredentialType.SSH_KEY and (
                allowed_types & CredentialType.USERNAME
            ):
                self._asked |= CredentialType.USERNAME
                return pygit2.Username(user)
            self._asked |= CredentialType.SSH_KEY
            return self._key(user, credential.ssh_key_file, credential.ssh_passphrase_file)
        if credential and not ssh and credential.token_file:
            self._asked |= CredentialType.USERPASS_PLAINTEXT
            return pygit2.UserPass(user, self._secret(credential.token_file))
        wanted = "sshKeyFile" if ssh else "tokenFile"
        raise self._fault("asks for a login", f"set {wanted} in the credentials of its host")

    def certificate_check(self, _certificate: None, valid: bool, _host: bytes) -> bool:
        """Trust the host only if libgit2 does: by known hosts for ssh, by authority for https.

        Raises:
            SyncFault: it is not to be trusted.
        """
        self._deadline.check()
        if valid:
            return True
        if self._where.scheme == "ssh":
            raise self._fault(
                "shows a host key that is not among the known hosts",
                "compare the key with the host's own and add it to knownHostsFile",
            )
        raise self._fault(
            "shows a certificate that is not trusted", "see its validity and this machine's CAs"
        )

    def sideband_progress(self, string: str) -> None:
        """Keep what the server says beside the data."""
        self._deadline.check()
        self.heard = (self.heard + string)[-_MOST_HEARD:]

    def transfer_progress(self, stats: TransferProgress) -> None:
        """Stop receiving at the deadline, and before the disk is full.

        Raises:
            TooMuchFault: more comes than may.
            SyncFault: the deadline is reached.
        """
        self._deadline.check()
        self.received = stats.received_bytes
        if self.received > self.most:
            raise TooMuchFault(
                f"{self._where.shown} sends more than {self.most} bytes",
                do="see that it is a recipe's repository",
            )

    def push_negotiation(self, updates: list[pygit2.remotes.PushUpdate]) -> None:
        """Never begin to change the remote after the deadline, or after somebody else did.

        The server compares with the same ids once more when it takes a ref.

        Raises:
            SyncFault: either is so.
        """
        self._deadline.check()
        for update in updates if self.expected is not None else ():
            assert self.expected is not None
            now, name = str(update.src), update.dst_refname
            # a push that is made again may find its own work
            if now not in (self.expected.get(name, _NOTHING), str(update.dst)):
                raise self._fault(
                    f"was pushed to meanwhile: {printable(name)} is {now[:12]} now",
                    "this push was not made; the next run reads it again",
                )

    def push_transfer_progress(self, _done: int, _total: int, _bytes: int) -> None:
        """Stop sending at the deadline."""
        self._deadline.check()

    def push_update_reference(self, refname: str, message: str | None) -> None:
        """Keep the server's word on one ref: None if it was taken, else its reason."""
        self.reports[refname] = message

    def clean(self, text: str) -> str:
        """One bounded line of what a server said, without control characters and secrets."""
        for secret in self._known_secrets():
            text = text.replace(secret, "***")
        line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return cut(line, _MOST_HEARD)

    def _known_secrets(self) -> list[str]:
        credential = self._credential
        if credential is None:
            return []
        files = (credential.token_file, credential.ssh_passphrase_file)
        found = []
        for file in files:
            try:
                found += [file.read_text("utf-8").strip()] if file else []
            except (OSError, UnicodeDecodeError):
                continue
        return [secret for secret in found if secret]

    def _key(self, user: str, file: Path, passphrase: Path | None) -> pygit2.Keypair:
        if not file.is_file():
            raise self._fault(f"cannot be logged in to: {file} cannot be read", "see sshKeyFile")
        secret = self._secret(passphrase) if passphrase else ""
        return pygit2.Keypair(user, None, str(file), secret)

    def _secret(self, file: Path) -> str:
        try:
            secret = file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            secret = ""
        if not secret:
            raise self._fault(
                f"cannot be logged in to: {file} cannot be read or is empty",
                "see that the file is there and readable for the service",
            )
        if len(secret.splitlines()) > 1:
            raise self._fault(
                f"cannot be logged in to: {file} has more than one line",
                "leave the line with the secret, and no other",
            )
        return secret

    def _new_login(self) -> str:
        credential = self._credential
        if credential and credential.token_file and self._where.scheme != "ssh":
            return f"make a new token and write it into {credential.token_file.origin}"
        key = credential.ssh_key_file if credential else None
        return f"see that the account has the public half of {key}"

    def _fault(self, what: str, do: str) -> SyncFault:
        return SyncFault(f"{self._where.shown} {what}", do=do)


class DeafCallbacks(Callbacks):
    """As `Callbacks`, without the server's chatter.

    pygit2 decodes it packet by packet and fails in the middle of a character;
    what nobody listens to it leaves alone.
    """

    sideband_progress = None  # type: ignore[assignment]
