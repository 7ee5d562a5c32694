"""What looks like a secret: by its variable's name, or by itself.

Where it is not clear, it is taken for one: in a file of its own it works as well.
"""

from __future__ import annotations

import math
import re
from collections import Counter

_WORDS = frozenset(
    {
        *("PASSWORD", "PASSWD", "PASS", "PASSPHRASE", "PW", "PWD", "SECRET", "SECRETS", "TOKEN"),
        *("TOKENS", "KEY", "APIKEY", "CREDENTIAL", "CREDENTIALS", "PRIVATE", "SALT", "PEPPER"),
    }
)
# of variables that only speak of a secret
_ABOUT = re.compile(r".*_(?:VERSION|LENGTH|CHARSET|FILE|PATH|DIR|ENABLED|DISABLED|TTL|ID|NAME)")
_PLAIN = re.compile(r"|true|false|yes|no|on|off|none|0|1|v\d+|/[\w./-]*", re.IGNORECASE | re.ASCII)
_USERINFO = re.compile(r"://[^/\s:@]*:[^/\s@]+@")
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY")
# as tokens are spelled: hex, base64, words with a prefix (`ghp_…`)
_RUN = re.compile(r"[A-Za-z0-9+_=-]{20,}", re.ASCII)
_BITS = 3.0


def is_secret(name: str, value: str) -> bool:
    """Whether a variable's value belongs into a file of its own."""
    named = bool(_WORDS & set(name.upper().split("_"))) and not _ABOUT.fullmatch(name.upper())
    return bool(named and not _PLAIN.fullmatch(value)) or bears_secret(value)


def bears_secret(text: str) -> bool:
    """Whether something in a text looks like a secret: long and random, or a login in a URL."""
    return bool(
        _USERINFO.search(text) or _PEM.search(text) or any(map(_is_random, _RUN.findall(text)))
    )


def _is_random(run: str) -> bool:
    kinds = sum(1 for kind in ("[a-z]", "[A-Z]", "[0-9]") if re.search(kind, run))
    # words in a row have their hyphens, and hardly a digit between
    digits = sum(character.isdigit() for character in run)
    if kinds < 2 or not digits or max(map(len, re.split(r"[-_]", run))) < 16:
        return False
    counts = Counter(run).values()
    bits = -sum(count / len(run) * math.log2(count / len(run)) for count in counts)
    return bits >= _BITS
