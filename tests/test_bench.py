"""bench: the figures it promises, all from one run. No timing is asserted."""

from __future__ import annotations

import json

import numpy as np
import pytest
from fabricated import with_study
from networks_of_tests import NETWORKS

from replication import settings
from replication.cli import main
from replication.folders import Folders
from replication.mnist.databases import read_raw
from replication.studies import bench
from replication.studies.bench import earlier
from replication.studies.bench.figures import figures, said
from replication.studies.bench.run import QUICK, in_turn, run
from replication.studies.bench.training import multiply_adds, trainings
from replication.verdicts import curves


@pytest.fixture(scope="module")
def quick(repository, tmp_path_factory):
    """What a quick run writes and prints."""
    out = tmp_path_factory.mktemp("bench") / bench.FILE
    folders = Folders.usual(paper=repository / "data" / "paper", raw=repository / "data" / "raw")
    result = run(folders, settings.load(repository / "params.yaml"), out, quick=True)
    return json.loads(out.read_text()), said(result)


def spreads(entry, path=""):
    """Every measured figure with its place, such as ``lenet5.share_of_peak``."""
    if isinstance(entry, dict):
        if "median" in entry:
            yield path.lstrip("."), entry
        for key, value in entry.items():
            yield from spreads(value, f"{path}.{key}")


def test_bench_json_holds_what_is_promised(quick):
    result, _ = quick
    names = {name for name, _ in spreads(result)}
    assert names >= {
        *(f"{name}.microseconds_per_pattern" for name in (*bench.NETWORKS, "eager", "modern")),
        *(f"{name}.share_of_peak" for name in bench.NETWORKS),
        "lenet5.times_faster_than_eager",
        "lenet5.times_faster_than_modern",
        "curvature_share_of_pass",
        "machine.peak_multiply_adds_per_second",
        "machine.bandwidth_bytes_per_second",
        "replicates.1.patterns_per_second",
        "replicates.2.patterns_per_second",
        "replicates.throughput_ratio",
    }
    assert "perceptron-1000" in bench.NETWORKS
    assert result["machine"]["cores"] >= 1
    assert result["peak_memory_mebibytes"]["training"] > 0


def test_every_figure_is_positive_and_has_its_spread(quick):
    result, _ = quick
    for name, figure in spreads(result):
        assert figure.keys() == {"median", "min", "max", "repeats"}, name
        assert 0 < figure["min"] <= figure["median"] <= figure["max"], name
        assert figure["repeats"] == QUICK.repeats, name


def test_the_verdicts_find_the_medians_that_they_judge_by(quick, paper):
    result, _ = quick
    evidence = with_study(curves.BENCH.name, result)
    cost = curves.judge_cost(evidence, paper.claims["sdlm.cost"])
    assert cost.mean == pytest.approx(100 * result["curvature_share_of_pass"]["median"])
    time = curves.judge_time(evidence, paper.claims["lenet5.training-time"])
    each = result["lenet5"]["microseconds_per_pattern"]["median"]
    assert time.mean == pytest.approx(1.2 * each)  # 20 passes of 60,000


@pytest.mark.parametrize("name", ["eager", "modern"])
def test_ratios_come_from_the_times_of_the_same_run(quick, name):
    result, _ = quick
    ours, theirs = (result[one]["microseconds_per_pattern"] for one in ("lenet5", name))
    ratio = result["lenet5"][f"times_faster_than_{name}"]
    assert ratio["min"] >= theirs["min"] / ours["max"] * 0.9999
    assert ratio["max"] <= theirs["max"] / ours["min"] * 1.0001


def test_ratios_are_formed_within_each_repeat(repository):
    chosen = settings.load(repository / "params.yaml")
    # The second repeat is twice as slow throughout: the ratios are not moved by it.
    series = {
        "lenet5": [1e-5, 2e-5],
        "eager": [50e-5, 100e-5],
        "modern": [4e-5, 8e-5],
        "curvature": [0.006, 0.012],
        "peak": [1e11, 0.5e11],
    }
    result = figures(series, {"lenet5": 100_000}, chosen)
    lenet5 = result["lenet5"]
    assert lenet5["microseconds_per_pattern"] == {
        "median": 15, "min": 10, "max": 20, "repeats": 2,
    }  # fmt: skip
    assert lenet5["times_faster_than_eager"] == {"median": 50, "min": 50, "max": 50, "repeats": 2}
    assert lenet5["times_faster_than_modern"]["max"] == 4
    assert lenet5["share_of_peak"]["min"] == lenet5["share_of_peak"]["max"] == 0.1
    share = 0.006 / (chosen.base.presentations_per_pass * 1e-5)
    assert result["curvature_share_of_pass"]["median"] == pytest.approx(share)


def test_measures_are_taken_in_turn_after_one_round_that_does_not_count():
    calls = []

    def measure(name):
        calls.append(name)
        return float(len(calls))

    series = in_turn({"a": lambda: measure("a"), "b": lambda: measure("b")}, 2)
    assert calls == ["a", "b"] * 3
    assert series == {"a": [3.0, 5.0], "b": [4.0, 6.0]}


def test_what_is_printed_shows_each_network(quick):
    result, said = quick
    lines = said.splitlines()
    for name in bench.NETWORKS:
        (line,) = (one for one in lines if one.startswith(f"{name}, microseconds a pattern"))
        assert f"{result[name]['microseconds_per_pattern']['median']:.4g}" in line


def test_an_update_of_lenet5_takes_0_86_million_multiply_adds():
    c1, c3, c5, f6 = 28 * 28 * 6 * 25, 10 * 10 * 60 * 25, 120 * 400, 84 * 120
    coefficients, codes = 6 * 14 * 14 + 16 * 5 * 5, 10 * 84
    by_hand = 2 * c1 + 3 * (c3 + c5 + f6) + 3 * coefficients + 2 * codes
    assert multiply_adds(NETWORKS["lenet5"]) == by_hand == 865_848
    assert by_hand == pytest.approx(0.86e6, rel=0.01)


def test_an_update_of_a_perceptron_uses_each_weight_three_times_but_the_first_twice():
    # 20x20 inputs, 30, 12 and 10 units
    assert multiply_adds(NETWORKS["perceptron"]) == 2 * 400 * 30 + 3 * (30 * 12 + 12 * 10)


def test_bench_without_raw_files_is_one_sentence(repository, tmp_path, capsys):
    arguments = ["bench", "--quick", "--params", str(repository / "params.yaml")]
    assert main([*arguments, "--raw", str(tmp_path), "--out", str(tmp_path / "bench.json")]) == 2
    assert "train-images-idx3-ubyte.gz is missing" in capsys.readouterr().err
    assert not (tmp_path / "bench.json").exists()


def test_the_earlier_kernels_train_the_same_network_a_little_differently(repository, tmp_path):
    """Only where this copy has the project's history: what is timed beside is the same work.

    They know the whole squared distance only, which is as much work as the half of it.
    """
    kernels = earlier.fetch(tmp_path)
    if kernels is None:
        assert not (repository / ".git").exists()
        return
    regular = read_raw(repository / "data" / "raw")
    chosen = settings.load(repository / "params.yaml")
    whole = settings.changed(chosen.base, {"criterion.distance": 1.0})
    chosen = chosen.model_copy(update={"base": whole})
    ours = trainings(chosen, repository / "data" / "paper", regular, ("lenet5",))["lenet5"]
    before = ours.parameters.copy()
    other = earlier.Earlier(kernels, ours)
    ours.train(100)
    other.train(100)
    moved = np.abs(ours.parameters - before).max()
    assert 0 < np.abs(ours.parameters - other.parameters).max() < 1e-3 * moved
