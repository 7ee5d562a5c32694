"""cc-ci's questions to a running app as our probes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from canon_sweep.ccci.found import Item, Origin, Plain, Question, Setting
from canon_sweep.ccci.secret import bears_secret
from canon_sweep.ccci.value import Domain, Template, Undecided

PATH = ("probes",)
UP = (200, 301, 302)
"""The statuses that are up to cc-ci where a path has none of its own."""

_PATHS = ("path", "http_path", "url")
_STATUSES = ("status", "statuses", "ok_statuses", "expect_status", "expected_statuses")
_PORTS = ("port", "http_port")
_HTTP = {*_PATHS, *_STATUSES, *_PORTS, "service", "contains"}
_TCP = {"tcp_host", "tcp_port", "stable", "service"}
# what stands for the app itself
_HERE = (None, "", "localhost", "127.0.0.1", "0.0.0.0", "app")  # noqa: S104 - read, not bound


def health(path: object, statuses: object, origin: Origin) -> Iterator[Item]:
    """``HEALTH_PATH``, with the statuses that are up."""
    yield from _http({"path": path, "statuses": statuses}, "HEALTH_PATH", origin)


def ready(value: object, origin: Origin) -> Iterator[Item]:
    """``READY_PROBE``: a path, a table, or several of them."""
    name = "READY_PROBE"
    match value:
        case list() | tuple():
            for each in value:
                yield from ready(each, origin)
        case str() | Template():
            yield from _http({"path": value}, name, origin)
        case dict() if any(str(key).startswith("tcp_") for key in value):
            yield from _tcp(value, name, origin)
        case dict() if set(_PATHS) & value.keys():
            yield from _http(value, name, origin)
        case _:
            yield _asked(origin, f"{name} is no question that is known here")


def _http(table: Mapping[object, object], name: str, origin: Origin) -> Iterator[Item]:
    yield from _strange(table, _HTTP, name, origin)
    path = _path_of(_first(table, _PATHS))
    if path is None:
        yield _asked(origin, f"{name} has no path on the app's own domain")
        return
    probe: dict[str, Plain] = {"type": "http", "path": path}
    statuses = _first(table, _STATUSES)
    if statuses is not None:
        codes = _statuses_of(statuses)
        if codes is None:
            yield _asked(origin, f"{name} has statuses that are none")
            return
        probe["statuses"] = codes
    yield from _more(table, probe, name, origin)
    yield Setting(PATH, probe, origin, listed=True)


def _tcp(table: Mapping[object, object], name: str, origin: Origin) -> Iterator[Item]:
    yield from _strange(table, _TCP, name, origin)
    port, times = table.get("tcp_port"), table.get("stable", 1)
    if not (isinstance(port, int) and isinstance(times, int)) or not (
        _is_whole(port, 65535) and _is_whole(times, 100)
    ):
        yield _asked(origin, f"{name} has no port and number of times that can be told")
        return
    host = table.get("tcp_host")
    here = host.is_domain if isinstance(host, Template) else host in _HERE
    if not here:
        yield _asked(origin, f"{name} asks another host than the app: name its service")
    probe: dict[str, Plain] = {"type": "tcp", "port": port, "successes": times}
    yield from _more({**table, "port": None}, probe, name, origin)
    yield Setting(PATH, probe, origin, listed=True)


def _more(
    table: Mapping[object, object], probe: dict[str, Plain], name: str, origin: Origin
) -> Iterator[Item]:
    """What both kinds may have besides."""
    port = _first(table, _PORTS)
    if port is not None and not _is_whole(port, 65535):
        yield _asked(origin, f"{name} has a port that is none")
    elif isinstance(port, int):
        probe["port"] = port
    for key in ("service", "contains"):
        text = table.get(key)
        if isinstance(text, str) and text and not bears_secret(text):
            probe[key] = text
        elif text is not None:
            yield _asked(origin, f"{name}: {key} is no plain text")


def _strange(
    table: Mapping[object, object], known: set[str], name: str, origin: Origin
) -> Iterator[Question]:
    for key, value in table.items():
        if key not in known:
            yield _asked(origin, f"{name}: nothing is known of {str(key)[:80]!r}")
        elif isinstance(value, Undecided):
            why = f"{name}: {key}: {value.why}"
            yield _asked(Origin(origin.file, value.line), why)


def _asked(origin: Origin, text: str) -> Question:
    return Question(origin, f"{text}; write it into probes")


def _first(table: Mapping[object, object], keys: tuple[str, ...]) -> object:
    return next((table[key] for key in keys if table.get(key) is not None), None)


def _path_of(value: object) -> str | None:
    """The path of a URL on the app's domain, or a path as it is."""
    if isinstance(value, Template):
        match [part for part in value.parts if part]:
            case [("https://" | "http://"), Domain(), str(path)]:
                return _path_of(path)
            case [("https://" | "http://"), Domain()]:
                return "/"
        return None
    if not isinstance(value, str) or not value.startswith("/") or bears_secret(value):
        return None
    # in a path of ours, braces stand for something
    return None if set("{}") & set(value) or not value.isprintable() else value


def _statuses_of(value: object) -> list[Plain] | None:
    codes = value if isinstance(value, list | tuple | set) else (value,)
    if not codes or not all(_is_whole(code, 599) and code >= 100 for code in codes):
        return None
    return sorted(set(codes))


def _is_whole(value: object, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most
