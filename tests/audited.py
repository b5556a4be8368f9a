"""The audit of settings that are changed at one place: what the tests of the audit share."""

from copy import deepcopy

from small import REPOSITORY, parameters, put, small_document

from replication.comparison.audit.table import audit
from replication.core import settings
from replication.core.systems.jobs import prepare_experiments
from replication.folders import Folders

PARAMS = REPOSITORY / "params.yaml"
DOCUMENT = parameters()
SQUARED = {"name": "squared-error", "divisor": 1.0}
# What is faithful to the letter, so that a planted departure shows.
PRINTED = {
    "initialisation.power": 1.0,
    "initialisation.range": 2.4,
    "criterion.name": "map",
    "criterion.distance": 1.0,
    "criterion.divisor": 1.0,
    "initialisation.coefficients": "random",
    "sdlm.curvature_start": "exact",
    "sdlm.patterns_drawn": "random",
}
# What the authors' later library answers.
LIBRARY = {
    "criterion.name": "mle",
    "criterion.distance": 0.5,
    "criterion.divisor": 1.0,
    "sdlm.curvature_start": 5.0,
    "sdlm.patterns_drawn": "consecutive",
    "initialisation.range": 0.93,
    "initialisation.power": 0.5,
    "initialisation.biases": "zero",
    "initialisation.coefficients": "constant",
}


def changed(document, **base):
    """``document`` with other keys of base."""
    for path, value in base.items():
        put(document["base"], path, value)
    return document


def full(**base):
    """params.yaml as printed, with the undistorted, the distorted and a boosted experiment."""
    found = deepcopy(DOCUMENT)
    kept = ("lenet5-noise", "lenet4-boosted", "linear-deslanted")
    others = {name: found["experiments"][name] for name in kept}
    found["experiments"] = {"lenet5": {}, "lenet5-distorted": {"distorted": True}, **others}
    return changed(found, **{**PRINTED, **base})


def trained_folders(folder):
    """Where a small project has its data, and what is trained of it."""
    return Folders.below(folder, runs=folder / "runs", checkpoints=folder / "checkpoints")


def judged(paper, document, folder=None):
    """The settings by id; with the runs of ``folder`` if there is one."""
    chosen = settings.parse(document, "params.yaml")
    places = Folders.below() if folder is None else trained_folders(folder)
    ready = prepare_experiments(chosen.experiments, chosen, places)
    found = audit(paper, chosen, ready, "params.yaml", runs=folder is not None)
    return {setting.id: setting for setting in found.settings}


def small():
    document = changed(small_document(), **PRINTED)
    document["experiments"] = {
        "lenet5": {},
        "lenet5-distorted": {"distorted": True, "replicates": 1},
        "lenet4-boosted": {
            "system": "boosted", "network": "lenet4", "distorted": True, "replicates": 1,
            "criterion": SQUARED,
            "options": {"patterns": 40, "candidates": 400, "lost_percent": 1.0},
        },
    }  # fmt: skip
    return document
