"""params.yaml, typed: the one meaning of each key, with its unit and its page.

There are no defaults here: values stand in params.yaml alone, and a missing key is an error.
"""

from replication.settings.document import Settings
from replication.settings.loading import changed, load, options, parse, value_at
from replication.settings.recipes import AnyRecipe, Classifier, Combined, Modern, Recipe
from replication.settings.sections import Amount, Count, Positive, Section
from replication.settings.studies import (
    Causes,
    Collapse,
    Compare,
    Hypothesis,
    Invariance,
    Noncharacters,
    Readings,
    Train,
)
from replication.settings.training import (
    Criterion,
    Distortions,
    Prepare,
    Range,
    Rules,
    Sdlm,
    Squashing,
    Subsampling,
)

__all__ = [
    "Amount",
    "AnyRecipe",
    "Causes",
    "Classifier",
    "Collapse",
    "Combined",
    "Compare",
    "Count",
    "Criterion",
    "Distortions",
    "Hypothesis",
    "Invariance",
    "Modern",
    "Noncharacters",
    "Positive",
    "Prepare",
    "Range",
    "Readings",
    "Recipe",
    "Rules",
    "Sdlm",
    "Section",
    "Settings",
    "Squashing",
    "Subsampling",
    "Train",
    "changed",
    "load",
    "options",
    "parse",
    "value_at",
]
