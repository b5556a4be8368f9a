import numpy as np
import pandas as pd
import pytest

from replication.core.mnist.distortions import COLUMNS, draw_distortions
from replication.pipeline.cli import main
from replication.studies.distortions import correlate, fit_distributions, select_trusted

# What `distortions.draw` draws at random, by its key in params.yaml.
DRAWN = {
    "inverse_scale": ("scale", "inverse"),
    "log_squeeze": ("squeeze", "logarithm"),
    "shear": ("shear", "by pixel of the original"),
    "shift_x": ("shift_x", "pixels of the original"),
    "shift_y": ("shift_y", "pixels of the original, anchored"),
}


@pytest.fixture(scope="module")
def distortions(chosen):
    return chosen.base.distortions


@pytest.fixture(scope="module")
def fits(paper):
    return fit_distributions(paper.distortions)


def figure_of(parameters):
    """Parameters as the table of Figure 7 gives them."""
    table = pd.DataFrame(parameters.astype(np.float64), columns=list(COLUMNS))
    table = table.rename(columns={"shift_x": "shift_x_pixels", "shift_y": "shift_y_pixels"})
    return table.assign(match_correlation=1.0)


def chosen_of(table):
    return table[table["chosen"]].set_index("quantity")


def drawn_uniformly(best, distortions):
    """For each quantity that is drawn, its fit, which has to be its reading, and its range."""
    for key, (quantity, reading) in DRAWN.items():
        row = best.loc[quantity]
        assert (row["reading"], row["distribution"]) == (reading, "uniform")
        yield row, getattr(distortions, key)


def test_settings_are_the_chosen_fits_rounded_to_two_decimals(fits, distortions):
    best = chosen_of(fits)
    assert set(best.index) == {quantity for quantity, _ in DRAWN.values()} | {"anchor_y"}
    for row, limits in drawn_uniformly(best, distortions):
        assert (limits.low, limits.high) == (round(row["low"], 2), round(row["high"], 2))
    assert distortions.anchor == round(best.loc["anchor_y", "mean"], 2)


def test_chosen_fits_are_good_and_every_other_law_is_less_likely(fits):
    best = chosen_of(fits).drop("anchor_y")
    assert (best["p"] > 0.1).all()
    for quantity, row in best.iterrows():
        others = fits[(fits["quantity"] == quantity) & ~fits["chosen"]]
        assert (others["aic"] > row["aic"]).all()
        assert (others.loc[others["distribution"] == "normal", "aic"] > row["aic"] + 4).all()
    shift = fits[(fits["quantity"] == "shift_y") & (fits["distribution"] == "uniform")]
    without_anchor = shift["reading"].isin(["pixels drawn", "pixels of the original"])
    assert (shift.loc[without_anchor, "p"] < 0.02).all()
    assert without_anchor.sum() == 2


def test_the_one_doubtful_match_is_left_out_and_decides_nothing(paper, fits):
    figure = paper.distortions
    assert len(figure) - len(select_trusted(figure)) == 1
    everything = fit_distributions(figure.assign(match_correlation=1.0))
    both = everything.merge(fits, on=["quantity", "reading", "distribution"])
    assert both["patterns_x"].eq(100).all()
    ends = both[both["chosen_y"] & (both["distribution"] == "uniform")]
    assert ends["chosen_x"].all()
    assert np.abs(ends["low_x"] - ends["low_y"]).max() < 0.1
    assert np.abs(ends["high_x"] - ends["high_y"]).max() < 0.1


def test_fit_finds_again_what_was_drawn(distortions):
    drawn = draw_distortions(distortions, 500, np.random.default_rng(8))
    best = chosen_of(fit_distributions(figure_of(drawn)))
    for row, limits in drawn_uniformly(best, distortions):
        width = limits.high - limits.low
        assert row["low"] == pytest.approx(limits.low, abs=0.05 * width)
        assert row["high"] == pytest.approx(limits.high, abs=0.05 * width)
        assert row["p"] > 0.01
    found = best.loc["anchor_y"]
    assert found["mean"] == pytest.approx(distortions.anchor, abs=3 * found["sd"])


def test_normal_quantities_are_not_taken_for_uniform():
    generator = np.random.default_rng(4)
    drawn = generator.normal([1, 1, 0, 0, 0], [0.05, 0.05, 0.05, 1, 1], (300, 5))
    table = fit_distributions(figure_of(drawn))
    best = chosen_of(table)
    assert (best.loc[["scale", "squeeze", "shear", "shift_x", "shift_y"], "distribution"]
            == "normal").all()  # fmt: skip
    flat = table[(table["quantity"] == "shear") & (table["distribution"] == "uniform")]
    assert (flat["p"] < 0.01).all()


def test_chosen_quantities_are_not_seen_to_depend_on_one_another(paper, fits):
    table = correlate(paper.distortions, fits)
    assert len(table) == 20
    assert table["p"].min() > 0.05
    wrong = fits.assign(chosen=(fits["distribution"] == "uniform") & fits["reading"].isin(
        ["inverse", "pixels drawn"]))  # fmt: skip
    pairs = correlate(paper.distortions, wrong).set_index(["first", "second", "absolute"])
    assert pairs.loc[("scale", "shift_y", False), "p"] < 1e-6


def test_command_writes_the_committed_tables_and_prints_the_fits(repository, tmp_path, capsys):
    assert main(["distortions", "--root", str(repository), "--out", str(tmp_path)]) == 0
    assert "anchor_y" in capsys.readouterr().out
    for name in ("distortions.csv", "distortion_correlations.csv"):
        written, committed = (pd.read_csv(at / name) for at in (tmp_path, repository / "results"))
        pd.testing.assert_frame_equal(written, committed, rtol=1e-5)
