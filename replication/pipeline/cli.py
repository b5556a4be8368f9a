"""The command line: ``lenet-replication COMMAND``, or ``python -m replication COMMAND``."""

import difflib
import importlib
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import cast

import click

from replication import studies
from replication.errors import ReplicationError, not_installed

PROGRAM, SCRIPT = "python -m replication", "lenet-replication"
COMPLETION = "_LENET_REPLICATION_COMPLETE"
INTERRUPTED = (
    "replication: interrupted; no file is left half-written, and the same command goes on from "
    "what it has finished"
)
# Commands are imported when they are called: most need neither torch nor Numba.
PIPELINE = {
    "replicate": "Run the whole pipeline again and compare.",
    "studies": "Run all studies that train.",
    "prepare": "Make the databases from raw MNIST.",
    "train": "Train the replicates of experiments.",
    "evaluate": "Count errors and rejections in the answers.",
    "compare": "Give a verdict on every published claim.",
    "audit": "Compare every setting with the paper's.",
    "report": "Make the page results/report/index.html.",
    "article": "Set the article results/article/article.pdf.",
    "demo": "Make the page results/demo/index.html, to draw on.",
    "verify": "Check that the code gives the committed outputs.",
    "provenance": "Write where every result comes from, as an RO-Crate.",
    "predict": "Classify your own digits.",
}
STUDIES = {name: studies.STUDIES[name] for name in studies.find_modules("run")}


class Commands(click.Group):
    """All commands by name, each imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the help."""
        del ctx
        return [*PIPELINE, *STUDIES]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of that name, or None."""
        del ctx
        if cmd_name in STUDIES:
            study = importlib.import_module("replication.pipeline.study")
            return cast(click.Command, study.command(cmd_name))
        if cmd_name in PIPELINE:
            module = importlib.import_module(f"replication.pipeline.{cmd_name}")
            return cast(click.Command, module.command)
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Refuse an unknown command, naming the most similar one."""
        name = args[0]
        if not name.startswith("-") and name not in self.list_commands(ctx):
            nearest = difflib.get_close_matches(name, self.list_commands(ctx), n=1)
            hint = f" (did you mean '{nearest[0]}'?)" if nearest else ""
            if not ctx.resilient_parsing:  # a shell that completes the word
                ctx.fail(f"there is no command '{name}'{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one line per command, without importing any."""
        del ctx
        for title, commands in (("Commands", PIPELINE), ("Studies", STUDIES)):
            with formatter.section(title):
                formatter.write_dl(list(commands.items()))


@click.command(cls=Commands, no_args_is_help=False)
def commands() -> None:
    """Gradient-Based Learning Applied to Document Recognition (1998), replicated.

    Every command explains itself with --help.
    """


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return its status, or 2 after a sentence about a mistake of the user."""
    # As it was called, so that help texts and the completion of a shell have the right name.
    program = Path(sys.argv[0]).name if Path(sys.argv[0]).name == SCRIPT else PROGRAM
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a file's name may be none that the terminal can say
            stream.reconfigure(errors="backslashreplace")
    try:
        status = commands.main(argv, program, complete_var=COMPLETION, standalone_mode=False)
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else program
        message = error.format_message().rstrip(".")
        print(f"replication: {message}: see `{where} --help`", file=sys.stderr)
        return 2
    except ReplicationError as error:
        print(f"replication: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        print(not_installed(error), file=sys.stderr)
        return 2
    except MemoryError:
        print(
            "replication: the memory of this machine does not suffice: give it more",
            file=sys.stderr,
        )
        return 2
    except OSError as error:
        print(f"replication: {error.filename or 'a file'}: {error.strerror}", file=sys.stderr)
        return 2
    except (KeyboardInterrupt, click.Abort):
        print(INTERRUPTED, file=sys.stderr)
        return 130
    return status or 0
