"""The command line: ``lenet-replication COMMAND``, or ``python -m replication COMMAND``."""

import difflib
import importlib
import importlib.metadata
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
# By name the module of a command and what it does. It is imported when it is called: most need
# neither torch nor Numba.
PIPELINE = {
    "replicate": ("replicate", "Run the whole pipeline again and compare."),
    "studies": ("replicate", "Run all studies that train."),
    "prepare": ("stages", "Make the databases from raw MNIST."),
    "train": ("stages", "Train the replicates of experiments."),
    "evaluate": ("stages", "Count errors and rejections in the answers."),
    "compare": ("compare", "Give a verdict on every published claim."),
    "explain": ("explain", "Say how the verdict on a claim comes about."),
    "audit": ("compare", "Compare every setting with the paper's."),
    "report": ("pages", "Make the page results/report/index.html."),
    "article": ("pages", "Set the article results/article/article.pdf."),
    "demo": ("pages", "Make the page results/demo/index.html, to draw on."),
    "verify": ("verify", "Check that the code gives the committed outputs."),
    "provenance": ("pages", "Write where every result comes from, as an RO-Crate."),
    "predict": ("predict", "Classify your own digits."),
    "export": ("export", "Write a network's weights for other programs."),
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
        if cmd_name not in self.list_commands(ctx):
            return None
        name, _ = PIPELINE.get(cmd_name, ("stages", ""))
        module = importlib.import_module(f"replication.pipeline.{name}")
        if cmd_name in STUDIES:
            return cast(click.Command, module.make_study_command(cmd_name))
        return cast(click.Command, getattr(module, cmd_name, None) or module.command)

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
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in PIPELINE.items()])
        with formatter.section("Studies"):
            formatter.write_dl(list(STUDIES.items()))


def _read_version() -> str:
    """Return the version that is installed, and that the code in a folder is of none."""
    try:
        return importlib.metadata.version(SCRIPT)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


@click.command(cls=Commands, no_args_is_help=False)
@click.version_option(_read_version(), message=f"{SCRIPT} %(version)s")
def commands() -> None:
    """Gradient-Based Learning Applied to Document Recognition (1998), replicated.

    Every command explains itself with --help.
    """


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return its status, or 2 after a sentence about a mistake of the user."""
    # As it was called, so that help texts and the completion of a shell have the right name.
    program = Path(sys.argv[0]).name if Path(sys.argv[0]).name == SCRIPT else PROGRAM
    arguments = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a file's name may be none that the terminal can say
            stream.reconfigure(errors="backslashreplace")
    try:
        status = commands.main(arguments, program, complete_var=COMPLETION, standalone_mode=False)
    except (KeyboardInterrupt, click.Abort):
        print(INTERRUPTED, file=sys.stderr)
        return 130
    except ModuleNotFoundError as error:
        print(not_installed(error), file=sys.stderr)
        return 2
    except (click.UsageError, ReplicationError, MemoryError, OSError) as error:
        print(f"replication: {_describe(error, program)}", file=sys.stderr)
        return 2
    return status or 0


def _describe(error: Exception, program: str) -> str:
    """Return a mistake of the user, or a lack of the machine, as one sentence."""
    if isinstance(error, click.UsageError):
        where = error.ctx.command_path if error.ctx else program
        return f"{error.format_message().rstrip('.')}: see `{where} --help`"
    if isinstance(error, MemoryError):
        return "the memory of this machine does not suffice: give it more"
    if isinstance(error, OSError):
        return f"{error.filename or 'a file'}: {error.strerror}"
    return str(error)
