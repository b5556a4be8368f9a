"""What is studied beside the pipeline: a folder a study, all with the same insides.

``__init__``: what is studied, and the files that the study writes. ``run``: `run`, which makes
them, and `summary`, which puts into words what it returns; `replication.pipeline.study` makes a
command of the two. ``verdict``: the claims that it answers, as `CHECKS`. ``figure``: what the page
and the README show of it, as `PARTS` and `BLOCKS`, from the files alone, so that it imports neither
torch nor Numba. A study has those of these modules that it needs. What several need stands beside
their folders.
"""

from pathlib import Path
from types import ModuleType

# To add a study: its folder, and its line here, which is what the command line says of it.
STUDIES = {
    "readings": "Which reading of the paper fits its figures?",
    "beginnings": "How do sums, weights and criteria of the first passes go?",
    "collapse": "Do trainable codes fall together under equations 8 and 9?",
    "invariance": "How far may a digit be changed until it is missed?",
    "noncharacters": "Do RBF units reject what is no digit better than plain units?",
    "neighbours": "Why is K-NN's published error another than ours?",
    "boosting": "What does boosting cost, by how often the later networks are called?",
    "causes": "Why are published numbers others than ours?",
    "sizes": "How do the errors fall with the number of training patterns?",
    "variance": "Whose share of the spread is whose?",
    "tied": "What test errors have the readings that fit as well?",
    "sensitivity": "How much does each setting of LeNet-5 matter?",
    "multiverse": "Which share of random readings comes near the published error?",
    "bench": "How fast, against what, how far from the machine's peak?",
    "distortions": "Which distributions fit the distortions of Figure 7?",
}


# What each part of a study has to define.
DEFINES = {"run": "run", "verdict": "CHECKS", "figure": "PARTS"}


def having(part: str) -> dict[str, str]:
    """The modules of this name, such as ``run``, by study, of the studies that have one."""
    folder = Path(__file__).parent
    return {
        study: f"{__name__}.{study}.{part}"
        for study in STUDIES
        if (folder / study / f"{part}.py").exists()
    }


def modules(part: str) -> list[ModuleType]:
    """The same, imported."""
    # The names of the studies are wanted for a help text, which need not wait for the settings.
    from replication.core import plugins

    return [plugins.load(f"{__name__}.{study}", part, DEFINES[part]) for study in having(part)]
