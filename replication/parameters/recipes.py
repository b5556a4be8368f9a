"""The experiments of params.yaml: what each kind of system wants to know."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from replication.parameters.sections import Count, Database, Name, Options, Positive, Section, Seed
from replication.parameters.training import (
    Criterion,
    Distortions,
    Initialisation,
    Sdlm,
    Squashing,
    Streams,
    Subsampling,
)


class Entry(Section):
    """What every experiment has, whatever its system."""

    replicates: Count
    seed: Seed | None

    def training(self) -> dict[str, Any]:
        """The settings that decide a replicate's answers, and no others."""
        return self.model_dump(mode="json", exclude={"replicates"})


class Trained(Entry):
    """What Appendix C trains: a network, its data and how it learns."""

    seed: Seed
    network: Name
    database: Database
    training_patterns: Count
    distorted: Annotated[bool, Field(strict=True)]
    distortions: Distortions
    passes: Count
    presentations_per_pass: Count
    learning_rates: tuple[Positive, ...]
    order: Literal["constant", "fresh"]
    sdlm: Sdlm
    squashing: Squashing
    initialisation: Initialisation
    subsampling: Subsampling
    criterion: Criterion
    streams: Streams

    @model_validator(mode="after")
    def _one_rate_a_pass(self) -> Trained:
        if len(self.learning_rates) != self.passes:
            raise ValueError(
                f"learning_rates has {len(self.learning_rates)} entries but passes is "
                f"{self.passes}; give one learning rate a pass"
            )
        return self

    def training(self) -> dict[str, Any]:
        """The settings that decide a replicate's weights, and no others."""
        unused = {"replicates"} if self.distorted else {"replicates", "distortions"}
        return self.model_dump(mode="json", exclude=unused)

    def presentations(self, patterns: int) -> int:
        """How many patterns a replicate is shown, whatever the database's number of patterns."""
        del patterns
        return self.passes * self.presentations_per_pass


class Recipe(Trained):
    """One experiment that is a network trained by Appendix C."""

    system: Literal["network"]


class Combined(Trained):
    """A system made of networks that Appendix C trains; ``options`` are its module's own."""

    system: Literal["boosted", "last-layer", "noisy"]
    options: Options

    def presentations(self, patterns: int) -> int:
        """How many patterns all its networks are shown; three are boosted."""
        return super().presentations(patterns) * (3 if self.system == "boosted" else 1)

    def recipe(self) -> Recipe:
        """How each of its networks is trained."""
        return Recipe(system="network", **dict(self.model_dump(exclude={"system", "options"})))


class Classifier(Entry):
    """A system fitted at once, by a module of replication/systems/classifiers.

    Nothing is merged with ``base``. A ``seed`` of null says that nothing in it is random.
    """

    system: Name
    database: Database
    options: Options

    @model_validator(mode="after")
    def _one_replicate_says_all(self) -> Classifier:
        if self.seed is None and self.replicates != 1:
            raise ValueError(
                f"replicates is {self.replicates}, but with the seed null nothing is random and "
                "all would be the same; set it to 1, or give a seed"
            )
        return self

    def presentations(self, patterns: int) -> int:
        """How many patterns a replicate is fitted to: ``patterns``, those of the database."""
        return patterns


class Modern(Entry):
    """LeNet-5 as usually built today: its entry stands alone, nothing is merged with ``base``."""

    seed: Seed
    system: Literal["modern"]
    database: Literal["regular"]
    epochs: Count
    batch: Count
    learning_rate: Positive

    def presentations(self, patterns: int) -> int:
        """How many patterns a replicate is shown, for a database of ``patterns``."""
        return self.epochs * patterns


CLASSIFIERS = tuple(
    sorted(
        path.stem.replace("_", "-")
        for path in Path(__file__).parents[1].glob("systems/classifiers/*.py")
        if path.stem != "__init__"
    )
)
SYSTEMS: dict[str, type[Entry]] = {
    "network": Recipe,
    "boosted": Combined,
    "last-layer": Combined,
    "noisy": Combined,
    "modern": Modern,
    **dict.fromkeys(CLASSIFIERS, Classifier),
}
AnyRecipe = Recipe | Combined | Classifier | Modern
ByKind = Annotated[
    Annotated[Recipe, Tag("Recipe")]
    | Annotated[Combined, Tag("Combined")]
    | Annotated[Classifier, Tag("Classifier")]
    | Annotated[Modern, Tag("Modern")],
    Discriminator(lambda entry: _kind(entry)),
]


def _kind(entry: Any) -> str | None:
    """The name of the class of an experiment's entry, by its system; None for no system."""
    if isinstance(entry, Entry):
        return type(entry).__name__
    found = SYSTEMS.get(str(entry.get("system"))) if isinstance(entry, Mapping) else None
    return found.__name__ if found else None
