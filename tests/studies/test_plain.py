"""The reading of networks without RBF units: what is tied and what is adopted."""

import pandas as pd
from fabricated import PAPER, SETTINGS, spread

from replication.studies import plain as study
from replication.studies.plain import PLAIN


def trained(*readings):
    """A table with the errors of each reading: levels, range, passes, mean, sd."""
    return PLAIN.frame(
        (levels, reach, passes, number, f"{levels}{reach}{passes}{number}", 1.0, error)
        for levels, reach, passes, mean, sd in readings
        for number, error in enumerate(spread(mean, sd, 5) if sd is not None else [None] * 5)
    )


def test_every_combination_is_tried_the_nearest_to_the_text_first():
    variants = study.list_variants(SETTINGS.plain)
    assert len(variants) == 24
    first = variants[0].changes
    assert (first["inputs.background"], first["inputs.foreground"]) == SETTINGS.base.inputs.ends
    printed = SETTINGS.readings.printed["initialisation.range"]
    assert (first["initialisation.range"], first["passes"]) == (printed, 20)
    assert {variant.changes["criterion.divisor"] for variant in variants} == {2.0}


def test_of_the_tied_readings_the_first_is_adopted_even_if_another_is_nearer():
    ranked = study.rank_readings(
        trained(("a", 2.4, 20, 9.0, 0.1), ("a", 2.0, 20, 4.9, 0.2), ("b", 1.0, 20, 4.7, 0.1)),
        4.7, 0.95,
    )  # fmt: skip
    assert ranked["tied"].tolist() == [False, True, True]
    assert ranked["adopted"].tolist() == [False, True, False]


def test_without_a_tied_reading_the_nearest_is_adopted_and_the_diverged_is_none():
    ranked = study.rank_readings(
        trained(("a", 2.4, 20, None, None), ("a", 2.0, 20, 6.0, 0.1), ("b", 1.0, 20, 5.5, 0.1)),
        4.7, 0.95,
    )  # fmt: skip
    assert ranked["tied"].tolist() == [False, False, False]
    assert ranked["adopted"].tolist() == [False, False, True]
    assert pd.isna(ranked["mean"][0])


def test_what_it_is_fitted_to_is_a_published_row_of_its_experiment():
    rows = PAPER.systems["system"] + "/" + PAPER.systems["database"]
    assert SETTINGS.plain.row in set(rows)
    assert SETTINGS.compare.systems[SETTINGS.plain.row] == SETTINGS.plain.experiment
