"""The command of a study, whichever: settings read, the study run, its summary printed."""

from typing import Any

import click

from replication.core import plugins
from replication.core.settings import load
from replication.folders import Folders, folder_options


def command(study: str) -> click.Command:
    """Return the command that runs the study ``replication/studies/<study>``.

    Its help is the docstring of the module's ``run``, which receives the folders and the settings;
    what it returns, the module's ``summary`` puts into words. The module may have ``FOLDERS``, more
    options as of `folder_options`, and ``PARAMETERS`` of click, whose values ``run`` receives by
    name. Raises ReplicationError as `plugins.load` does.
    """
    module = plugins.load(f"replication.studies.{study}", "run", "run", "summary")

    @folder_options("params", *getattr(module, "FOLDERS", ()), "out")
    def run(folders: Folders, **given: Any) -> None:
        print(module.summary(module.run(folders, load(folders.params), **given)))

    made = click.command(name=study, help=module.run.__doc__)(run)
    made.params += getattr(module, "PARAMETERS", ())
    return made
