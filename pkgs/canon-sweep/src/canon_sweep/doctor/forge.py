"""What a forge knows of a mirror that git does not say before a push: rights, and protections."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from canon_sweep.core.address import Address, read_address
from canon_sweep.core.checkup import Check, fail, ok, unknown, warn
from canon_sweep.core.names import plain
from canon_sweep.core.place import Place, place_of
from canon_sweep.doctor.viewer import Viewer
from canon_sweep.errors import Fault
from canon_sweep.forge.gitea import Gitea
from canon_sweep.forge.protocol import Forge, Repository
from canon_sweep.settings.recipe import Recipe
from canon_sweep.settings.records import ForgeSettings, Settings
from canon_sweep.web import MissingFault, RightsFault

MISSING = "mirror.missing"
"""The subject of a mirror that a sweep makes: nothing else of it is a fault then."""
_SCOPE = "let the token read repositories, so that this can be asked"


class Side(msgspec.Struct, frozen=True):
    """A mirror on a forge, asked with one account's token.

    ``pushes`` and ``closes`` are what the sweep does with that token there.  Not ``named``,
    no setting says that there is a forge: then only what it tells counts.
    """

    forge: Forge
    place: Place
    pushes: bool
    closes: bool
    named: bool
    makes: str = ""

    @property
    def _subject(self) -> str:
        return "mirror.rights" if self.pushes else "forge.rights"

    def checks(self, viewer: Viewer) -> Iterator[Check]:
        """What the forge says of it."""
        try:
            found = self.forge.repository(self.place)
        except Fault as fault:
            if self.named:
                yield self._faulted(fault, viewer)
            return
        yield self._rights(found)
        yield from self._place(found)
        if self.pushes:
            yield from self._protections(found)

    def _faulted(self, fault: Fault, viewer: Viewer) -> Check:
        if isinstance(fault, MissingFault):
            return self._missing(fault)
        if isinstance(fault, RightsFault):
            return unknown(self._subject, fault.what, _SCOPE)
        step = fault.do or "see that the forge answers"
        return viewer.failed(self._subject, fault.what, step)

    def _missing(self, fault: Fault) -> Check:
        if self.makes:
            step = "nothing, if its URL is right; forge.createMirrors is set"
            what = f"{self.place} is not on the forge: the next sweep makes it, {self.makes}"
            return warn(MISSING, what, step)
        return fail(self._subject, fault.what, "make it, empty; or set forge.createMirrors")

    def hidden(self) -> Check:
        """It is there all the same."""
        whose = "that pushes" if self.pushes else "of forge.tokenFile"
        what = f"{self.place} is on the forge, and hidden from the token {whose}"
        return fail(self._subject, what, "let the token's owner see and write it")

    def _rights(self, found: Repository) -> Check:
        subject, shown = self._subject, plain(str(found.place))
        if found.is_archived:
            return fail(subject, f"{shown} is archived", "make it writable again on the forge")
        if found.is_pull_mirror:
            what = f"{shown} is a mirror that the forge pulls itself, and takes no push"
            return fail(subject, what, "make it an ordinary repository")
        if not found.may_push:
            step = "give the token's owner the right to write there"
            if self.pushes:
                return fail(subject, f"the token's owner may not push to {shown}", step)
            return warn(subject, f"the token's owner may close no pull request of {shown}", step)
        deeds = [
            deed for deed in ("push" * self.pushes, "close pull requests" * self.closes) if deed
        ]
        return ok(subject, f"the token's owner may {' and '.join(deeds)}: {shown}")

    def _place(self, found: Repository) -> Iterator[Check]:
        if self.named and not found.place.is_same(self.place):
            what = f"{self.place} is {plain(str(found.place))} on the forge now"
            yield warn("mirror.moved", what, "correct the mirror's URL")
        if self.pushes and found.is_empty and found.default_branch not in ("", "main"):
            what = f"its default branch will be {plain(found.default_branch)}"
            yield warn("mirror.default", what, "make main the default branch of the mirror")

    def _protections(self, found: Repository) -> Iterator[Check]:
        if not found.is_empty:
            yield from self._main()
        if found.may_admin:
            yield from self._tags()

    def _main(self) -> Iterator[Check]:
        subject = "mirror.main"
        try:
            branch = self.forge.branch(self.place, "main")
        except MissingFault:
            return  # a push makes it
        except Fault as fault:
            yield unknown(subject, f"whether main is protected: {fault.what}", fault.do or _SCOPE)
            return
        if branch.is_protected and not branch.may_push:
            step = "let the account pass the protection of the branch, and force-push"
            yield fail(subject, "main is protected from the token's owner", step)
        elif branch.is_protected:
            what = "main is protected: a push is let through, and a forced one may not be"
            yield warn(subject, what, "let the account force-push: upstream may be rewritten")
        else:
            yield ok(subject, "main is not protected")

    def _tags(self) -> Iterator[Check]:
        try:
            guarded = self.forge.guarded(self.place)
            mine = self.forge.account().casefold() if guarded else ""
        except Fault as fault:
            found = f"whether its tags are protected: {fault.what}"
            yield unknown("mirror.tags", found, fault.do or _SCOPE)
            return
        closed = [each.pattern for each in guarded if mine not in map(str.casefold, each.accounts)]
        if closed:
            shown = ", ".join(plain(pattern) for pattern in closed[:3])
            what = f"tags are protected from the token's owner: {shown}"
            if any(each.has_teams for each in guarded):
                what += ", unless a team lets it pass"
            yield warn("mirror.tags", what, "let the account pass the protection of these tags")
        else:
            yield ok("mirror.tags", "no tag is protected from the token's owner")


def rights_checks(settings: Settings, recipe: Recipe, viewer: Viewer) -> Iterator[Check]:
    """What forges know of a recipe's mirror; nothing if it lies on none."""
    asked = [(side, tuple(side.checks(viewer))) for side in _sides(settings, recipe, viewer)]
    # whom one token shows it is there, and is hidden from the other
    is_there = not all(_says_missing(checks) for _, checks in asked)
    for side, checks in asked:
        if is_there and _says_missing(checks):
            yield side.hidden()
        else:
            yield from checks


def _says_missing(checks: Sequence[Check]) -> bool:
    return any(check.subject == MISSING for check in checks)


def _sides(settings: Settings, recipe: Recipe, viewer: Viewer) -> Iterator[Side]:
    """Whom to ask about a recipe's mirror: with the token that pushes, and that which closes.

    A host that is not the settings' forge is asked as if it were one, with what git logs in
    with there: only a Gitea or a Forgejo lets who may read begin a push, to refuse it later.
    """
    url, own = recipe.settings.mirror, settings.forge
    place = place_of(url, own.url) if own is not None else None
    login, address = settings.login(url), read_address(url)
    token = login.token_file if login and address.scheme in ("http", "https") else None
    closing = own.token_file if own is not None and place is not None else None
    if token is not None and viewer.may_read(token):
        base = _base(address)
        if own is not None and place is not None:
            closes = token == closing
            yield Side(Gitea(_pages(own, address), token), place, True, closes, True, _makes(own))
        elif (guessed := place_of(url, base)) is not None:
            yield Side(Gitea(base, token), guessed, pushes=True, closes=False, named=False)
    if own is not None and place is not None and closing != token:
        yield Side(Gitea(own.url, own.token_file), place, False, True, True, _makes(own))


def forge_checks(own: ForgeSettings, viewer: Viewer) -> Iterator[Check]:
    """Whether the forge answers, and whose the token is."""
    try:
        account = Gitea(own.url, own.token_file).account()
    except RightsFault:
        yield ok("forge", f"{plain(own.url)} answers; whose the token is, it may not say")
    except Fault as fault:
        yield viewer.failed("forge", fault.what, fault.do or "see that forge.url is right")
    else:
        yield ok("forge", f"{plain(own.url)} answers to {plain(account)}")


def _pages(own: ForgeSettings, address: Address) -> str:
    """The forge's URL for git's own token, which goes by no line that is easier to listen to."""
    if address.scheme == "https" and own.url.lower().startswith("http:"):
        return f"https:{own.url.partition(':')[2]}"
    return own.url


def _base(address: Address) -> str:
    """The URL of a remote's server."""
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"{address.scheme}://{host}" + (f":{address.port}" if address.port else "")


def _makes(own: ForgeSettings) -> str:
    return own.visibility if own.create_mirrors else ""
