"""``python -m canon_sweep.cli.manual``: the manual page, made from the commands."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from canon_sweep import __version__
from canon_sweep.cli import cli
from canon_sweep.cli.session import DEFAULT_CONFIG

_NAME = "canon-sweep"
_FILES = {
    DEFAULT_CONFIG: "The configuration; --config names another.",
    "/var/lib/canon-sweep/": "The records, the runs and the ledger of attempts (stateDir).",
    "/var/cache/canon-sweep/": "The clones; may be deleted at any time (cacheDir).",
}
_VARIABLES = {
    "CANON_SWEEP_CONFIG": "The configuration, if no --config names one.",
    "CREDENTIALS_DIRECTORY": "Where secrets are that the configuration names without a path.",
}
_CODES = {
    "0": "Nothing is wrong.",
    "1": "A recipe is red, refused, failed or in error, something could not be cleaned up,"
    " or what doctor asks is wrong or cannot be asked.",
    "2": "Bad configuration or usage, also a run in which every recipe is held or excepted.",
    "75": "Deferred: another run is at work, or what the guard sees; see run --resume.",
}


def page(group: click.Group) -> str:
    """The manual of a program and all its commands, in the language of man(7)."""
    context = click.Context(group, info_name=_NAME)
    lines = [
        f'.TH {_NAME.upper()} 1 "" "{_NAME} {__version__}"',
        ".SH NAME",
        f"{_NAME} \\- {_plain(_first_line(group)).rstrip('.')}",
        ".SH SYNOPSIS",
        f".B {_plain(_NAME)}\n.I COMMAND\n[OPTION]...",
        ".SH DESCRIPTION",
        *_paragraphs(group.help),
        ".SH COMMANDS",
    ]
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        lines += _command(command, click.Context(command, info_name=name, parent=context))
    for title, entries in (
        ("FILES", _FILES),
        ("ENVIRONMENT", _VARIABLES),
        ("EXIT STATUS", _CODES),
    ):
        lines += [f".SH {title}", *_entries(entries)]
    return "\n".join([*lines, ".SH SEE ALSO", ".BR docker (1)", ""])


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield f".SS {_plain(usage)}"
    yield from _paragraphs(command.help)
    records = (parameter.get_help_record(context) for parameter in command.params)
    # an argument has its place in the usage, and no text of its own
    yield from _entries({record[0]: record[1] for record in records if record and record[1]})


def _entries(entries: dict[str, str]) -> Iterator[str]:
    for name, text in entries.items():
        yield from (".TP", f".B {_plain(name)}", _plain(text))


def _paragraphs(text: str | None) -> Iterator[str]:
    for number, paragraph in enumerate(inspect.cleandoc(text or "").split("\n\n")):
        if number:
            yield ".PP"
        yield _plain(" ".join(paragraph.split()))


def _first_line(command: click.Command) -> str:
    return inspect.cleandoc(command.help or "").partition("\n\n")[0].replace("\n", " ")


def _plain(text: str) -> str:
    """A text without any meaning to the formatter; a hyphen can be copied into a shell."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{text}" if text.startswith((".", "'")) else text


if __name__ == "__main__":
    print(page(cli), end="")
