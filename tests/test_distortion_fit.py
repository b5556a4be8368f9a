import numpy as np
import pandas as pd
import pytest
from scipy import stats

from replication.core.mnist.distortions import COLUMNS, draw_distortions
from replication.core.settings import load
from replication.pipeline.cli import main
from replication.studies.distortions.quantities import fit_anchor, list_readings, select_trusted
from replication.studies.distortions.run import correlate, fit_distributions

# What `distortions.draw` draws at random, by its key in params.yaml.
DRAWN = {
    "inverse_scale": ("scale", "inverse"),
    "log_squeeze": ("squeeze", "logarithm"),
    "shear": ("shear", "by pixel of the original"),
    "shift_x": ("shift_x", "pixels of the original"),
    "shift_y": ("shift_y", "pixels of the original, anchored"),
}


@pytest.fixture(scope="module")
def distortions(repository):
    return load(repository / "params.yaml").base.distortions


@pytest.fixture(scope="module")
def fits(paper):
    return fit_distributions(paper.distortions)


def figure_of(parameters):
    """Parameters as the table of Figure 7 gives them."""
    table = pd.DataFrame(parameters.astype(np.float64), columns=list(COLUMNS))
    table = table.rename(columns={"shift_x": "shift_x_pixels", "shift_y": "shift_y_pixels"})
    return table.assign(match_correlation=1.0)


def chosen(table):
    return table[table["chosen"]].set_index("quantity")


def test_settings_are_the_chosen_fits_rounded_to_two_decimals(fits, distortions):
    best = chosen(fits)
    assert set(best.index) == {quantity for quantity, _ in DRAWN.values()} | {"anchor_y"}
    for key, (quantity, reading) in DRAWN.items():
        row, limits = best.loc[quantity], getattr(distortions, key)
        assert (row["reading"], row["distribution"]) == (reading, "uniform")
        assert (limits.low, limits.high) == (round(row["low"], 2), round(row["high"], 2)), key
    assert distortions.anchor == round(best.loc["anchor_y", "mean"], 2)


def test_chosen_fits_are_good_and_every_other_law_is_less_likely(fits):
    best = chosen(fits).drop("anchor_y")
    assert (best["p"] > 0.1).all()
    for quantity, row in best.iterrows():
        others = fits[(fits["quantity"] == quantity) & ~fits["chosen"]]
        assert (others["aic"] > row["aic"]).all()
        assert (others.loc[others["distribution"] == "normal", "aic"] > row["aic"] + 4).all()


def test_vertical_shift_without_the_anchor_fits_badly(fits):
    shift = fits[(fits["quantity"] == "shift_y") & (fits["distribution"] == "uniform")]
    p = shift.set_index("reading")["p"]
    assert p["pixels drawn"] < 0.02
    assert p["pixels of the original"] < 0.02


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
    best = chosen(fit_distributions(figure_of(drawn)))
    for key, (quantity, reading) in DRAWN.items():
        row, limits = best.loc[quantity], getattr(distortions, key)
        width = limits.high - limits.low
        assert (row["reading"], row["distribution"]) == (reading, "uniform")
        assert row["low"] == pytest.approx(limits.low, abs=0.05 * width)
        assert row["high"] == pytest.approx(limits.high, abs=0.05 * width)
        assert row["p"] > 0.01
    found = best.loc["anchor_y"]
    assert found["mean"] == pytest.approx(distortions.anchor, abs=3 * found["sd"])


def test_normal_quantities_are_not_taken_for_uniform():
    generator = np.random.default_rng(4)
    drawn = generator.normal([1, 1, 0, 0, 0], [0.05, 0.05, 0.05, 1, 1], (300, 5))
    table = fit_distributions(figure_of(drawn))
    best = chosen(table)
    assert (best.loc[["scale", "squeeze", "shear", "shift_x", "shift_y"], "distribution"]
            == "normal").all()  # fmt: skip
    flat = table[(table["quantity"] == "shear") & (table["distribution"] == "uniform")]
    assert (flat["p"] < 0.01).all()


def test_ends_of_a_uniform_are_estimated_without_bias():
    generator = np.random.default_rng(6)
    shear = generator.random((4000, 20))
    margin = np.ptp(shear, axis=1) / 19
    assert (shear.min(axis=1) - margin).mean() == pytest.approx(0.0, abs=0.003)
    drawn = np.tile([1.0, 1, 0, 0, 0], (20, 1)) + generator.normal(0, 0.01, (20, 5))
    drawn[:, 2] = shear[0]
    row = fit_distributions(figure_of(drawn)).query(
        "quantity == 'shear' and reading == 'by pixel of the original' and "
        "distribution == 'uniform'"
    )
    assert row["low"].item() == pytest.approx(shear[0].min() - margin[0])
    assert row["high"].item() == pytest.approx(shear[0].max() + margin[0])


def test_anchor_is_the_line_that_scaling_leaves_in_place():
    scale = np.array([0.7, 0.9, 1.1, 1.3])
    offset, error = fit_anchor(8.0 * (1 - scale) + 0.5 * scale, scale)
    assert offset == pytest.approx(8.0)
    assert error == pytest.approx(0.0, abs=1e-9)


def test_likelihood_of_a_reading_is_that_of_what_was_measured(paper):
    figure = select_trusted(paper.distortions)
    scale = np.sqrt(figure["scale_x"] * figure["scale_y"]).to_numpy()
    found = {one.reading: one for one in list_readings(figure) if one.quantity == "scale"}
    mean, sd = found["logarithm"].values.mean(), found["logarithm"].values.std()
    own = stats.norm(mean, sd).logpdf(found["logarithm"].values) + found["logarithm"].density
    assert own == pytest.approx(stats.lognorm(sd, scale=np.exp(mean)).logpdf(scale))


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
