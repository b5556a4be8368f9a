"""The published errors by our experiments' names."""

from __future__ import annotations

from replication.paper import Paper
from replication.settings import Compare


def published_errors(paper: Paper, rules: Compare) -> dict[tuple[str, str], float]:
    """Errors in percent by (experiment, ``test`` or ``training``): the claims, Figures 6 and 9."""
    found: dict[tuple[str, str], float] = {}
    sizes = paper.training_set_size
    for size, experiments in rules.training_sizes.items():
        rows = sizes[(sizes["training_patterns"] == size) & ~sizes["distorted_training"]]
        for experiment in experiments:
            for name in ("test", "training"):
                for value in rows[f"{name}_error_percent"].tolist():
                    found[experiment, name] = float(value)
    claims = {
        (rules.experiments.undistorted, "test"): "lenet5.test-error",
        (rules.experiments.undistorted, "training"): "lenet5.training-error",
        (rules.experiments.distorted, "test"): "lenet5.distorted-test-error",
    }
    for row in paper.systems.to_dict("records"):
        name = f"{row['system']}/{row['database']}"
        if name in rules.systems:
            found[rules.systems[name], "test"] = float(row["test_error_percent"])
    for key, name in claims.items():
        value = paper.claims[name].value
        if not isinstance(value, int | float):
            raise TypeError(f"{name} is not a number")
        found[key] = float(value)
    return found
