"""From params.yaml and the folders of the project to experiments ready to be trained."""

from collections.abc import Mapping

from replication import plugins
from replication.folders import Folders
from replication.settings import AnyRecipe, Classifier, Settings
from replication.systems.catalogue import CLASSIFIERS
from replication.systems.jobs import Experiment


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
