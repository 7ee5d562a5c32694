"""Of how many and which letters a secret is made, as recipes ask for it.

They ask behind the version variable of the secret's name, in ``.env.sample``:

SECRET_KEY_VERSION=v1  # length=64 charset=hex
"""

from __future__ import annotations

import string

import msgspec
from msgspec.structs import replace

from canon_sweep.core.envfile import Comment
from canon_sweep.core.names import printable
from canon_sweep.core.unread import Unread

LETTERS = string.ascii_letters + string.digits
LENGTH = 32
# a Swarm's secret has at most 500 KB; no password is anywhere near
MAX_LENGTH = 4096

_SAFE_SPECIAL = "!@#%^&*_-+="
# without quotes, backslash, backquote, '$' and blanks, which need care in every config file
_SPECIAL = _SAFE_SPECIAL + "()[]{}<>|:;,.?/~"
_CHARSETS = {
    "default": LETTERS,
    "alphanumeric": LETTERS,
    "alpha": string.ascii_letters,
    "numeric": string.digits,
    "hex": string.digits + "abcdef",
    "base64": LETTERS + "+/",
    "special": LETTERS + _SPECIAL,
    "safespecial": LETTERS + _SAFE_SPECIAL,
}


class Making(msgspec.Struct, frozen=True):
    """How many of which letters; each letter is as likely as any other."""

    length: int = LENGTH
    letters: str = LETTERS


def making(wanted: Making, variable: str, comment: Comment) -> tuple[Making, tuple[Unread, ...]]:
    """``wanted`` as the comment behind a variable changes it, and what of that cannot be done."""
    unread: list[Unread] = []
    for word in comment.text.split():
        key, is_set, value = word.strip(",;.()").partition("=")
        if not is_set or not key:
            continue  # prose
        wanted, problem = _with(wanted, key.lower(), value)
        if problem:
            unread.append(Unread(comment.file, comment.line, f"{variable}: {problem}"))
    return wanted, tuple(unread)


def _with(made: Making, key: str, value: str) -> tuple[Making, str]:
    """The same with one modifier, and why the modifier could not be followed, or empty."""
    match key:
        case "length":
            return _with_length(made, value)
        case "charset":
            return _with_charset(made, value)
        case "generate" if value.lower() == "true":
            return made, ""
        case "generate":
            why = "its value is made outside, which a test cannot, so it is random"
            return made, f"generate={printable(value)}: {why}"
    return made, f"the modifier {printable(key)} is not known, so it changes nothing"


def _with_length(made: Making, value: str) -> tuple[Making, str]:
    is_number = value.isascii() and value.isdecimal() and len(value) <= 6
    if is_number and 0 < int(value) <= MAX_LENGTH:
        return replace(made, length=int(value)), ""
    wrong = f"length {printable(value)} is not between 1 and {MAX_LENGTH}"
    return made, f"{wrong}, so the secret has {made.length} letters"


def _with_charset(made: Making, value: str) -> tuple[Making, str]:
    letters = _letters(value)
    if letters:
        return replace(made, letters=letters), ""
    known = ", ".join(sorted(_CHARSETS))
    wrong = f"charset {printable(value)} is not known"
    return made, f"{wrong}, so the secret has letters and digits; known are {known}"


def _letters(charset: str) -> str:
    """The letters of the named sets, each once; empty if one is not known."""
    named = [_CHARSETS.get(name) for name in charset.lower().split(",")]
    return "" if None in named else "".join(dict.fromkeys("".join(filter(None, named))))
