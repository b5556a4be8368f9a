"""The experiments of params.yaml: the settings of each kind of system."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from replication.core.settings.training import (
    Count,
    Criterion,
    Database,
    Distortions,
    Initialisation,
    Inputs,
    Name,
    Optimiser,
    Options,
    Positive,
    Rules,
    Sdlm,
    Section,
    Seed,
    Squashing,
    Streams,
    Subsampling,
)


class Entry(Section):
    """The keys of every experiment, whatever its system."""

    replicates: Count  # the number of trainings, each with its own number
    seed: Seed | None  # of all random streams; null where nothing is random

    def in_force(self) -> dict[str, Any]:
        """Return the settings that a replicate's record states."""
        return self.model_dump(mode="json", exclude={"replicates"})

    def with_recorded(self, settings: Mapping[str, Any]) -> Self:
        """Return the entry with the settings of a replicate's record, as far as it has such keys.

        A record from before a key was added has the value at which the key changes nothing. Raises
        ValidationError for settings that cannot be.
        """
        older = self.neutral()
        recorded = {
            key: {**older.get(key, {}), **value} if isinstance(value, Mapping) else value
            for key, value in settings.items()
            if key in type(self).model_fields
        }
        return type(self).model_validate({**self.model_dump(), **recorded})

    def network_recipe(self) -> "Recipe | None":
        """Return how our engine trains each network of the system; None where it trains none."""
        return None

    def unused(self, *, subsampled: bool) -> frozenset[str]:
        """Return the keys, such as ``criterion.j``, that have no effect here, whatever they are.

        ``subsampled`` says whether the network has sub-sampling layers.
        """
        del subsampled
        return frozenset()

    def training(self, *, subsampled: bool) -> dict[str, Any]:
        """Return the settings that have an effect on a replicate; ``subsampled`` as in `unused`.

        A group of keys that are all without effect is left out.
        """
        result = self.effective()
        for key in {"replicates", *self.unused(subsampled=subsampled)}:
            *groups, last = key.split(".")
            section = result
            for group in groups:
                section = section.get(group, {})
            section.pop(last, None)
        return result


class Trained(Entry):
    """A network that Appendix C trains, its data and the settings of learning."""

    seed: Seed  # of all random streams
    network: Name  # a name of replication/core/networks/catalogue.py
    database: Database  # the version of MNIST (Section III-A)
    training_patterns: Count  # the number of training patterns, from the first (Figure 6)
    inputs: Inputs  # the inputs of white and black pixels (p. 7)
    # true to train on distorted patterns as well (p. 11)
    distorted: Annotated[bool, Field(strict=True)]
    distortions: Distortions  # the distortions; of no effect otherwise
    passes: Count  # the number of passes (p. 10)
    presentations_per_pass: Count  # the number of patterns shown in a pass
    learning_rates: tuple[Positive, ...]  # the global learning rate of each pass (p. 10)
    # one random order for all passes (p. 41), a fresh one for each, or that of the file
    order: Literal["constant", "fresh", "file"]
    optimiser: Optimiser  # the module that gives the step of every parameter before each pass
    sdlm: Sdlm  # the step sizes (Appendix C)
    squashing: Squashing  # the squashing function (Appendix A)
    initialisation: Initialisation  # the initial weights (Appendix A)
    subsampling: Subsampling  # the sub-sampling layers (Section II-B)
    criterion: Criterion  # the function that is minimised (Section II-C)
    streams: Streams  # the random streams that replicates share

    @property
    def rules(self) -> Rules:
        """The rules by which the network computes."""
        return Rules(self.squashing, self.subsampling, self.criterion)

    @model_validator(mode="after")
    def _one_rate_a_pass(self) -> Self:
        if len(self.learning_rates) != self.passes:
            raise ValueError(
                f"learning_rates has {len(self.learning_rates)} entries but passes is {self.passes}"
                "; give one learning rate a pass"
            )
        return self

    @model_validator(mode="after")
    def _curvatures_have_their_patterns(self) -> Self:
        there = self.training_patterns * (1 + self.distorted * self.distortions.copies)
        if self.sdlm.patterns_drawn == "consecutive":
            there = min(there, self.presentations_per_pass)
        if self.optimiser.name == "sdlm" and self.sdlm.patterns > there:
            raise ValueError(
                f"sdlm.patterns is {self.sdlm.patterns}, but there are {there} patterns to "
                "estimate the curvatures on; lower it"
            )
        return self

    def in_force(self) -> dict[str, Any]:
        """Return the settings that a replicate's record states."""
        silent = {"replicates", "inputs", *(() if self.distorted else ("distortions",))}
        stated = self.model_dump(mode="json", exclude=silent)
        # Where it changes nothing a record has it not, as those from before it was added.
        if self.sdlm.lasts == 1:
            del stated["sdlm"]["lasts"]
        return stated

    def unused(self, *, subsampled: bool) -> frozenset[str]:
        """Return the keys that have no effect here; ``subsampled`` as in `Entry.unused`."""
        sdlm = self.optimiser.name == "sdlm"
        used = {
            **{f"criterion.{key}": False for key in self.criterion.unused},
            "sdlm": sdlm,
            "sdlm.coefficient_curvature": sdlm and subsampled,
            "streams.hessian": sdlm and self.sdlm.patterns_drawn == "random",
            "subsampling": subsampled,
            "initialisation.coefficients": subsampled,
            "distortions": self.distorted,
            "streams.distortions": self.distorted or self.draws_noise,
        }
        return frozenset(key for key, has_effect in used.items() if not has_effect)

    @property
    def draws_noise(self) -> bool:
        """True where noise comes from the stream of the distortions."""
        return False

    def presentations(self, patterns: int) -> int:
        """Return how many patterns a network is shown, whatever the database's number."""
        del patterns
        return self.passes * self.presentations_per_pass


class Recipe(Trained):
    """One experiment that is a network trained by Appendix C."""

    system: Literal["network"]  # a network of the paper, trained by itself

    def network_recipe(self) -> Self:
        """Return itself."""
        return self


class Combined(Trained):
    """A system made of networks that Appendix C trains; ``options`` are its module's own."""

    system: Literal["boosted", "last-layer", "noisy"]  # a module of replication/core/systems
    options: Options  # the settings of its module in replication/core/systems

    @property
    def draws_noise(self) -> bool:
        """True where noise comes from the stream of the distortions."""
        return self.system == "noisy"

    @model_validator(mode="after")
    def _distorted_if_that_is_needed(self) -> Self:
        if self.system == "boosted" and not self.distorted:
            raise ValueError(
                "a network errs too rarely on its own training patterns to be boosted with them; "
                "set distorted to true"
            )
        if self.system == "noisy" and self.distorted:
            raise ValueError("noise is drawn on undistorted patterns; set distorted to false")
        return self

    def network_recipe(self) -> Recipe:
        """Return how each of its networks is trained by itself."""
        return Recipe(system="network", **dict(self.model_dump(exclude={"system", "options"})))


class Classifier(Entry):
    """A system fitted at once, by a module of replication/core/systems/classifiers.

    Nothing is merged with ``base``. A ``seed`` of null says that nothing in it is random.
    """

    system: Name  # a module of replication/core/systems/classifiers, with hyphens for underscores
    database: Database  # the version of MNIST (Section III-A)
    options: Options  # the settings of the module

    @model_validator(mode="after")
    def _one_replicate_says_all(self) -> Self:
        if self.seed is None and self.replicates != 1:
            raise ValueError(
                f"replicates is {self.replicates}, but with the seed null nothing is random and "
                "all would be the same; set it to 1, or give a seed"
            )
        return self

    def presentations(self, patterns: int) -> int:
        """Return how many patterns a replicate is fitted to: ``patterns``, all of the database."""
        return patterns


class Modern(Entry):
    """LeNet-5 as usually built today: its entry stands alone, nothing is merged with ``base``."""

    seed: Seed  # of all random streams
    system: Literal["modern"]  # replication/core/systems/modern.py
    database: Literal["regular"]  # the version of MNIST
    epochs: Count  # the number of times that each pattern is shown
    batch: Count  # patterns in a batch
    learning_rate: Positive  # of Adam

    def presentations(self, patterns: int) -> int:
        """Return how many patterns a replicate is shown, for a database of ``patterns``."""
        return self.epochs * patterns


# Systems whose entries have a form of their own; any other is a classifier.
OWN_FORMS: Mapping[str, type[Entry]] = {
    "network": Recipe,
    "boosted": Combined,
    "last-layer": Combined,
    "noisy": Combined,
    "modern": Modern,
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
    """Return the name of the class of an entry, by its system; None for no system."""
    if isinstance(entry, Entry):
        return type(entry).__name__
    if not isinstance(entry, Mapping) or "system" not in entry:
        return None
    return OWN_FORMS.get(str(entry["system"]), Classifier).__name__
