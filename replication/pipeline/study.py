"""The command of any study: read the settings, run the study, print its summary."""

from typing import Any

import click

from replication import studies
from replication.core.settings import load
from replication.folders import Folders, folder_options


def command(study: str) -> click.Command:
    """Return the command that runs the study ``replication/studies/<study>``.

    Its help is the docstring of the module's ``run``, which receives the folders and the settings;
    ``summary`` turns its result into text. The module may have ``FOLDERS``, more options of
    `folder_options`, and ``PARAMETERS`` of click, whose values ``run`` receives by name. Raises
    ReplicationError as `plugins.load` does.
    """
    module = studies.load_module(study, "run")

    @folder_options("params", *getattr(module, "FOLDERS", ()), "out")
    def run(folders: Folders, **given: Any) -> None:
        print(module.summary(module.run(folders, load(folders.params), **given)))

    result = click.command(name=study, help=module.run.__doc__)(run)
    result.params += getattr(module, "PARAMETERS", ())
    return result
