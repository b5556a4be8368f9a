"""Where everything lies: all folders by their names, and the options that name others."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Self

import click

from replication.errors import ReplicationError

Command = Callable[..., Any]

PLACES = {
    "params": "params.yaml",
    "paper": "data/paper",
    "raw": "data/raw",
    "writers": "data/writers",
    "prepared": "data/prepared",
    "results": "results",
    "runs": "results/runs",
    "checkpoints": ".checkpoints",
    "out": "results",
}
# Nothing makes these: they come with the repository.
COMMITTED = ("paper", "raw")
# Files in the folder of results that no module of their own names.
PAGE, ARTICLE, DEMONSTRATION = "report/index.html", "article/article.pdf", "demo/index.html"
WEIGHTS = "lenet5/0/weights.safetensors"  # in the folder of runs
_HELP = {
    "params": "The settings.",
    "runs": "The folder of what each replicate leaves behind.",
    "out": "The folder in which this command writes what it makes.",
}


@dataclass(frozen=True)
class Folders:
    """Every place that a command reads or writes; relative paths start where the command runs."""

    root: Path  # the project's folder
    params: Path  # the settings
    paper: Path  # what the paper publishes, as tables
    raw: Path  # MNIST as published, gzipped, with its hashes
    writers: Path  # which patterns are held out, and who wrote the test patterns
    prepared: Path  # what `prepare` says of the databases
    results: Path  # the tables that are made from the runs, as they are read
    runs: Path  # what each replicate leaves behind
    checkpoints: Path  # from which interrupted trainings go on
    out: Path  # where results are written; as ``results`` unless a command is told otherwise

    @property
    def are_of_variation(self) -> bool:
        """Whether results are read where those of another file than params.yaml lie."""
        return self.results != self.below(self.root).results

    @classmethod
    def below(cls, root: Path = Path(), **named: Path) -> Self:
        """Return where everything lies in the project's folder ``root``, but for what is named."""
        return cls(root=root, **{name: root / place for name, place in PLACES.items()} | named)


def backup_folder(folders: Folders) -> Path:
    """Return the folder of the committed runs while others are made in their place."""
    return folders.checkpoints / "replicating"


def folder_options(*names: str) -> Callable[[Command], Command]:
    """Give a command ``--root`` and options for ``names``; it receives one `Folders`.

    Raises ReplicationError for a committed folder that is not there.
    """

    def decorate(command: Command) -> Command:
        @wraps(command)
        def with_folders(root: Path, **given: Any) -> Any:
            named = {name: given.pop(name) for name in names}
            folders = Folders.below(root, **{name: path for name, path in named.items() if path})
            for name in COMMITTED:
                _require(getattr(folders, name), PLACES[name])
            try:
                return command(folders, **given)
            except ReplicationError as error:
                # What is deep in the settings does not know which file they are from.
                name = PLACES["params"] if named.get("params") is None else str(named["params"])
                said = re.sub(
                    r"(?<![\w./-])(?<!checkout )params\.yaml\b", lambda _: name, str(error)
                )
                raise ReplicationError(said) from error

        decorated: Command = with_folders
        for name in reversed(names):
            decorated = path_option(f"--{name}", PLACES[name], _HELP[name])(decorated)
        return click.option(
            "--root", type=click.Path(path_type=Path), default=".", show_default=True,
            help="The project's folder, with data/, results/ and .checkpoints in it.",
        )(decorated)  # fmt: skip

    return decorate


def _require(folder: Path, place: str) -> None:
    if not folder.is_dir():
        raise ReplicationError(
            f"{folder} is no folder: bring the committed one back with `git checkout {place}`, "
            "or name the project's folder with --root"
        )


def path_option(flag: str, default: str, text: str) -> Callable[[Command], Command]:
    """Return an option that is a path, None unless given; ``default`` is what the help shows."""
    return click.option(flag, type=click.Path(path_type=Path), show_default=default, help=text)
