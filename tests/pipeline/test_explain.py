"""explain: the text says what verdicts.csv says, and where it comes from."""

import json

import pandas as pd
import pytest
from small import REPOSITORY, mistake

from replication.pipeline.cli import main


@pytest.fixture(scope="module")
def verdicts():
    return pd.read_csv(REPOSITORY / "results" / "verdicts.csv").set_index("claim")


@pytest.mark.parametrize(
    ("claim", "experiment"),
    [
        ("lenet5.test-error", "lenet5"),
        ("systems.error:mlp-300/deslanted-20x20", "mlp-300-deslanted"),
        ("effect.distortions-lenet5:size", None),
        ("paper.passes", "lenet5"),
        ("init.weighted-sums", None),
    ],
)
def test_it_says_what_the_table_says_and_which_runs_it_is_from(
    claim, experiment, verdicts, monkeypatch, capsys
):
    monkeypatch.chdir(REPOSITORY)
    assert main(["explain", claim, "--json"]) == 0
    (content,) = json.loads(capsys.readouterr().out)
    row = verdicts.loc[claim]
    assert (content["verdict"], content["page"]) == (row["verdict"], str(row["page"]))
    assert (content["published"], content["ours"]) == (row["published"], row["replicated"])
    runs = [name for name in content["files"] if name.startswith("results/runs/")]
    assert runs == ([f"results/runs/{experiment}"] if experiment else [])
    assert all((REPOSITORY / name).exists() for name in content["files"])


def test_a_claim_that_is_a_table_has_all_its_entries_as_text(verdicts, monkeypatch, capsys):
    monkeypatch.chdir(REPOSITORY)
    assert main(["explain", "lenet5.curves"]) == 0
    said = capsys.readouterr().out
    for series in ("training", "test"):
        assert f"lenet5.curves:{series}" in said
        assert verdicts.loc[f"lenet5.curves:{series}", "reason"][:60] in said


def test_a_claim_that_is_not_there_is_refused_with_the_most_similar(monkeypatch, capsys):
    monkeypatch.chdir(REPOSITORY)
    mistake(capsys, ["explain", "lenet5.test-eror"], "lenet5.test-eror", "'lenet5.test-error'")
