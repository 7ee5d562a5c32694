"""What a remote's words mean, and what to do about them; nothing here asks anybody."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Literal

from canon_sweep.core.names import printable

Role = Literal["upstream", "mirror"]

_OTHERWISE = "see that the URL is right and it answers"
_FOLDER_OTHERWISE = "see that it is a git repository, and that this user may read and write it"
_PUSH_OTHERWISE = "see its branch protection, hooks and the account's rights; the next sync goes on"

_STATUS = r"unexpected http status code: (\d{3})\b"
# Nothing is wrong with what was asked: the server cannot answer at this moment.
_PASSING = frozenset({429, 502, 503, 504})
_RESET = r"connection reset"
# A server that is started anew; libgit2 takes some resets for an end.
_DROPPED = _RESET + "|could not read refs from remote repository|unexpected EOF"
# How Gitea prints what its own hook has to say: between empty lines.
_FRAMED = r"error: error: (?P<said>.*?)(?: error:)?"
# The server has compared what we said a ref is with what it is now.
_RACED = (
    r"is at [0-9a-f]+ but expected|unable to resolve reference|incorrect old value"
    r"|reference (already exists|does not exist)"
)

_LOGIN = (
    "see that its host has a token in the credentials, and that this is neither wrong nor expired:"
    " make a new one and write it into the token file"
)
# also where nobody was asked for a login, so that none was shown
_RIGHTS = (
    "whoever asks so may not do this: see that its host has a login in the credentials, the"
    " account's rights, what its token is allowed, and that the repository is neither archived"
    " nor read-only"
)
_ARCHIVED = "make the repository writable again, or set another mirror: it is archived or read-only"
_MISSING = "see that the URL is right, and that the login may see the repository"
# git's own daemon, which knows no logins, says this of all that it does not give out
_NOT_EXPORTED = "repository not exported"
_UNSHOWN = "see that the URL is right, and that its server exports the repository"
_MIRROR_MISSING = {
    _MISSING: _MISSING + "; a mirror has to be made first, empty",
    _UNSHOWN: _UNSHOWN + " and takes pushes (git daemon: --enable=receive-pack); a mirror has to be"
    " made first, empty",
}
_NOT_THERE = r"^could not find repository at|^there is no such folder|^it is no folder"
# libgit2's own of an object that a folder has not, though something in it names it
_LACKS = (
    r"^object not found|^odb: cannot|\bcorrupt|failed to (read|parse) (loose )?object|^packfile"
)
_LATER = "it cannot answer now; the next run tries again"

BARE = "make the mirror a bare repository, without a work tree: git init --bare"

_BY_STATUS = {
    401: _LOGIN,
    403: _RIGHTS,
    404: _MISSING,
    410: _MISSING,
    413: "it takes no push of that size: raise the limit of the server in front of it",
}

# The first that is found counts: what is more exact comes first.
_BY_WORDS = (
    # libgit2's own, of a folder whose name may have any of the words below
    (_NOT_THERE, _MISSING),
    (_NOT_EXPORTED, _UNSHOWN),
    (r"pushing to non-bare repos|currently checked out|checked.?out branch", BARE),
    (
        r"is not owned by current user",
        "let it belong to the user who runs canon-sweep: chown -R",
    ),
    (
        r"unknown (remote )?object format",
        "it names its objects by SHA-256, which cannot be synced: use a repository of SHA-1",
    ),
    (_RACED, "somebody pushed to it meanwhile; the next run reads it again"),
    (r"archived|read.?only|is a (pull )?mirror", _ARCHIVED),
    (
        r"\btags?\b.*\bprotected|protected tag",
        "take that tag's protection away on the mirror, or let the account pass it",
    ),
    (
        r"protected branch|branch.*\bprotected|protected from (force push|deletion)",
        "let the account pass the protection of the branch on the mirror, and force-push",
    ),
    (
        r"non-fast-forward|deletion prohibited|deletion of .* prohibited",
        "allow forced pushes and deletions on the mirror: it follows upstream in both",
    ),
    (r"authentication that we do not support|authentication failed", _LOGIN),
    (
        r"too many redirects or authentication replays",
        "see that the login is right, and that the URL is the one that its redirects end at",
    ),
    (r"permission|not allowed|not authori[sz]ed|denied|forbidden|insufficient", _RIGHTS),
    (r"not found|does not exist|not exported", _MISSING),
    (r"quota|too large|exceeds", "see the size limits of the mirror's server"),
    (r"hook", "see the hook on the mirror that declines; the next sync goes on"),
    (
        r"invalid content-type",
        "see that the URL is the repository's, and not of a page for people",
    ),
    (
        r"invalid packet line",
        "see that a git server answers, and no shallow clone: git fetch --unshallow mends that",
    ),
    (_RESET, _LATER),
    (r"failed to (resolve|connect)", "see that the host's name is right and it can be reached"),
)


def is_passing(said: str) -> bool:
    """Whether libgit2's sentence says that the server could answer a moment later."""
    status = _status(said)
    return is_passing_status(status) if status is not None else _has(_DROPPED, said)


def is_crowded(said: str) -> bool:
    """As `is_passing`, where the server itself says so: to whoever asks less, it may answer."""
    status = _status(said)
    return status is not None and is_passing_status(status)


def is_passing_status(status: int) -> bool:
    """Whether an HTTP status says that the server could answer a moment later."""
    return status in _PASSING


def advice(said: str, otherwise: str = _OTHERWISE) -> str:
    """The next step after a sentence of a server, or one of libgit2 about a server."""
    status = _status(said)
    if status is not None:
        return _BY_STATUS.get(status, _LATER if status in _PASSING or status >= 500 else otherwise)
    return next((do for words, do in _BY_WORDS if _has(words, said)), otherwise)


def advice_of(said: str, role: Role, folder: str | None) -> str:
    """As `advice`, of a remote whose role is known; ``folder`` if it is one of this machine."""
    if folder is not None and _has(_LACKS, said):
        return _mended(role, folder)
    step = advice(said, _OTHERWISE if folder is None else _FOLDER_OTHERWISE)
    if step not in _MIRROR_MISSING or (folder is None and role == "upstream"):
        return step
    if folder is None:
        return _MIRROR_MISSING[step]
    if role == "mirror":
        made = f"git init --bare {shlex.quote(folder)}"
        return f"make it first, bare and empty: {made}; or correct its path"
    return "see that the path is right: it has to be a git repository"


def _mended(role: Role, folder: str) -> str:
    """What is done about a repository of this machine that seems to be broken."""
    look = f"see what is broken in it: git -C {shlex.quote(folder)} fsck"
    if role == "upstream":
        return look
    return f"{look}; or move it away, and make it anew, bare and empty: the next sync fills it"


def rejection(
    reports: Mapping[str, str | None], said: str, folder: str | None = None
) -> tuple[str, str] | None:
    """What to say of a push, and the next step; None if every ref was taken.

    ``reports`` has the server's word on each ref, None where it was taken; ``said`` is what
    its hooks had to say; ``folder`` is where it is, if on this machine.  A forge that minds one
    ref rejects all of the push in the same words, and does not say which one it was: then none
    is named.
    """
    refused = {ref: why for ref, why in reports.items() if why is not None}
    if not refused:
        return None
    framed = re.fullmatch(_FRAMED, said)
    said = framed["said"] if framed else said
    words = list(dict.fromkeys(refused.values()))
    reason = f"{said} ({'; '.join(words[:2])})" if said else "; ".join(words[:2])
    as_one = len(refused) == len(reports) > 1 and len(words) == 1
    what = f"the push of {len(refused)} refs" if as_one else _named(list(refused))
    # whoever protects branches is a server
    otherwise = _PUSH_OTHERWISE if folder is None else _mended("mirror", folder)
    # its sentence is more exact than git's word, which is the same for every hook
    return f"rejects {what}: {reason}", advice(f"{said} {' '.join(words)}", otherwise)


def _named(refs: Sequence[str]) -> str:
    more = f" (and {len(refs) - 1} more)" if len(refs) > 1 else ""
    return printable(refs[0]) + more


def _has(words: str, said: str) -> bool:
    return re.search(words, said, re.IGNORECASE) is not None


def _status(said: str) -> int | None:
    found = re.search(_STATUS, said)
    return int(found[1]) if found else None
