"""One remote, spoken to through libgit2: advertise, fetch, push."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TypeVar

import pygit2

from canon_sweep.core.address import folder_of
from canon_sweep.errors import SyncFault
from canon_sweep.mirror import again, disk, folder, refusal, stray
from canon_sweep.mirror.address import address
from canon_sweep.mirror.advertisement import Advertisement, BusyFault, RestFault
from canon_sweep.mirror.aside import set_aside
from canon_sweep.mirror.callbacks import MOST_RECEIVED, Callbacks, DeafCallbacks
from canon_sweep.mirror.deadline import Deadline
from canon_sweep.mirror.home import as_home
from canon_sweep.mirror.libgit2 import GIT_ERRORS, flushing, writing
from canon_sweep.mirror.moved import moved_to
from canon_sweep.mirror.refusal import Role
from canon_sweep.mirror.scratch import scratch
from canon_sweep.settings.credential import Credential, login_of

T = TypeVar("T")

_NAME = "canon-sweep"


class Remote:
    """One remote URL, spoken to from the repository ``repo``, with ``tmp`` for its files.

    ``role`` is what the settings name it as; it decides what is advised, and nothing else.

    ``advertise`` and ``fetch`` share one connection, so that what is fetched
    is what was advertised; the end of the ``with`` block closes it.
    """

    def __init__(
        self,
        repo: pygit2.Repository,
        url: str,
        credentials: Mapping[str, Credential],
        deadline: Deadline,
        tmp: Path,
        *,
        role: Role = "upstream",
    ) -> None:
        self._repo = repo
        self._tmp = tmp
        self._role = role
        self._address = address(url)
        self._credential = login_of(credentials, self._address)
        self._deadline = deadline
        self._line: pygit2.Remote | None = None
        self._advertised: Mapping[str, str] | None = None

    def __enter__(self) -> Remote:
        return self

    def __exit__(self, *_error: object) -> None:
        self._line = None

    @property
    def shown(self) -> str:
        """The URL without secrets."""
        return self._address.shown

    def moved_to(self) -> str:
        """The URL that its server says it has now; empty if it is where it was."""
        return moved_to(self._address, self._credential, self._deadline)

    def advertise(self) -> Advertisement:
        """Connect and read what the remote has.

        Raises:
            SyncFault: it cannot be reached, or refuses us.
        """
        heads = self._once_more(self._heads)
        self._deadline.check()
        refs: dict[str, str] = {}
        strays: dict[str, str] = {}
        head = None
        for entry in heads:
            name = entry.name or ""
            if name == "HEAD":
                head = entry.symref_target
            elif not name.endswith("^{}"):
                (strays if stray.problem(name) else refs)[name] = str(entry.oid)
        self._advertised = refs
        return Advertisement(refs, head, strays)

    def _heads(self) -> list[pygit2.remotes.RemoteHead]:
        with self._speaking("cannot be read"):
            self._line = self._connected()
            return list(self._line.list_heads(connect=False))

    def _connected(self) -> pygit2.Remote:
        line = self._open()
        line.connect(callbacks=self._callbacks(), proxy=True)
        return line

    def fetch(self, specs: Sequence[str], most: int = MOST_RECEIVED) -> int:
        """Fetch by ``specs`` over the connection of `advertise`; no other ref is written.

        Gives how many bytes of objects came.

        Raises:
            DiskFault: what comes cannot be written.
            TooMuchFault: more than ``most`` bytes come; they are not kept.
            SyncFault: the answer is broken or does not come.
        """
        try:
            received = self._once_more(lambda: self._fetch(specs, most))
        finally:
            self._line = None
        self._deadline.check()
        return received

    def _fetch(self, specs: Sequence[str], most: int) -> int:
        callbacks = self._callbacks()
        callbacks.most = most
        with self._speaking("cannot be fetched from"), writing(Path(self._repo.path)):
            line = self._line or self._open()
            with set_aside(self._repo):
                line.fetch(list(specs), callbacks=callbacks, proxy=True)
        return callbacks.received

    def push(self, updates: Sequence[str], deletions: Sequence[str], taken: set[str]) -> None:
        """Force every ref of ``updates`` to what the repository has, and remove ``deletions``.

        Nothing is sent if one of them is no longer what `advertise` has read.

        The refs that the remote says it took are added to ``taken``, also before an error.

        Raises:
            SyncFault: the remote cannot be reached, or did not take every ref.
        """
        # Deletions first: a tag `a` may have to make room for a tag `a/b`.
        specs = [*(f":{ref}" for ref in deletions), *(f"+{ref}:{ref}" for ref in updates)]
        callbacks = self._once_more(lambda: self._pushed(specs, taken))
        self._check_taken([*deletions, *updates], callbacks)
        self._deadline.check()

    def _pushed(self, specs: Sequence[str], taken: set[str]) -> Callbacks:
        callbacks = self._callbacks(Callbacks)
        try:
            with self._speaking("cannot be pushed to", UnicodeDecodeError):
                self._send(specs, callbacks, taken)
        except UnicodeDecodeError:
            # The server's chatter is not UTF-8, and pygit2 stops at it: push again, unheard.
            callbacks = self._callbacks()
            with self._speaking("cannot be pushed to"):
                self._send(specs, callbacks, taken)
        return callbacks

    def _send(self, specs: Sequence[str], callbacks: Callbacks, taken: set[str]) -> None:
        callbacks.expected = self._advertised
        # a server flushes what it is sent; of a folder nobody does, and the power may go
        is_folder = folder_of(self._address.url) is not None
        try:
            with flushing() if is_folder else nullcontext():
                self._open().push(list(specs), callbacks=callbacks, proxy=True)
        finally:
            taken.update(ref for ref, refusal in callbacks.reports.items() if refusal is None)

    def _callbacks(self, kind: type[Callbacks] = DeafCallbacks) -> Callbacks:
        return kind(self._address, self._credential, self._deadline)

    def _open(self) -> pygit2.Remote:
        with writing(Path(self._repo.path)):
            config = self._repo.config
            # libgit2 would show a credential to whichever host a redirect leads to.
            config["http.followRedirects"] = "initial" if self._credential is None else "false"
            # A named remote, because only a name can be told not to follow tags by itself.
            config[f"remote.{_NAME}.url"] = self._address.url
            config[f"remote.{_NAME}.tagOpt"] = "--no-tags"
            return self._repo.remotes[_NAME]

    def _once_more(self, work: Callable[[], T]) -> T:
        """Do it, and once more where the server was only busy and there is time to wait.

        A push that was taken all the same finds its own work the second time.
        """
        try:
            return work()
        except BusyFault as busy:
            seconds = again.pause(self._address, self._credential, self._deadline)
            if seconds >= self._deadline.left():
                if seconds <= again.SHORT:
                    raise
                raise RestFault(
                    f"{busy.what}; it wants to be left alone for {seconds:.0f} s", do=busy.do
                ) from None
            time.sleep(seconds)
            return work()

    @contextmanager
    def _speaking(self, failure: str, *let_through: type[Exception]) -> Iterator[None]:
        """Turn every error of libgit2 into one sentence that names the remote."""
        self._deadline.waiting_for = self.shown
        self._deadline.check()
        milliseconds = max(1, int(self._deadline.left() * 1000))
        pygit2.settings.server_connect_timeout = milliseconds
        pygit2.settings.server_timeout = milliseconds
        try:
            folder.check(self._address, self._role)
            with self._known_hosts():
                yield
        except let_through:
            raise
        except GIT_ERRORS as error:
            self._line = None
            self._deadline.check()
            why = self._callbacks().clean(str(error)) or type(error).__name__
            place = folder_of(self._address.url)
            # a folder is on a disk of its own
            words = disk.shortage(error) if place is None else disk.exhaustion(error)
            if words is not None:
                raise disk.fault_of(f"{self.shown} {failure}: {why}", words) from None
            # Not chained: libgit2's text may repeat what `clean` has just removed.
            kind = BusyFault if refusal.is_passing(why) else SyncFault
            step = refusal.advice_of(why, self._role, place)
            raise kind(f"{self.shown} {failure}: {why}", do=step) from None

    @contextmanager
    def _known_hosts(self) -> Iterator[None]:
        """Let libgit2 find the known hosts of this remote, and no others.

        A thread that was left behind at its deadline ends whenever it does: by then the
        home folder may be that of the next sync, which is not to be taken from it.
        """
        if self._address.scheme != "ssh":
            yield
            return
        hosts = self._credential and self._credential.known_hosts_file
        if not hosts:
            raise SyncFault(
                f"{self.shown} is refused: no known hosts are configured for it",
                do=f"set knownHostsFile in the credentials of {self._address.host}",
            )
        try:
            known = hosts.read_bytes()
        except OSError as error:
            if disk.exhaustion(error) is not None:
                raise
            what = f"{self.shown} cannot be spoken to: the known hosts {hosts} cannot be read"
            raise SyncFault(
                f"{what}: {error.strerror}",
                do="put them there, readable for this user, or name another file in knownHostsFile",
            ) from None
        with scratch(self._tmp) as home, as_home(home, known, self._deadline):
            yield

    def _check_taken(self, refs: Sequence[str], callbacks: Callbacks) -> None:
        """A push that was answered is not a push that was done: look at every ref."""
        reports = {
            ref: why and (callbacks.clean(why) or "no reason")
            for ref, why in ((ref, callbacks.reports.get(ref, "no answer")) for ref in refs)
        }
        place = folder_of(self._address.url)
        if place is not None:
            # nobody else has a say in it: these are libgit2's words, and the kernel's
            for why in filter(None, reports.values()):
                words = disk.exhaustion(OSError(why))
                if words is not None:
                    raise disk.fault_of(f"{self.shown} cannot be pushed to: {why}", words)
        told = refusal.rejection(reports, callbacks.clean(callbacks.heard), place)
        if told is not None:
            what, do = told
            raise SyncFault(f"{self.shown} {what}", do=do)
