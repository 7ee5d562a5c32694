"""The names of a ``recipe_meta.py`` as our settings; what has no counterpart is a question."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from canon_sweep.ccci import env, probe
from canon_sweep.ccci.found import Item, Origin, Question, Setting
from canon_sweep.ccci.secret import bears_secret
from canon_sweep.ccci.source import Given, Source
from canon_sweep.ccci.value import Table, Undecided
from canon_sweep.core import names

_PUBLIC = re.compile(r"[A-Z][A-Z0-9_]*", re.ASCII)
_STATUSES = re.compile(r"HEALTH_(?:[A-Z]+_)?(?:STATUS|STATUSES|CODE|CODES)", re.ASCII)
_TIERS = ("custom", "backup", "restore", "upgrade", "reattach")

Named = Mapping[str, Given]
_Read = Callable[[Given, Named, Origin], Iterator[Item]]


def read(source: Source, file: str) -> Iterator[Item]:
    """What a file's names say; ``file`` is its path in cc-ci's tree."""
    for statement in source.unfollowed:
        text = f"{statement.why}: see what it changes"
        yield Question(Origin(file, statement.line), text)
    named = {given.name: given for given in source.given}
    for given in source.given:
        yield from _read(given, named, file)
    if "WARM_CANONICAL" not in named:
        yield _not_enrolled(Origin(file))
    if not {"HEALTH_PATH", "READY_PROBE"} & named.keys():
        text = "nothing asks whether the app works; write probes"
        yield Question(Origin(file), text)


def _read(given: Given, named: Named, file: str) -> Iterator[Item]:
    at = Origin(file, given.line)
    name = given.name
    if not _PUBLIC.fullmatch(name):
        if name.upper() in _READERS:
            yield Question(at, f"{name} is read by nobody; was {name.upper()} meant?")
        return
    read = _READERS.get(name)
    if read is None:
        if not _STATUSES.fullmatch(name):
            text = f"nothing is known of {name[:80]}; decide what it is here{_said(given.comment)}"
            yield Question(at, text)
        elif "HEALTH_PATH" not in named:
            yield Question(at, f"{name} has no HEALTH_PATH; write it into probes")
    elif isinstance(given.value, Undecided):
        where = Origin(file, given.value.line)
        yield Question(where, f"{name}: {given.value.why}; write it into {_KEYS[name]}")
    elif given.is_hook and name not in _HOOKS:
        yield Question(at, f"{name} is a function; write it into {_KEYS[name]}")
    else:
        yield from read(given, named, at)


def _health(given: Given, named: Named, at: Origin) -> Iterator[Item]:
    others = [each for name, each in named.items() if _STATUSES.fullmatch(name)]
    undecided = [each for each in others if isinstance(each.value, Undecided)]
    if undecided or len(others) > 1:
        line = (undecided or others)[-1].line
        text = f"{(undecided or others)[-1].name} cannot be told; write it into probes"
        yield Question(Origin(at.file, line), text)
        return
    yield from probe.health(given.value, others[0].value if others else probe.UP, at)


def _ready(given: Given, _named: Named, at: Origin) -> Iterator[Item]:
    if given.value is not None:
        yield from probe.ready(given.value, at)


def _limit(key: str) -> _Read:
    def read(given: Given, _named: Named, at: Origin) -> Iterator[Item]:
        text = _duration(given.value)
        if text is None:
            yield Question(at, f"{given.name} is no number of seconds; write it into timeouts")
        else:
            yield Setting(("timeouts", key), text, at)

    return read


def _duration(value: object) -> str | None:
    """Seconds as a duration of our settings; None if they are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not 0 < value < 30 * 365 * 86400:
        return None
    if value != int(value):
        # a millisecond is the shortest that can be written
        return f"{value:.3f}".rstrip("0") + "s" if value >= 0.001 else None
    seconds = int(value)
    return f"{seconds // 60}m" if seconds % 60 == 0 else f"{seconds}s"


def _variables(key: str) -> _Read:
    def read(given: Given, _named: Named, at: Origin) -> Iterator[Item]:
        if given.value is not None:
            yield from env.variables(given.value, given.name, key, at)

    return read


def _backup(given: Given, _named: Named, at: Origin) -> Iterator[Item]:
    if given.value is not None and given.value is not False:
        text = "BACKUP_VERIFY says how data is seen; write it into data.seed and data.check"
        yield Question(at, text)


def _screenshot(given: Given, _named: Named, at: Origin) -> Iterator[Item]:
    if given.value is not None and given.value is not False:
        yield Question(at, "SCREENSHOT: nothing takes pictures here", open=False)


def _needs(given: Given, _named: Named, at: Origin) -> Iterator[Item]:
    value = given.value
    if value is None:
        return
    if not isinstance(value, list | tuple | set) or not all(_is_recipe(each) for each in value):
        yield Question(at, "DEPS is no list of recipes; write it into needs")
    elif value:
        needs = sorted(value) if isinstance(value, set) else value
        yield Setting(("needs",), list(dict.fromkeys(needs)), at)
        yield Question(
            at,
            "needs has the names of recipes, and is of stacks: write what docker stack ls calls"
            " them, as keycloak_ci_example_org",
        )


def _is_recipe(value: object) -> bool:
    return isinstance(value, str) and names.recipe_problem(value) is None


def _warm(given: Given, _named: Named, at: Origin) -> Iterator[Item]:
    if given.value is not True:
        yield _not_enrolled(at, given.comment)


def _not_enrolled(at: Origin, comment: str = "") -> Question:
    return Question(
        at,
        "cc-ci keeps no canonical of it (WARM_CANONICAL); here it takes part as every recipe:"
        f" if it must not, set enroll = false and exception, with reason and end{_said(comment)}",
    )


def _said(comment: str) -> str:
    return f"; beside it stands {comment}" if comment else ""


def _expected_na(given: Given, _named: Named, at: Origin) -> Iterator[Item]:
    if given.value is None:
        return
    if not isinstance(given.value, Table):
        yield Question(at, "EXPECTED_NA is no table of tiers; write it into expectedNA")
        return
    file = at.file
    for tier, reason in given.value.items():
        at = Origin(file, given.value.lines[tier])
        if isinstance(reason, Undecided):
            where = Origin(at.file, reason.line)
            yield Question(where, f"EXPECTED_NA: {tier}: {reason.why}; write it into expectedNA")
        elif tier not in _TIERS:
            yield Question(at, f"EXPECTED_NA: {str(tier)[:80]!r} is no tier that may be N/A")
        elif not isinstance(reason, str) or not reason.strip() or not _is_fit(reason):
            yield Question(at, f"EXPECTED_NA: {tier} has no reason; write it into expectedNA")
        else:
            yield Setting(("expectedNA", tier), {"reason": " ".join(reason.split())}, at)
            yield Question(
                at, f"expectedNA.{tier} has no end: set until, a date or a release's tag"
            )


def _base(given: Given, _named: Named, at: Origin) -> Iterator[Item]:
    tag = given.value
    if tag is None:
        return
    if not isinstance(tag, str) or not tag or not _is_fit(tag):
        yield Question(at, "UPGRADE_BASE_VERSION is no tag; write it into upgradeBase")
        return
    yield Setting(("upgradeBase",), {"tag": tag}, at)
    yield Question(
        at,
        "upgradeBase has no reason and no end: set reason and until, or take it out, and the"
        f" base is the canonical{_said(given.comment)}",
    )


def _is_fit(text: str) -> bool:
    return not bears_secret(text) and all(c.isprintable() or c in "\n\t" for c in text)


_READERS: dict[str, _Read] = {
    "HEALTH_PATH": _health,
    "READY_PROBE": _ready,
    "DEPLOY_TIMEOUT": _limit("deploy"),
    "HTTP_TIMEOUT": _limit("probe"),
    "EXTRA_ENV": _variables("env"),
    "UPGRADE_EXTRA_ENV": _variables("upgradeEnv"),
    "BACKUP_VERIFY": _backup,
    "SCREENSHOT": _screenshot,
    "DEPS": _needs,
    "WARM_CANONICAL": _warm,
    "EXPECTED_NA": _expected_na,
    "UPGRADE_BASE_VERSION": _base,
}
KNOWN = frozenset(_READERS)
"""The names that cc-ci's settings have."""
_KEYS = {
    "HEALTH_PATH": "probes",
    "READY_PROBE": "probes",
    "DEPLOY_TIMEOUT": "timeouts.deploy",
    "HTTP_TIMEOUT": "timeouts.probe",
    "EXTRA_ENV": "env, or a rule into envRules",
    "UPGRADE_EXTRA_ENV": "upgradeEnv",
    "BACKUP_VERIFY": "data.seed and data.check",
    "SCREENSHOT": "nothing: there are no pictures here",
    "DEPS": "needs",
    "WARM_CANONICAL": "enroll",
    "EXPECTED_NA": "expectedNA",
    "UPGRADE_BASE_VERSION": "upgradeBase",
}
_HOOKS = ("EXTRA_ENV", "UPGRADE_EXTRA_ENV", "READY_PROBE", "BACKUP_VERIFY", "SCREENSHOT")
