"""Whatever a file holds, reading it ends in one short line (tests/mutations.py)."""

import pytest
from mutations import outcomes, readers


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("mutated")


NAMES = (
    "params.yaml", "claims.yaml", "figure5_learning_curves.csv", "figure3_rbf_codes.txt",
    "t10k-labels", "SHA256SUMS", "summary.json", "answers.npz, sealed", "history.csv, sealed",
    "weights.safetensors, sealed", "cost.json, sealed", "answers.npz", "history.csv",
    "weights.safetensors", "cost.json", "record.json", "timing.json", "checkpoint", "dvc.lock",
    "metrics.json", "bench.json", "collapse.json", "audit.csv", "verdicts.csv", "readings.csv",
    "neighbours.csv",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_mutated_file_is_read_or_refused_in_one_short_line(name, scratch):
    found = list(outcomes(readers(scratch)[name], 500, NAMES.index(name), scratch))
    assert len(found) == 500
    assert [pair for pair in found if pair[0] in ("silent", "long", "traceback")] == []


def test_every_reader_is_tried(scratch):
    assert tuple(readers(scratch)) == NAMES
