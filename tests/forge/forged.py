"""A fleet of the stories whose mirrors lie on a real Gitea, and people who work there."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from forge.gitea_host import SCOPES, SWEEPER, Gitea, Repository
from mirror.world import git
from stories.fleet import RUNS, Fleet, compose


@dataclass
class Forged:
    """A fleet, and its organisation, of which the sweep's account is no member.

    It may write the mirrors that it was let in to.
    """

    host: Gitea
    fleet: Fleet
    mirrors: dict[str, Repository] = field(default_factory=dict)

    @classmethod
    def made(cls, host: Gitea, folder: Path) -> Forged:
        """A fleet without recipes in a new folder."""
        own = folder / host.name("fleet")
        own.mkdir()
        made = cls(host, Fleet(own))
        host.does("POST", "/orgs", {"username": made.owner})
        made.logs_in_with(*SCOPES)
        return made

    @property
    def owner(self) -> str:
        """The organisation that has the mirrors."""
        return self.fleet.folder.name

    @property
    def token_file(self) -> Path:
        """Where the sweep's token is."""
        return self.fleet.folder.parent / f"{self.owner}-token"

    def logs_in_with(self, *scopes: str) -> None:
        """Use a token from now on that may do no more than this."""
        self.token_file.write_text(self.host.token(SWEEPER, *scopes))
        login = {"username": SWEEPER, "tokenFile": str(self.token_file)}
        self.fleet.options["credentials"] = {self.host.address: login}

    def joins(self) -> None:
        """Let the sweep's account make repositories in the organisation, and see no others.

        A token that may do this says more than one that only pushes.
        """
        self.logs_in_with(*SCOPES, "write:organization")
        about = {
            "name": "makers",
            "permission": "write",
            "units": ["repo.code", "repo.pulls"],
            "can_create_org_repo": True,
            "includes_all_repositories": False,
        }
        team = self.host.does("POST", f"/orgs/{self.owner}/teams", about)["id"]
        self.host.does("PUT", f"/teams/{team}/members/{SWEEPER}")

    def settles(self, **options: object) -> None:
        """Name the forge in the settings, with these options of it."""
        forge = {"type": "gitea", "url": self.host.url, "tokenFile": str(self.token_file)}
        self.fleet.options["forge"] = forge | options

    def adds(self, recipe: str) -> None:
        """One more recipe, and its mirror."""
        self.mirrors[recipe] = self.host.repo(self.owner, recipe)
        self.mirrors[recipe].allows(SWEEPER, "write")
        self.fleet.add(recipe, mirror=self.mirrors[recipe].url)


@dataclass
class Desk:
    """Where people work on a recipe: on branches of its mirror, and on upstream."""

    path: Path
    mirror: Repository
    upstream: Path

    @classmethod
    def of(cls, forged: Forged, recipe: str) -> Desk:
        """A work tree of upstream's main."""
        path, upstream = forged.fleet.folder.parent / "desk", forged.fleet.upstream(recipe)
        git("clone", "-q", "-b", "main", str(upstream), str(path), cwd=forged.fleet.folder)
        return cls(path, forged.mirrors[recipe], upstream)

    def branches(self, name: str, *texts: str) -> None:
        """Somebody pushes a branch to the mirror, with a commit for each text."""
        self.git("checkout", "-q", "-b", name, "main")
        for text in texts:
            with (self.path / f"{name}.txt").open("a") as file:
                file.write(f"{text}\n")
            self.git("add", ".")
            self.git("commit", "-q", "-m", text)
        self.git("push", "-q", self.mirror.admins_url, name)
        self.git("checkout", "-q", "main")

    def opens(self, name: str, *texts: str) -> int:
        """Somebody opens a pull request on the mirror; its number."""
        self.branches(name, *texts)
        return self.mirror.pull(name, f"about {name}")

    def merges(self, name: str) -> str:
        """Upstream takes a branch as it is; the branch's commit."""
        self.git("merge", "-q", "--no-ff", "-m", f"merge {name}", name)
        self.git("push", "-q", str(self.upstream), "main")
        return self.git("rev-parse", name)

    def squashes(self, name: str) -> str:
        """Upstream takes a branch as one commit; that commit."""
        self.git("merge", "-q", "--squash", name)
        self.git("commit", "-q", "-m", f"all of {name}")
        self.git("push", "-q", str(self.upstream), "main")
        return self.git("rev-parse", "main")

    def releases(self, tag: str) -> None:
        """Upstream takes what main is for a release."""
        (self.path / "compose.yml").write_text(compose(RUNS, tag))
        self.git("commit", "-q", "-a", "-m", tag)
        self.git("tag", "-a", "-m", tag, tag)
        self.git("push", "-q", str(self.upstream), "main", tag)

    def git(self, *words: str) -> str:
        """Run git in the work tree."""
        return git(*words, cwd=self.path)
