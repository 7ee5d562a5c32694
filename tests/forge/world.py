"""A recipe whose mirror lies on the fake forge, with people who open pull requests there."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from canon_sweep.core.place import Place
from canon_sweep.core.pull import Found, Heads, Looked
from canon_sweep.forge.gitea import Gitea
from canon_sweep.forge.settling import Mirror, Settling
from canon_sweep.mirror import pulls
from canon_sweep.mirror.sync import sync
from forge.fake import FakeForge, FakePull, FakeRepo
from mirror.desk import Checkout, Files
from mirror.world import Repo

COMPOSE = "".join(f"line {n}\n" for n in range(40))


def edited(line: int, text: str = "other") -> str:
    """The compose file with one line changed."""
    return COMPOSE.replace(f"line {line}\n", f"{text} {line}\n")


@dataclass
class Desk:
    """Where a maintainer works on upstream, and others on their branches."""

    checkout: Checkout
    up: Repo
    mirror: FakeRepo

    @classmethod
    def made(cls, folder: Path, mirror: FakeRepo, up: Path | None = None) -> Desk:
        """An upstream with one commit, and nothing on the mirror."""
        upstream = Repo(up) if up else Repo.made(folder / "up.git")
        desk = cls(Checkout.of(upstream.path, folder / "desk"), upstream, mirror)
        desk.commits({"compose.yml": COMPOSE, "env": "A=1\n"})
        desk.publishes()
        return desk

    @property
    def path(self) -> Path:
        """The folder of the files."""
        return self.checkout.path

    def git(self, *args: str) -> str:
        return self.checkout.git(*args)

    def commits(self, files: Files, message: str = "change") -> str:
        """One more commit where we are."""
        return self.checkout.commits(files, message)

    def branch(self, *steps: Files, at: str = "main") -> str:
        """A branch with these commits."""
        return self.checkout.branches(*steps, at=at)

    def opens(self, *steps: Files, **more: object) -> FakePull:
        """Somebody opens a pull request with these commits."""
        head = self.branch(*steps)
        self.pushes(head, f"refs/keep/{head}")
        pull = self.mirror.opens(head, **more)
        self.mirror.repo.remove(f"refs/keep/{head}")
        return pull

    def pushes(self, commit: str, ref: str) -> None:
        """Somebody pushes a commit to the mirror itself."""
        self.checkout.pushes(self.mirror.repo.path, commit, ref)

    def releases(self, tag: str) -> None:
        """Upstream has what the desk has, and a tag of it."""
        commit = self.publishes()
        self.checkout.pushes(self.up.path, commit, f"refs/tags/{tag}")

    def merges(self, number: int) -> str:
        """Upstream merges a pull request with a merge commit."""
        head = self.mirror.head(number)
        self.git("merge", "-q", "--no-ff", "-m", f"merge {number}", head)
        return head

    def forwards(self, number: int) -> str:
        """Upstream moves main to a pull request's head."""
        head = self.mirror.head(number)
        self.git("merge", "-q", "--ff-only", head)
        return head

    def squashes(self, number: int) -> str:
        """Upstream takes a pull request as one commit."""
        self.git("merge", "-q", "--squash", self.mirror.head(number))
        self.git("commit", "-q", "-m", f"squash {number}")
        return self.checkout.head()

    def publishes(self) -> str:
        """Upstream has what the desk has."""
        self.checkout.pushes(self.up.path, "main", "refs/heads/main")
        return self.checkout.head()


@dataclass
class Turn:
    """A recipe's turn in a sweep, as far as pull requests go; the memory outlives it."""

    fake: FakeForge
    desk: Desk
    clone: Path
    memory: Looked
    said: list[str] = field(default_factory=list)
    fetched: int = 0

    @classmethod
    def of(cls, fake: FakeForge, desk: Desk, folder: Path) -> Turn:
        """Nothing was looked at yet."""
        url = fake.mirror(desk.mirror.owner, desk.mirror.name)
        return cls(fake, desk, folder / "cache" / "notes.git", Looked(url))

    @property
    def place(self) -> Place:
        """Where the mirror lies."""
        return Place(self.desk.mirror.owner, self.desk.mirror.name)

    def comes(self, *, only_looks: bool = False) -> dict[int, str]:
        """Sync, then settle; what was closed."""
        settling = self.settling(only_looks=only_looks)
        settling.settle()
        return settling.closed

    def settling(self, *, only_looks: bool = False) -> Settling:
        """The mirror is synced, and its pull requests asked for."""
        url = self.memory.mirror
        login = self.fake.credentials()
        self.desk.publishes()
        main = sync(self.desk.up.path.as_uri(), url, self.clone, credentials=login, timeout=20).main
        mirror = Mirror(
            url=url,
            main=main,
            contained=lambda heads: pulls.contained(self.clone, main, heads, timeout=20),
            changed=lambda heads: self._changed(main, heads),
            say=self.said.append,
            upstream="https://up.example/notes",
        )
        forge = Gitea(self.fake.url, self.fake.token_file)
        listing = forge.pulls(self.place)
        return Settling(forge, mirror, listing, self.memory, self._remember, only_looks)

    def _changed(self, main: str, heads: Heads) -> dict[int, Found]:
        self.fetched += len(heads)
        return pulls.changed(
            self.memory.mirror,
            self.clone,
            main,
            heads,
            credentials=self.fake.credentials(),
            timeout=20,
        )

    def _remember(self, looked: Looked) -> None:
        self.memory = looked
