"""The command line: parses, calls, renders, exits; decides nothing.

Start-up is kept short: a command's module, and with it git, Docker and rich, is
imported only when that command is called.
"""

from __future__ import annotations

import gc
import importlib
import sys
from typing import NoReturn

import click

from canon_sweep import __version__
from canon_sweep.cli import output
from canon_sweep.errors import EXIT_USAGE, EXIT_WRONG, Interrupted, UsageFault

_COMMANDS = {
    "run": "Sweep: sync, decide, test, promote.",
    "plan": "The same decisions; changes nothing.",
    "test": "Test one version or commit of a recipe.",
    "status": "Every recipe's canonical and last attempt.",
    "explain": "Why a recipe is, or is not, tested.",
    "history": "Promotions and attempts of a recipe.",
    "hold": "Leave a recipe alone for a while.",
    "unhold": "End a hold.",
    "overrides": "Every exception, hold, N/A and pin, and its end.",
    "pins": "Which pinned bases are needed still.",
    "verify": "Check every record against tag, commit and volumes.",
    "check": "Whether the configuration is sound; looks at nothing else.",
    "doctor": "Ask remotes, guard, engine and host what a sweep will need of them.",
    "recover": "Clean up after a run that was killed.",
    "budget": "What canonicals retain, and whether the next releases have room.",
    "prune": "Remove what nothing names any more, and what is old.",
    "forget": "Take a canonical back.",
    "adopt": "Take over the canonicals that another tool has made.",
    "import-cc-ci": "Settings from cc-ci's, and what is left to decide.",
    "demo": "The whole job on a fleet of little apps, in a folder.",
}


# whatever they are asked for, remotes are; but by a resume, for which most often nothing is due
_ASK = frozenset({"run", "plan"})
_NOT_YET = frozenset({"--resume", "-h", "--help"})


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        module = importlib.import_module(f"canon_sweep.cli.{name}")
        if not gc.isenabled():
            gc.freeze()
            gc.enable()
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] in _ASK and _NOT_YET.isdisjoint(args):
            from canon_sweep.mirror import ahead  # noqa: PLC0415 - no other command waits for it

            ctx.call_on_close(ahead.end)
            ahead.begin()
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # from the table above: --help imports no command
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="canon-sweep")
def cli() -> None:
    """Prove the latest release of every Co-op Cloud recipe, and keep it warm.

    Exit codes: 0 nothing wrong; 1 a recipe is red, refused or in error; 2 bad
    configuration or usage; 75 deferred, somebody else is at work.
    """


def main() -> NoReturn:
    """Run the command line and exit; signals are `entry`'s."""
    output.prepare()
    words = sys.argv[1:]
    try:
        _check_words(words)
        answer = cli.main(standalone_mode=False)
        sys.exit(answer if isinstance(answer, int) else 0)
    except click.ClickException as error:
        if words:
            _complain(error, words)
        else:
            error.show()  # the help
        sys.exit(EXIT_USAGE)
    except (click.Abort, Interrupted) as stop:
        output.parting(str(stop) or "aborted", as_json=_wants_json(words))
        sys.exit(EXIT_WRONG)


def _complain(error: click.ClickException, words: list[str]) -> None:
    """Tell what click found wrong as everything else is told: it has no session yet."""
    command = next((f" {word}" for word in words if word in _COMMANDS), "")
    fault = UsageFault(error.format_message().rstrip("."), do=f"see canon-sweep{command} --help")
    output.complain(fault, as_json=_wants_json(words))


def _wants_json(words: list[str]) -> bool:
    return "--json" in (words[: words.index("--")] if "--" in words else words)


def _check_words(words: list[str]) -> None:
    for word in words:
        try:
            word.encode()
        except UnicodeEncodeError:
            raise click.UsageError(f"{word!r} is not UTF-8 text") from None
