"""The studies: a folder for each question, all with the same modules.

``__init__``: the question, and the files that the study writes. ``run``: `run`, which makes them,
and `summary`, which returns its result as text; `replication.pipeline.stages` makes a command of
the two. ``verdict``: the claims that it answers, as `CHECKS`. ``figure``: its parts of the page and
the README, as `PARTS` and `BLOCKS`, from the files alone, so that it imports neither torch nor
Numba. A study has only those of these modules that it needs.
"""

from pathlib import Path
from types import ModuleType

# To add a study: its folder, and its line here, which the command line shows.
STUDIES = {
    "readings": "Which reading of the paper fits its figures?",
    "beginnings": "How do sums, weights and criteria of the first passes go?",
    "collapse": "Do trainable codes collapse under equations 8 and 9?",
    "invariance": "How far may a digit be changed until it is missed?",
    "noncharacters": "Do RBF units reject images of no digit better than plain units?",
    "neighbours": "Why does K-NN's published error differ from ours?",
    "boosting": "What does boosting cost, by how often the later networks are called?",
    "causes": "Why do published numbers differ from ours?",
    "sizes": "How do the errors fall with the number of training patterns?",
    "variance": "How much variance does each source of randomness contribute?",
    "tied": "What test errors have the readings that fit as well?",
    "sensitivity": "How much does each setting of LeNet-5 matter?",
    "multiverse": "Which share of random readings comes near the published error?",
    "bench": "How fast is training, compared with what, and how far from the peak?",
    "distortions": "Which distributions fit the distortions of Figure 7?",
}

# What each module of a study has to define.
_DEFINITIONS = {"run": "run", "verdict": "CHECKS", "figure": "PARTS"}


def find_modules(part: str) -> dict[str, str]:
    """Return the modules of this name, such as ``run``, by study."""
    folder = Path(__file__).parent
    return {
        study: f"{__name__}.{study}.{part}"
        for study in STUDIES
        if (folder / study / f"{part}.py").exists()
    }


def load_modules(part: str) -> list[ModuleType]:
    """Import the modules of this name."""
    # The names of the studies are needed for a help text, which need not wait for the settings.
    from replication.core import plugins

    name = _DEFINITIONS[part]
    return [plugins.load(f"{__name__}.{study}", part, name) for study in find_modules(part)]
