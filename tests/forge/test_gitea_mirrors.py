"""What a real forge does to a sync: refused in one line, or followed, and nothing is lost."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from canon_sweep.errors import SyncFault
from canon_sweep.mirror.synced import Change, Deleted
from forge.gitea_host import SCOPES, SWEEPER, Gitea, Repository
from mirror.world import Repo, World, git

MAIN = "refs/heads/main"


@dataclass
class Ground:
    """A recipe whose mirror is on the forge, with what its tests change."""

    host: Gitea
    mirror: Repository
    world: World
    folder: Path

    @property
    def up(self) -> Repo:
        """Upstream."""
        return self.world.up

    def is_refused(self, *words: str) -> str:
        """The line of a sync that fails, which changes nothing on the mirror."""
        before = self.mirror.git.refs()
        with pytest.raises(SyncFault) as caught:
            self.world.sync()
        line = str(caught.value)
        assert line.isprintable()
        assert caught.value.do
        assert self.mirror.url in line
        for word in words:
            assert word in line
        assert self.mirror.git.refs() == before
        return line

    def logs_in_with(self, *scopes: str, user: str = SWEEPER) -> None:
        """Use a token from now on that may do no more than this."""
        token = self.host.token(user, *scopes)
        self.world.credentials = self.host.login(token, self.folder, user)

    def somebody_pushes(self, ref: str, text: str) -> str:
        """A person pushes a commit on top of what the mirror has; the commit."""
        tree = self.folder / self.host.name("tree")
        git("clone", "-q", self.mirror.admins_url, str(tree), cwd=self.folder)
        (tree / "theirs").write_text(text)
        git("add", ".", cwd=tree)
        git("commit", "-q", "-m", text, cwd=tree)
        git("push", "-q", "origin", f"HEAD:{ref}", cwd=tree)
        return git("rev-parse", "HEAD", cwd=tree)


@pytest.fixture
def ground(gitea: Gitea, tmp_path: Path) -> Ground:
    """Three commits and two releases upstream, an empty mirror, and a token that suffices."""
    up = Repo.made(tmp_path / "up.git")
    for tag, text in (("1.0.0+v1", "one"), ("1.1.0+v1", "two")):
        up.tag(tag, up.commit(text), annotated=True)
    up.commit("three")
    mirror = gitea.repo(gitea.org(), "notes")
    world = World(up, mirror.git, tmp_path / "cache/notes.git", up.path.as_uri(), mirror.url)
    made = Ground(gitea, mirror, world, tmp_path)
    made.logs_in_with(*SCOPES)
    return made


@pytest.fixture
def settled(ground: Ground) -> Ground:
    """The same after a first sync."""
    ground.world.sync()
    return ground


def test_a_week_of_upstreams_is_followed_and_nobodys_work_is_touched(settled: Ground) -> None:
    """A rewritten main, a moved tag, a withdrawn one, a branch named as a tag."""
    up, mirror = settled.up, settled.mirror
    theirs = settled.somebody_pushes("refs/heads/theirs", "a pull request")
    number = mirror.pull("theirs", "leave it alone")
    mirror.comment(number, "please")
    mirror.issue("something else")
    first = up.git("rev-parse", "1.0.0+v1^{commit}")
    up.set(MAIN, first)
    rewritten = up.commit("rewritten")
    up.tag("1.1.0+v1", rewritten, annotated=True)
    withdrawn = up.refs()["refs/tags/1.0.0+v1"]
    up.remove("refs/tags/1.0.0+v1")
    up.set("refs/heads/2.0.0+v2", first)
    up.tag("2.0.0+v2", rewritten)
    old = mirror.git.refs()[MAIN]
    before = mirror.everything()

    done = settled.world.sync()

    assert done.overwritten[MAIN] == old
    assert done.deleted == (Deleted("1.0.0+v1", withdrawn),)
    wanted = {ref: oid for ref, oid in up.refs().items() if ref != "refs/heads/2.0.0+v2"}
    others = {"refs/heads/theirs": theirs, f"refs/pull/{number}/head": theirs}
    assert mirror.git.refs() == wanted | others
    after = mirror.everything()
    moved = {f"ref {ref}" for ref in {*done.pushed, "refs/tags/1.0.0+v1"}}
    assert {name for name in {*before, *after} if before.get(name) != after.get(name)} == moved
    assert settled.world.sync().pushed == ()


def test_a_protected_main_is_named_with_the_forges_own_sentence(settled: Ground) -> None:
    """None of the refs was taken, and main is what the next step is about."""
    settled.up.tag("1.2.0+v1", settled.up.commit("four"))
    settled.mirror.protects_branch("main", enable_push=False)

    settled.is_refused(
        "rejects the push of 2 refs", "protected branch main", "let the account pass"
    )


def test_a_main_that_nobody_may_force_is_named_when_it_has_to_be_forced(settled: Ground) -> None:
    """What needs no force goes through before."""
    settled.mirror.protects_branch("main", enable_push=True, enable_force_push=False)
    settled.up.commit("four")
    settled.world.sync()
    settled.up.set(MAIN, settled.up.git("rev-parse", "1.0.0+v1^{commit}"))
    settled.up.commit("rewritten")

    settled.is_refused("protected from force push", "and force-push")


@pytest.mark.parametrize("change", ["new", "moved", "withdrawn"])
def test_a_protected_tag_is_named(settled: Ground, change: str) -> None:
    """Also where it is to go."""
    settled.mirror.protects_tags("1.*")
    if change == "new":
        settled.up.tag("1.2.0+v1", settled.up.refs()[MAIN])
    elif change == "moved":
        settled.up.tag("1.1.0+v1", settled.up.refs()[MAIN])
    else:
        settled.up.remove("refs/tags/1.1.0+v1")

    settled.is_refused("protected", "take that tag's protection away")


def test_a_hook_that_declines_is_quoted(settled: Ground) -> None:
    """As the server's administrator may have put it beside the forge's own."""
    settled.mirror.git.hook("pre-receive.d/z-ours", "echo 'not on a Sunday' >&2; exit 1\n")
    settled.up.commit("four")

    settled.is_refused("not on a Sunday", "see the hook on the mirror")


def test_an_archived_mirror_is_a_matter_of_its_state(settled: Ground) -> None:
    """It can be read, and takes nothing."""
    settled.mirror.becomes(archived=True)
    settled.up.commit("four")

    settled.is_refused("403", "neither archived nor read-only")

    settled.mirror.becomes(archived=False)
    settled.world.sync()
    assert settled.mirror.git.refs() == settled.up.refs()


def test_a_token_that_may_only_read_is_a_matter_of_rights(settled: Ground) -> None:
    """Who we are is known; a week without a change goes by unharmed."""
    settled.logs_in_with("read:repository")
    assert settled.world.sync().pushed == ()
    settled.up.commit("four")

    settled.is_refused("403", "what its token is allowed")


def test_an_account_that_may_only_read_is_a_matter_of_rights(settled: Ground) -> None:
    """With a token that may do everything that the account may."""
    reader = settled.host.name("reader")
    settled.host.user(reader)
    settled.mirror.allows(reader, "read")
    settled.logs_in_with(*SCOPES, user=reader)
    settled.up.commit("four")

    settled.is_refused("User permission denied for writing", "the account's rights")


def test_a_private_mirror_and_upstream_are_read_with_their_token_alone(ground: Ground) -> None:
    """Without one, or with a wrong one, it is the login that is told of."""
    upstream = ground.host.repo(ground.mirror.owner, "upstream", private=True)
    ground.mirror.becomes(private=True)
    upstream.takes(ground.up)
    ground.world.upstream_url = upstream.url

    ground.world.sync()

    assert ground.mirror.git.refs() == ground.up.refs()
    ground.world.upstream_url = ground.up.path.as_uri()
    ground.world.credentials = {}
    ground.is_refused("asks for a login", "set tokenFile")
    ground.world.credentials = ground.host.login("0" * 40, ground.folder)
    line = ground.is_refused("make a new")
    assert "0" * 40 not in line


def test_a_mirror_that_the_account_may_not_see_is_as_if_it_were_not_there(ground: Ground) -> None:
    """A forge does not tell the two apart, so both are said."""
    stranger = ground.host.name("stranger")
    ground.host.user(stranger)
    ground.mirror.becomes(private=True)
    ground.logs_in_with(*SCOPES, user=stranger)

    ground.is_refused("404", "the login may see the repository", "has to be made first")


@pytest.mark.parametrize("meanwhile", ["before the push", "during the push"])
def test_somebody_who_pushes_meanwhile_keeps_what_he_pushed(
    settled: Ground, meanwhile: str
) -> None:
    """The next sync sees it, and says what it overwrites."""
    theirs: list[str] = []
    settled.up.commit("four")

    def push(_: Change) -> None:
        theirs.append(settled.somebody_pushes(MAIN, "theirs"))

    if meanwhile == "during the push":
        theirs.append(settled.somebody_pushes("refs/heads/aside", "theirs"))
        settled.mirror.git.hook(
            "pre-receive.d/z-ours",
            f"env -u GIT_QUARANTINE_PATH git update-ref {MAIN} {theirs[0]}\n",
        )

    with pytest.raises(SyncFault, match=r"pushed to (it )?meanwhile"):
        settled.world.sync(push if meanwhile == "before the push" else lambda _: None)

    assert settled.mirror.git.refs()[MAIN] == theirs[0]
    hook = settled.mirror.git.path / "hooks/pre-receive.d/z-ours"
    hook.unlink(missing_ok=True)
    assert settled.world.sync().overwritten == {MAIN: theirs[0]}


def test_pointers_of_lfs_are_mirrored_as_the_files_that_they_are(ground: Ground) -> None:
    """What they point to is nobody's: a recipe is text."""
    up = ground.up
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 12345\n"
    lines = {"logo.png": pointer, ".gitattributes": "*.png filter=lfs diff=lfs merge=lfs -text\n"}
    entries = [f"100644 blob {up.blob(text.encode())}\t{name}\n" for name, text in lines.items()]
    commit = up.commit_of(up.tree("".join(sorted(entries))), up.refs()[MAIN])
    up.set(MAIN, commit)
    up.tag("1.2.0+v1", commit)

    ground.world.sync()

    assert ground.mirror.git.refs() == up.refs()
    assert ground.mirror.git.git("show", "1.2.0+v1:logo.png") == pointer.strip()
    assert ground.mirror.git.is_whole()


@pytest.mark.parametrize("side", ["upstream", "mirror"])
def test_a_repository_that_has_moved_is_followed_and_its_new_address_told(
    ground: Ground, side: str
) -> None:
    """Until the operator has written it down."""
    upstream = ground.host.repo(ground.mirror.owner, "upstream")
    upstream.takes(ground.up)
    ground.world.upstream_url = upstream.url
    ground.world.sync()
    moving = upstream if side == "upstream" else ground.mirror
    moving.becomes(name=f"{moving.name}-now")
    now = Repository(moving.host, moving.owner, f"{moving.name}-now")
    source = now if side == "upstream" else upstream
    ground.up.tag("1.2.0+v1", ground.up.commit("four"))
    source.takes(ground.up)

    done = ground.world.sync()

    assert done.pushed == (MAIN, "refs/tags/1.2.0+v1")
    # as its server writes it, which works as well
    assert done.moved == {side: now.url.removesuffix(".git")}
    mirror = now if side == "mirror" else ground.mirror
    assert mirror.git.refs() == ground.up.refs()
