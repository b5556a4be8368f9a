"""Judge each setting in force by what data/paper/settings.yaml says of its value.

Where that value has to be computed a function here does it. The meaning of each outcome, with every
published value and that of the authors' library, stands in settings.yaml.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from replication.comparison.audit.behaviour import Behaviour
from replication.comparison.paper import Choice, Paper, Status, format_value
from replication.comparison.paper.choices import LIBRARY, OTHERWISE, PRINTED
from replication.core.mnist.versions import measure_slants
from replication.core.networks import catalogue
from replication.core.networks.specification import Network
from replication.core.settings import (
    AnyRecipe,
    Combined,
    Range,
    Recipe,
    Section,
    Settings,
    get_by_path,
)
from replication.errors import ReplicationError

# The relative distance of float32 from the reference in float64 that is allowed, generously.
CLOSE = 1e-3
# The value in force, as text, and a word that the choice's `means` explains.
Outcome = tuple[str, str]
_UNSEEN = ("not looked at", "unseen")


class Opinion(NamedTuple):
    """The value in force, its status beside the paper, and the reason."""

    in_force: str
    status: Status
    remark: str


class Case(NamedTuple):
    """A choice in one experiment of some settings, to be judged.

    behaviour: of the code that made the runs; None where no run is looked at.
    """

    paper: Paper
    settings: Settings
    recipe: Recipe
    choice: Choice
    behaviour: Behaviour | None = None

    def value(self, key: str) -> Any:
        """Return the value in this experiment of a key such as ``base.sdlm.mu``."""
        section, _, rest = key.partition(".")
        group = self.recipe if section == "base" else getattr(self.settings, section)
        return get_by_path(group, rest) if rest else group

    def network(self) -> Network:
        """Return the experiment's network, built from data/paper as training builds it."""
        return catalogue.network(self.recipe.network, self.recipe.database, self.paper)


def judge(case: Case) -> Opinion:
    """Compare the value in force with the paper's."""
    choice = case.choice
    if choice.check and choice.check not in CHECKS:
        raise ReplicationError(
            f"data/paper/settings.yaml: {choice.id} names the check `{choice.check}`: name one of "
            f"{', '.join(CHECKS)}, or add it to replication/comparison/audit/checks.py"
        )
    if choice.check:
        in_force, outcome = CHECKS[choice.check](case)
    else:
        in_force, outcome = _option(case) if choice.option else _value(case)
    return Opinion(in_force, *choice.meaning(outcome))


def experiments_about(settings: Settings, choice: Choice) -> dict[str, AnyRecipe]:
    """Return the experiments whose runs show a choice, by name."""
    about, experiments = choice.about, settings.experiments
    names = {**dict(settings.compare.experiments), **settings.compare.systems}
    if not about or about in names:
        return {name: experiments[name] for name in [names.get(about)] if name in experiments}
    return {
        name: recipe
        for name, recipe in experiments.items()
        if recipe.system.startswith(about) or recipe.database.startswith(about)
    }


def _value(case: Case) -> Outcome:
    choice = case.choice
    value = case.value(choice.keys[0])
    if isinstance(value, Section | Mapping):
        return "as in params.yaml", OTHERWISE
    text = format_value(value)
    if choice.printed is not None and value == choice.printed:
        return text, PRINTED
    if choice.library and value == choice.library.value and choice.printed is None:
        return text, LIBRARY
    return text, text if text in choice.means else OTHERWISE


def _option(case: Case) -> Outcome:
    """Compare an option of the experiments about which the choice is."""
    recipes = experiments_about(case.settings, case.choice).values()
    values = {getattr(recipe, "options", {}).get(case.choice.option) for recipe in recipes}
    text = f"{format_value(sorted(values, key=str))} {case.choice.unit}".strip()
    return text if values else "not made", _as_printed(values == {case.choice.printed})


def _as_printed(same: bool) -> str:
    return PRINTED if same else OTHERWISE


def field(case: Case) -> Outcome:
    """Compare the input field of the network's own table, p. 7."""
    size, prepared = case.network().field, case.settings.prepare.field
    text = f"{size}x{size}" + ("" if prepared == size else f", summarised as {prepared}")
    return text, _as_printed(size == prepared == case.choice.printed)


def connections(case: Case) -> Outcome:
    """Compare the connections of C3 with Table I, p. 8."""
    tables = [layer.table for layer in case.network().layers if layer.name == "C3"]
    text = f"{case.recipe.network}: {sum(map(len, tables[0])) if tables else 0} pairs of maps"
    return text, _as_printed(tables == [case.paper.connection_table])


def codes(case: Case) -> Outcome:
    """Compare the codes of the outputs with Figure 3, p. 8."""
    in_force = case.network().codes
    same = np.array_equal(in_force, case.paper.digit_codes)
    return f"fixed codes: {len(in_force)}", _as_printed(same)


def database(case: Case) -> Outcome:
    """Name the experiments that use a version of the database, p. 10."""
    prepared = case.settings.prepare.databases
    if not any(name.startswith(case.choice.about) for name in prepared):
        return "not made", "missing"
    users = ", ".join(experiments_about(case.settings, case.choice))
    return f"used by {users}" if users else "prepared; no experiment uses it", "prepared"


def deslanted(case: Case) -> Outcome:
    """Compare the moments of p. 10, of pixels that are 1 or 0, with those of grey pixels."""
    text, outcome = database(case)
    grey = np.zeros((1, 8, 8), np.uint8)
    grey[0, [1, 2, 4, 6, 6], [1, 3, 3, 5, 6]] = [40, 255, 120, 200, 90]
    binary = [np.where(grey > least, 255, 0).astype(np.uint8) for least in (0, 127)]
    same = any((measure_slants(grey) == measure_slants(images)).all() for images in binary)
    return text, _as_printed(same) if outcome == "prepared" else outcome


def initial_range(case: Case) -> Outcome:
    """Compare the range with that of p. 41, whose text argues for F against the root of F."""
    rules = case.recipe.initialisation
    text = f"{format_value(rules.range)} / F"
    if rules.power != 1:
        return f"{text}^{format_value(rules.power)}", "power"
    return text, _as_printed(rules.range == case.choice.printed)


def criterion(case: Case) -> Outcome:
    """Compare the criterion with the choice's equation, 8 or 9 of p. 9."""
    name, equation = case.recipe.criterion.name, {"mle": 8, "map": 9}
    if name not in equation:
        return name, OTHERWISE
    used = "minimised" if name == case.choice.printed else "not used"
    return f"{name}: equation {equation[str(case.choice.printed)]} is {used}", "rbf"


def online(case: Case) -> Outcome:
    """Compare the kernels on a few patterns with an update after each, p. 41."""
    if case.behaviour is None:
        return _UNSEEN
    off = case.behaviour.update
    return f"within {off:.0e} of equation 18 after a few patterns", _as_printed(off < CLOSE)


def steps(case: Case) -> Outcome:
    """Compare the steps that the optimiser gives with equations 18 to 27, p. 42."""
    name, behaviour = case.recipe.optimiser.name, case.behaviour
    if name != "sdlm":
        return name, "optimiser"
    if behaviour is None:
        return name, "unseen"
    text = (
        f"steps within {behaviour.steps:.0e} of a plain recursion's, updates {behaviour.update:.0e}"
    )
    same = max(behaviour.steps, behaviour.update) < CLOSE
    other_start = case.recipe.sdlm.curvature_start != "exact"
    return text, "start" if same and other_start else _as_printed(same)


def precision(case: Case) -> Outcome:
    """Name the precision of the kernels."""
    return case.behaviour.precision if case.behaviour else _UNSEEN[0], OTHERWISE


def tanh(case: Case) -> Outcome:
    """Compare the kernels' hyperbolic tangent with the exact one of p. 8."""
    if case.behaviour is None:
        return _UNSEEN
    off = case.behaviour.tanh
    # Rounding alone leads half a unit of the 24th bit away.
    return f"within {off:.0e} of tanh", _as_printed(off < 2.0**-24)


def patterns(case: Case) -> Outcome:
    """Compare the number of training patterns with p. 10 and the sizes of Figure 6."""
    count = case.recipe.training_patterns
    same = count == case.paper.claims["data.train"].value
    return format_value(count), "smaller" if count in _smaller(case) else _as_printed(same)


def length(case: Case) -> Outcome:
    """Compare the presentations of a pass with the whole training set, p. 10."""
    count, available = case.recipe.presentations_per_pass, case.recipe.training_patterns
    smaller = available in _smaller(case)
    return format_value(count), "smaller" if smaller else _as_printed(count == available)


def _smaller(case: Case) -> set[int]:
    sizes = set(case.paper.training_set_size["training_patterns"])
    return sizes - {case.paper.claims["data.train"].value}


def version(case: Case) -> Outcome:
    """Compare the version of the database that LeNet-5 is trained on."""
    name, lenet5 = case.recipe.database, case.paper.choices["base.network"].printed
    return name, _as_printed(name == case.choice.printed or case.recipe.network != lenet5)


def distorted(case: Case) -> Outcome:
    """Compare the numbers of patterns and the kinds of distortion with p. 11."""
    recipe, distortions = case.recipe, case.recipe.distortions
    if not recipe.distorted:
        return "none", "none"
    claimed = case.paper.claims[case.choice.id].numbers
    printed = [claimed[key] for key in ("originals", "distorted", "passes", "presentations")]
    originals, shows = recipe.training_patterns, recipe.presentations_per_pass
    numbers = [originals, originals * distortions.copies, recipe.passes, shows]
    text = "{} originals and {} distorted, {} passes of {}".format(*numbers)
    ranges = [value for _, value in distortions if isinstance(value, Range)]
    if any(values.low == values.high for values in ranges):
        return text, "kinds"
    return text, _as_printed(numbers == printed)


def boosting(case: Case) -> Outcome:
    """Compare the networks that are boosted with those of p. 13."""
    recipes = experiments_about(case.settings, case.choice).values()
    kinds = {(r.network, r.distorted) for r in recipes if isinstance(r, Combined)}
    descriptions = [
        f"three {name}{' with distortions' * distorted}" for name, distorted in sorted(kinds)
    ]
    return format_value(descriptions) or "none", _as_printed(descriptions == [case.choice.printed])


CHECKS: Mapping[str, Callable[[Case], Outcome]] = {
    check.__name__: check
    for check in (
        field, connections, codes, database, deslanted, initial_range, criterion, online, steps,
        precision, tanh, patterns, length, version, distorted, boosting,
    )
}  # fmt: skip
