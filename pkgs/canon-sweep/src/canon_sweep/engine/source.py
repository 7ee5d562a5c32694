"""Reads the files of a checked-out recipe, and nothing outside it."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import msgspec

from canon_sweep.core import appenv, compose, names
from canon_sweep.core.compose import Compose
from canon_sweep.core.lengths import check_lengths
from canon_sweep.core.unread import Unread
from canon_sweep.engine.part import check_stack
from canon_sweep.errors import HostFault, RecipeFault

MAX_FILE = 1024 * 1024
# for all compose files of a deployment together
MAX_CHAIN = 32
MAX_TEXT = 1024 * 1024


class Source(msgspec.Struct, frozen=True):
    """A version's files, read once: what is deployed, and with which variables.

    ``tree`` is the checkout; ``texts`` has the compose files' by their paths in it, in
    the order in which they are put together, and after them the operator's own, which are
    nowhere in it: ``overlays`` has their names; ``env`` holds the operator's values, on
    top of the recipe's own ``.env.sample``; ``unread`` is what could not be followed.
    """

    tree: Path
    compose: Compose
    texts: Mapping[str, str]
    env: Mapping[str, str]
    unread: tuple[Unread, ...]
    overlays: frozenset[str] = frozenset()

    @property
    def files(self) -> tuple[Path, ...]:
        """Where the recipe's compose files are."""
        return tuple(self.tree / name for name in self.texts if name not in self.overlays)


def read(
    tree: Path,
    *,
    recipe: str,
    stack: str,
    domain: str,
    env: Mapping[str, str],
    overlays: Mapping[str, str] | None = None,
) -> Source:
    """Read a version's files as they are deployed under these names.

    ``overlays`` has the texts of the operator's compose files, by what they are called.

    Raises:
        RecipeFault: a name is not safe, or a file is missing, outside the
            checkout, too large, or no compose file.
        HostFault: a name is too long because of the domain, or it is only with the
            overlays that the files cannot be deployed.
    """
    reading = partial(_read, tree, recipe=recipe, stack=stack, domain=domain, env=env)
    if not overlays:
        return reading({})
    try:
        return reading(overlays)
    except RecipeFault as fault:
        reading({})  # what is the recipe's own fault is told as such
        raise HostFault(
            f"with the {', '.join(overlays)}: {fault.what}",
            do="mend the file, or take it out of the recipe's overlays",
        ) from fault


def _read(
    tree: Path,
    overlays: Mapping[str, str],
    *,
    recipe: str,
    stack: str,
    domain: str,
    env: Mapping[str, str],
) -> Source:
    check_stack(stack)
    if not names.is_domain(domain):
        raise RecipeFault(f"{names.printable(domain)} is no domain")
    try:
        values = appenv.app_env(
            _optional(tree, appenv.SAMPLE),
            _optional(tree, appenv.ABRA_SH),
            env,
            recipe=recipe,
            stack=stack,
            domain=domain,
        )
        texts = _chain(tree, appenv.compose_files(values.values)) | dict(overlays)
        parsed = compose.parse(texts, stack, values.values, values.comments)
    except (ValueError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        # a net under the checks of `compose`: a strange file is never our own crash
        raise RecipeFault(
            f"the recipe has no compose file that can be read: {names.plain(str(error)[:200])}"
        ) from error
    check_lengths(parsed, stack)
    unread = (*values.unread, *parsed.unread)
    source = Source(tree, parsed, texts, values.values, unread, frozenset(overlays))
    _check_files(source)
    return source


def _check_files(source: Source) -> None:
    # A relative one is below the first compose file's folder.  The docker command cuts
    # out `link/..` as it reads a path, the kernel follows the link: both must stay inside.
    first = source.files[0].absolute()
    for name in source.compose.files:
        meant = Path(os.path.normpath(first)).parent / name
        for path in (first.parent / name, meant, Path(os.path.normpath(meant))):
            if not _is_inside(source.tree, path):
                raise RecipeFault(f"{names.printable(name)} points outside the recipe")


def _chain(root: Path, chain: tuple[str, ...]) -> dict[str, str]:
    """The texts of the compose files, each file once, however often it is named."""
    if len(chain) > MAX_CHAIN:
        raise RecipeFault(f"COMPOSE_FILE names more than {MAX_CHAIN} files")
    texts: dict[str, str] = {}
    seen: set[Path] = set()
    for name in chain:
        text = _text(root, name)
        path = (root / name).resolve()
        if path not in seen:
            seen.add(path)
            texts[name] = text
    if sum(len(text.encode()) for text in texts.values()) > MAX_TEXT:
        raise RecipeFault("the compose files are larger than 1 MiB together")
    return texts


def _is_inside(root: Path, path: Path) -> bool:
    try:
        inside = path.resolve().is_relative_to(root.resolve(strict=True))
        return inside and not _is_endless(path)
    except (OSError, RuntimeError, ValueError):  # no path at all
        return False


def _is_endless(path: Path) -> bool:
    """Whether the system gives up to follow its links; `resolve` goes on, as its Python lets it."""
    try:
        path.stat()
    except OSError as error:
        return error.errno == errno.ELOOP
    return False


def _optional(root: Path, name: str) -> str:
    return _text(root, name) if (root / name).exists() else ""


def _text(root: Path, name: str) -> str:
    path = root / name
    try:
        inside = path.resolve(strict=True).is_relative_to(root.resolve(strict=True))
        if not inside:
            raise RecipeFault(f"{names.printable(name)} points outside the recipe")
        if path.stat().st_size > MAX_FILE:
            raise RecipeFault(f"{names.printable(name)} is larger than 1 MiB")
        return path.read_text("utf-8")
    except FileNotFoundError:
        raise RecipeFault(f"the recipe has no {names.printable(name)}") from None
    except UnicodeDecodeError:
        raise RecipeFault(f"{names.printable(name)} is not UTF-8 text") from None
    except (OSError, RuntimeError, ValueError) as error:
        raise RecipeFault(f"{names.printable(name)} cannot be read: {error}") from None
