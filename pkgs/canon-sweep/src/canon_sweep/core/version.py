"""Tags become versions with a total order.

A release tag is, in full, ``X.Y.Z[-pre]+<app version>``.  Only the part before
the ``+`` is left to `packaging`: over the whole tag it is too lenient
(``1.0.0-1`` becomes a post-release), too strict (``1.0.0+1.2~rc1`` is refused),
sorts ``+v10`` below ``+v9`` and makes different tags equal.
"""

from __future__ import annotations

import functools
import re

import msgspec
from packaging import version as packaging_version

from canon_sweep.core import names, tagpattern

MAX_TAG = 200

# As long as it likes: MAX_TAG bounds it, far below what int() refuses.
_NUMBER = r"(?:0|[1-9][0-9]*)"
_TAG = re.compile(
    rf"(?P<version>{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-[0-9A-Za-z.-]+)?)"
    r"\+(?P<app>[0-9A-Za-z][0-9A-Za-z._~-]*)",
    re.ASCII,
)
# The pre-releases on which semantic versioning and packaging agree.
_PRE = re.compile(rf"(?:alpha|beta|rc)(?:\.?{_NUMBER})?", re.ASCII)
# What a person would read as a version, whatever else is in the tag.
_LOOK = rf"v?(?P<version>{_NUMBER}\.{_NUMBER}\.{_NUMBER})(?P<rest>(?:[^0-9.].*)?)"
_UNRIPE = r"[-.]?(?:alpha|beta|rc|pre|preview|dev|snapshot|nightly|canary|a|b|c)(?![a-z])"
_DATE = r"(?:19|20)[0-9]{2}\.(?:[1-9]|1[0-2])\.(?:[1-9]|[12][0-9]|3[01])"
_CHUNK = re.compile(r"[0-9]+|[^0-9]+", re.ASCII)


class Version(msgspec.Struct, frozen=True, order=True):
    """A release tag's place in the order.

    Ordered by the recipe's own version, then by the app version (numbers in it
    as numbers), then by the tag's text: two versions are equal only when their
    tags are the same text.
    """

    recipe: packaging_version.Version
    app: tuple[tuple[int, int, str], ...]
    tag: str

    @property
    def is_prerelease(self) -> bool:
        """Whether the recipe's version, not the app's, is a pre-release."""
        return self.recipe.is_prerelease


class IgnoredTag(msgspec.Struct, frozen=True):
    """A tag that is no release, and why; ``tag`` is good to be shown and stored as JSON."""

    tag: str
    reason: str


class TagRule(msgspec.Struct, frozen=True):
    """Which tags of a recipe are versions.

    ``pattern`` is a regular expression for the whole tag, with a group
    ``version`` and perhaps a group ``app`` (see `tagpattern`); ``prereleases`` counts those too.
    """

    pattern: str | None = None
    prereleases: bool = False

    def read(self, tag: str) -> Version | IgnoredTag:
        """The version of a release tag, or the reason why it is none."""
        version = self.order(tag)
        if isinstance(version, Version) and version.is_prerelease and not self.prereleases:
            return IgnoredTag(tag, "a pre-release")
        return version

    def order(self, tag: str) -> Version | IgnoredTag:
        """As `read`, with pre-releases let through: for a version that is already in use."""
        if len(tag) > MAX_TAG:
            shown = names.plain(tag[:MAX_TAG])
            return IgnoredTag(shown, f"longer than {MAX_TAG} characters")
        if not (tag.isascii() and tag.isprintable()) or tag.startswith("-"):
            # a byte that is no text would be a lone surrogate, which JSON cannot have
            return IgnoredTag(names.plain(tag), "not a plain tag name")
        form = tagpattern.matcher(self.pattern) if self.pattern else _TAG
        match = form.fullmatch(tag)
        if match is None:
            wanted = "tagPattern" if self.pattern else "X.Y.Z+<app version>"
            return IgnoredTag(tag, f"not of the form {wanted}")
        groups = match.groupdict()
        return _version(tag, groups["version"], groups.get("app") or "")


def ordered(rule: TagRule, tag: str | None) -> Version | None:
    """The version of a tag that is already in use, or None if it has no place in the order."""
    version = None if tag is None else rule.order(tag)
    return version if isinstance(version, Version) else None


def look_of(tag: str) -> packaging_version.Version | None:
    """The ``X.Y.Z`` that a person would read in a tag that is no release, or None.

    A pre-release and a date are not meant to be the latest release, so they are None.
    """
    match = re.fullmatch(_LOOK, tag[:MAX_TAG], re.ASCII | re.DOTALL)
    if match is None or re.fullmatch(_DATE, match["version"], re.ASCII):
        return None
    if re.match(_UNRIPE, match["rest"], re.ASCII | re.IGNORECASE):
        return None
    return packaging_version.Version(match["version"])


def _version(tag: str, recipe: str | None, app: str) -> Version | IgnoredTag:
    order = _ordered(recipe or "")
    if isinstance(order, str):
        return IgnoredTag(tag, order)
    return Version(order, tuple(map(_chunk, _CHUNK.findall(app))), tag)


# many recipes have a 1.0.0, and each of them is read several times
@functools.lru_cache(maxsize=1024)
def _ordered(recipe: str) -> packaging_version.Version | str:
    """A recipe's own version, or why it has no place in the order."""
    core, dash, pre = recipe.partition("-")
    if dash and not _PRE.fullmatch(pre):
        return f"its pre-release {names.printable(pre)} has no known order"
    try:
        order = packaging_version.Version(recipe)
    except packaging_version.InvalidVersion:
        return f"{names.printable(core)} is no version"
    if order.epoch or order.is_postrelease or order.is_devrelease or order.local:
        return f"{names.printable(core)} is no plain version"
    return order


def _chunk(text: str) -> tuple[int, int, str]:
    return (1, int(text), "") if text.isdecimal() else (0, 0, text)
