"""The notebook runs from its first cell to its last, and answers what its image shows."""

import json
import shutil

import matplotlib.pyplot as plt
import pytest
from small import REPOSITORY

NOTEBOOK = REPOSITORY / "examples" / "lenet5.ipynb"


def read_cells(kind):
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == kind]


def test_it_is_committed_without_outputs_and_is_no_longer_than_a_page():
    code = read_cells("code")
    assert not any(cell["outputs"] or cell["execution_count"] for cell in code)
    assert sum(len(cell["source"]) for cell in code) < 80
    assert read_cells("markdown")[0]["source"][0].startswith("# ")


@pytest.mark.slow
def test_it_trains_draws_and_classifies(tmp_path, monkeypatch, capsys):
    (tmp_path / "data").symlink_to(REPOSITORY / "data")
    shutil.copy(REPOSITORY / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plt, "show", plt.close)
    plt.switch_backend("agg")
    names = {}
    for number, cell in enumerate(read_cells("code")):
        exec(compile("".join(cell["source"]), f"cell {number}", "exec"), names)
    said = capsys.readouterr().out
    assert "lenet5: 1 replicates trained" in said
    assert "photograph.png: 7, margin " in said
    assert len(names["ours"]) == 4
    assert names["errors"]["test"].iloc[-1] < 3
