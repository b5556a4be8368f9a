"""Fabricated evidence for tests of verdicts and of the page: nothing here has been measured."""

from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import pandas as pd

from replication.comparison import paper
from replication.comparison.verdicts import claim_checks
from replication.comparison.verdicts.counts import count_architectures
from replication.comparison.verdicts.evidence import Check, Evidence, Subject
from replication.core import settings
from replication.core.runs import Answers
from replication.pipeline import compare

DATA = Path(__file__).parent.parent / "data" / "paper"
SETTINGS = settings.load(DATA.parents[1] / "params.yaml")
BASE = SETTINGS.base
PAPER = paper.load(DATA)
PATTERNS, PRESENTATIONS = 10_000, 60_000
FIGURE_5 = PAPER.learning_curves.iloc[:20]
# The rules are the project's own; which experiments there are is fabricated too.
CHOICES = SETTINGS.compare.model_copy(
    update={
        "experiments": SETTINGS.compare.experiments.model_copy(
            update={"hessian_subset": "subsets", "virtual_other_degree": "degree 5"}
        ),
        "training_sizes": {15000: ("lenet5-15000", "lenet5-15000-long"), 60000: ("lenet5",)},
        "systems": {"lenet5/regular": "lenet5", "lenet5/distorted": "lenet5-distorted"},
    }
)


COST = {"operations_thousands": 340.908, "memory_thousands": 60.0}


def repeated(value):
    """Of a benchmark: a figure that was repeated, with a spread of one part in ten."""
    return {"median": value, "min": 0.9 * value, "max": 1.1 * value, "repeats": 40}


def timed(microseconds=100.0, curvature=0.02, **others):
    """What results/bench.json has under a target; ``others`` are further entries of it."""
    part = {"microseconds_per_pattern": repeated(microseconds)}
    speed = {**part, "multiply_adds_per_update": 1000, "share_of_peak": repeated(0.4)}
    ratios = {f"times_faster_than_{name}": repeated(value)
              for name, value in (("c", 9.0), ("eager", 90.0), ("modern", 4.0))}  # fmt: skip
    agreed = {**part, "losses_differ_by": 0.0, "patterns_compared": 1000}
    rate = {"patterns_per_second": repeated(1e4)}
    return {
        "machine": {
            "processor": "A processor", "compiled_for": "its kind", "cores": 2,
            "architecture": "x86_64", "system": "Linux", "python": "3.11.7",
            "packages": {"numba": "0.68.1"}, "peak_measured_by": "a kernel",
            "peak_multiply_adds_per_second": repeated(1e11),
            "bandwidth_bytes_per_second": repeated(1e10),
        },
        **{name: speed for name in ("lenet4", "lenet1", "perceptron-300", "perceptron-1000",
                                    "perceptron-300-100", "perceptron-500-150")},
        "lenet5": {**speed, **ratios},
        "distorted": part,
        "modern": part,
        "peers": {"eager": {**agreed, "what": "torch"}, "c": {**agreed, "what": "loops in C"}},
        "curvature_share_of_pass": repeated(curvature),
        "replicates": {"1": rate, "2": rate, "throughput_ratio": repeated(1.9)},
        "memory": {"lenet5_at_once": 10, "peak_mebibytes": 500.0},
        **others,
    }  # fmt: skip


def labels():
    made = np.random.default_rng(3).integers(0, 10, PATTERNS).astype(np.uint8)
    made[PAPER.misclassified["test_index"]] = PAPER.misclassified["label"]
    return made


LABELS = labels()
INDEX = PAPER.misclassified["test_index"].to_numpy()


def answers_like_1998(generator, misses=82):
    """A relative of 1998: two thirds of each one's misses come from one pool, that of 1998."""
    classes = LABELS.copy()
    known = generator.choice(len(INDEX), 50, replace=False)
    classes[INDEX[known]] = PAPER.misclassified["predicted"].to_numpy()[known]
    others = np.setdiff1d(np.arange(PATTERNS), INDEX)
    own = generator.choice(others, misses - 50, replace=False)
    classes[own] = (LABELS[own] + 1) % 10
    return Answers(classes, np.ones(PATTERNS, dtype=np.float32))


def relatives(count=10, hard=120, misses=80, seed=5):
    """Replicates that miss digits of one pool of hard ones, in which 1998's 82 lie."""
    generator = np.random.default_rng(seed)
    others = np.setdiff1d(np.arange(PATTERNS), INDEX)
    pool = np.concatenate([INDEX, generator.choice(others, hard - len(INDEX), replace=False)])
    usual = (LABELS + 1) % 10
    usual[INDEX] = PAPER.misclassified["predicted"]
    made = []
    for _ in range(count):
        classes = LABELS.copy()
        chosen = generator.choice(pool, misses, replace=False)
        classes[chosen] = usual[chosen]
        odd = generator.choice(chosen, 10, replace=False)
        classes[odd] = np.where((LABELS[odd] + 2) % 10 == usual[odd], (LABELS[odd] + 3) % 10,
                                (LABELS[odd] + 2) % 10)  # fmt: skip
        made.append(Answers(classes, np.ones(PATTERNS, dtype=np.float32)))
    return made


def history(test, training, steps=(7e-5, 0.016)):
    """A history with these percentages, pass by pass."""
    test, training = np.asarray(test), np.asarray(training)
    return pd.DataFrame(
        {
            "pass": np.arange(1, len(test) + 1),
            "learning_rate": 1e-4,
            "training_presentations": PRESENTATIONS,
            "training_misses": np.round(training * PRESENTATIONS / 100).astype(int),
            "test_misses": np.round(test * PATTERNS / 100).astype(int),
            "mean_criterion": 1.0,
            "step_C1_min": steps[0],
            "step_C1_max": steps[1] / 2,
            "step_F6_min": steps[0] * 3,
            "step_F6_max": steps[1],
            "weights_sha256": 64 * "a",
        }
    )


def histories(count=10, shift=0.0, sd=0.03, seed=7):
    """Replicates around Figure 5, each wholly higher or lower, and a little rough."""
    generator = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        offset = shift + generator.normal(0, sd, 2)
        rough = generator.normal(0, sd / 3, (2, 20))
        made.append(
            history(
                FIGURE_5["test_error_percent"].to_numpy() + offset[0] + rough[0],
                FIGURE_5["training_error_percent"].to_numpy() + offset[1] + rough[1],
                (
                    7e-5 * np.exp(generator.normal(0, 0.05)),
                    0.016 * np.exp(generator.normal(0, 0.05)),
                ),
            )
        )
    return made


def varied(experiment, runs):
    """Histories as the study of variance writes them."""
    return pd.concat(
        [one.assign(experiment=experiment, replicate=n) for n, one in enumerate(runs)],
        ignore_index=True,
    )


def noncharacters(more: float) -> pd.DataFrame:
    """The study of images of no digit: RBF units reject ``more`` points more of them."""
    return pd.DataFrame(
        [
            (outputs, outputs, number, kind, 30.0 + number + (more if outputs == "rbf" else 0.0))
            for outputs in ("rbf", "plain")
            for number in range(5)
            for kind in ("between two digits", "shuffled pixels")
        ],
        columns=["outputs", "experiment", "replicate", "kind", "rejected_percent"],
    )


def boosted(least, loss=0.0):
    """The study of boosting: an error with all three called, and a loss at 1.75 networks."""
    rows = [
        (number, 50 * (nets - 1), nets, least + number / 100 + (loss if nets < 2 else 0.0))
        for number in range(5)
        for nets in (1.0, 1.75, 3.0)
    ]
    return pd.DataFrame(rows, columns=["replicate", "called_percent", "nets", "test_error_percent"])


def metric(values):
    return {"mean": float(np.mean(values)), "sd": None, "values": list(values)}


def metrics_of(test, training, rejection=(0.9,)):
    return {
        "replicates": len(test),
        "test_error_percent": metric(test),
        "training_error_percent": metric(training),
        "rejection_percent": metric(rejection * len(test)),
        **{key: metric([value] * len(test)) for key, value in COST.items()},
    }


def spread(mean, sd, count=10):
    """Values with exactly this mean and standard deviation."""
    steps = np.linspace(-1, 1, count)
    return list(mean + sd * steps / np.std(steps, ddof=1))


EMPTY = Evidence(
    paper=PAPER,
    choices=CHOICES,
    amplitude=1.7159,
    slope=2 / 3,
    counts=count_architectures(PAPER),
    summary={},
    labels=LABELS,
    metrics={},
    histories={},
    answers={},
)
SUMMARY = {
    "databases": {
        "regular": {
            "mean": 0.0276,
            "variance": 0.123,
            "image_mean": 0.0666,
            "image_variance": 0.154,
            "training_patterns": 60000,
            "test_patterns": 10000,
            "centre_of_mass": {
                "training": {"mean_distance": 0.7, "largest_distance": 1.1},
                "test": {"mean_distance": 0.7, "largest_distance": 1.2},
            },
        }
    }
}
BY_SOURCE = {
    "SD-1": {"patterns": 29_000, "writers": 250},
    "SD-3": {"patterns": 31_000, "writers": 280},
}
WRITERS = {
    "training": BY_SOURCE,
    "test": {source: {"patterns": 5000, "writers": 200} for source in BY_SOURCE},
    "writers_in_training_and_test": 0,
}
FULL = replace(
    EMPTY,
    summary=SUMMARY,
    writers=WRITERS,
    metrics={
        "lenet5": metrics_of(spread(0.96, 0.05), spread(0.36, 0.03)),
        "lenet5-distorted": metrics_of(spread(0.82, 0.05), spread(0.6, 0.03)),
    },
    histories={"lenet5": histories()},
    answers={"lenet5": relatives(seed=6), "lenet5-distorted": relatives()},
    studies={
        "bench.json": {"native": timed()},
        "readings.csv": pd.DataFrame(
            {
                "stage": ["final", "variation"],
                "change": ["", "subsampling.reading=averaged"],
                "adopted": [True, False],
                "rms": [0.15, 0.55],
                "rms_low": [0.1, 0.5],
                "rms_high": [0.2, 0.6],
            }
        ),
        "collapse.json": {"mle": {"code_spread": [0.001] * 3}, "map": {"code_spread": [0.9] * 3}},
        "variance_curves.csv": varied("subsets", histories(5)),
        "boosting.csv": boosted(0.7),
        "noncharacters.csv": noncharacters(40.0),
    },
)


def with_errors(test, training=(0.36,), experiment="lenet5"):
    """The evidence with an experiment of these errors in percent, one a replicate, and no other."""
    return replace(FULL, metrics={experiment: metrics_of(test, training)})


def with_study(name, content, evidence=FULL):
    """The evidence with another file of a study."""
    return replace(evidence, studies={**evidence.studies, name: content})


CHECKS = compare.all_checks()


def judge_all(evidence):
    return claim_checks.run_checks(evidence, CHECKS)


@cache
def judge_full():
    """Return the verdicts on `FULL`, judged once."""
    return judge_all(FULL)


def found(evidence, claim):
    """The finding on a claim, an entry of a claim's table, or a contradiction."""
    if claim in PAPER.contradictions:
        contradiction = PAPER.contradictions[claim]
        judge = partial(CHECKS.contradictions[claim], evidence, contradiction)
        check = Check(Subject.from_contradiction(contradiction), judge)
        return claim_checks.run_check(check, evidence.wording).finding
    checks = claim_checks.checks_for(evidence, CHECKS, PAPER.claims[claim.split(":")[0]])
    (check,) = [check for check in checks if check.subject.claim == claim]
    return claim_checks.run_check(check, evidence.wording).finding
