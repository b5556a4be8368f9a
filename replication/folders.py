"""Where everything lies: one set of folders with one set of defaults, shared by all commands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple

import click

from replication.errors import ReplicationError

Command = Callable[..., Any]


class _Place(NamedTuple):
    default: str
    says: str


PLACES = {
    "params": _Place("params.yaml", "The settings."),
    "paper": _Place("data/paper", "The folder of what the paper publishes, as tables."),
    "raw": _Place("data/raw", "The folder of MNIST as published, gzipped, with its hashes."),
    "prepared": _Place("data/prepared", "The folder of the databases that prepare makes."),
    "runs": _Place("results/runs", "The folder of what each replicate leaves behind."),
    "results": _Place("results", "The folder of the tables that are made from the runs."),
    "checkpoints": _Place(".checkpoints", "The folder from which interrupted trainings go on."),
}


# Nothing makes these: they come with the repository.
COMMITTED = ("paper", "raw")


@dataclass(frozen=True)
class Folders:
    """Every place that a command reads or writes; relative paths start where the command runs."""

    params: Path
    paper: Path
    raw: Path
    prepared: Path
    runs: Path
    results: Path
    checkpoints: Path

    @staticmethod
    def usual(**others: Path) -> Folders:
        """Where everything lies unless ``others`` says something else."""
        return Folders(**{name: Path(place.default) for name, place in PLACES.items()} | others)


def folder_options(*names: str, **defaults: str) -> Callable[[Command], Command]:
    """Give a command options for these folders; it receives them as one `Folders`.

    ``defaults`` name folders whose default is another one for this command. Folders without an
    option are where `Folders` has them.
    """
    places = {name: PLACES[name].default for name in names} | defaults

    def decorate(command: Command) -> Command:
        @wraps(command)
        def with_folders(**given: Any) -> Any:
            folders = Folders.usual(**{name: given.pop(name) for name in places})
            for name in [name for name in COMMITTED if name in places]:
                _require(getattr(folders, name), name)
            return command(folders, **given)

        decorated: Command = with_folders
        for name, default in reversed(places.items()):
            decorated = path_option(f"--{name}", default, PLACES[name].says)(decorated)
        return decorated

    return decorate


def _require(folder: Path, name: str) -> None:
    """Raise ReplicationError for a committed folder that is not there."""
    if not folder.is_dir():
        raise ReplicationError(
            f"{folder} is no folder: bring the committed one back with "
            f"`git checkout {PLACES[name].default}`, or name another with --{name}"
        )


def path_option(flag: str, default: str | None, says: str) -> Callable[[Command], Command]:
    """An option that is a path, with its default shown in the help."""
    kind: click.Path = click.Path(path_type=Path)
    return click.option(flag, type=kind, default=default, show_default=True, help=says)
