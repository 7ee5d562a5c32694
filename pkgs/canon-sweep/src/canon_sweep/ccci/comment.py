"""What a file's comments say beside a name: often the reason that nothing else has."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Mapping

import msgspec

from canon_sweep.ccci.secret import bears_secret
from canon_sweep.core import names

_LONGEST = 160
# lines above a name that may belong to it
_MOST_LINES = 50


class Comment(msgspec.Struct, frozen=True):
    """A comment; ``alone`` is whether nothing else stands in its line."""

    text: str
    alone: bool


def comments_of(text: str) -> dict[int, Comment]:
    """The comment of each line that has one; none where the text cannot be taken apart."""
    found = {}
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                alone = token.line.lstrip().startswith("#")
                found[token.start[0]] = Comment(token.string.lstrip("#!: ").strip(), alone)
    except (tokenize.TokenError, SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    return found


def beside(comments: Mapping[int, Comment], line: int) -> str:
    """What is said at the end of a line, or else in the lines above it; quoted, or empty."""
    own = comments.get(line)
    words = [own.text] if own else []
    for above in range(line - 1, line - 1 - _MOST_LINES, -1):
        comment = comments.get(above)
        if own is not None or comment is None or not comment.alone:
            break
        words.insert(0, comment.text)
    told = " ".join(" ".join(words).split())
    if not told or bears_secret(told):
        return ""
    shown = names.cut(told, _LONGEST)
    return f'"{names.plain(shown)}"'
