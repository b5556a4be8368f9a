"""The studies, one for each question: a module, or a folder with modules of these names.

The study itself has the question as its docstring, and the files that it writes. ``run``: `run`,
which makes them, and `summary`, which returns its result as text; `replication.pipeline.stages`
makes a command of the two. ``verdict``: the claims that it answers, as `CHECKS`. ``figure``: its
parts of the page and the README, as `PARTS` and `BLOCKS`. A study has only those of these that it
needs, and what is short stands in the study itself. Verdicts and figures come from the files alone:
neither they nor the study itself import torch or Numba where a folder has a ``run`` of its own.
"""

import importlib
import re
from pathlib import Path
from types import ModuleType

# To add a study: its module or folder, and its line here, which the command line shows.
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
    "plain": "Which reading of networks without RBF units gives a published error?",
    "tied": "What test errors have the readings that fit as well?",
    "sensitivity": "How much does each setting of LeNet-5 matter?",
    "multiverse": "Which share of random readings comes near the published error?",
    "bench": "How fast is training, compared with what, and how far from the peak?",
    "distortions": "Which distributions fit the distortions of Figure 7?",
}

# What each part of a study has to define.
_DEFINITIONS = {"run": ("run", "summary"), "verdict": ("CHECKS",), "figure": ("PARTS",)}
_FOLDER = Path(__file__).parent


def find_modules(part: str) -> dict[str, str]:
    """Return the modules that hold a part, such as ``run``, by study.

    The text of a study is searched, since the command line need not wait for what is imported.
    """
    defines = re.compile(rf"^(def )?{_DEFINITIONS[part][0]}\b", re.MULTILINE)
    found = {}
    for study in STUDIES:
        if (_FOLDER / study / f"{part}.py").exists():
            found[study] = f"{__name__}.{study}.{part}"
        for path in (_FOLDER / study / "__init__.py", _FOLDER / f"{study}.py"):
            if path.exists() and defines.search(path.read_text(encoding="utf-8")):
                found.setdefault(study, f"{__name__}.{study}")
    return found


def load_module(study: str, part: str) -> ModuleType:
    """Import the module that holds a part; raise ReplicationError as `plugins.load` does."""
    # The names of the studies are needed for a help text, which need not wait for the settings.
    from replication.core import plugins

    name = find_modules(part)[study]
    package, _, module = name.rpartition(".")
    if package == __name__ and (_FOLDER / study).is_dir():
        return importlib.import_module(name)
    return plugins.load(package, module, *_DEFINITIONS[part])


def load_modules(part: str) -> list[ModuleType]:
    """Import the modules that hold a part."""
    return [load_module(study, part) for study in find_modules(part)]
