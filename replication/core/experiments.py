"""From params.yaml and the folders of the project to experiments ready to be trained."""

from collections.abc import Mapping

from replication.core import plugins
from replication.core.settings import AnyRecipe, Classifier, Settings
from replication.core.systems.catalogue import CLASSIFIERS
from replication.core.systems.jobs import Experiment
from replication.folders import Folders


def experiments(
    recipes: Mapping[str, AnyRecipe], settings: Settings, folders: Folders
) -> list[Experiment]:
    """One experiment for each of ``recipes``; ReplicationError for an unknown classifier."""
    for recipe in recipes.values():
        if isinstance(recipe, Classifier):
            plugins.source(CLASSIFIERS, recipe.system, "System")
    return [
        Experiment(name, recipe, settings.prepare, settings.train.kept_parameters, folders)
        for name, recipe in recipes.items()
    ]
