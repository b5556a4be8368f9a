"""dvc.yaml against the code, and the whole pipeline on small data in a temporary copy."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import grimp
import pytest
from ruamel.yaml import YAML
from small import REPOSITORY, contents, small_document, small_project, write_params

from replication import studies
from replication.core import settings
from replication.pipeline import cli

DOCUMENT: dict[str, Any] = YAML(typ="safe", pure=True).load(
    (REPOSITORY / "dvc.yaml").read_text(encoding="utf-8")
)
STAGES = DOCUMENT["stages"]
IMPORTS = grimp.build_graph("replication", cache_dir=None)
SETTINGS = settings.load(REPOSITORY / "params.yaml")
# Made by commands of their own, committed, and only read by the pipeline.
STUDIES = ("bench.json", "readings.csv", "readings_curves.csv", "variance_curves.csv",
           "collapse.json", "neighbours.csv", "beginnings.csv", "boosting.csv",
           "noncharacters.csv", "distortions.csv", "distortion_correlations.csv")  # fmt: skip


def code(name):
    """The deps of a stage that are code."""
    return [dep for dep in STAGES[name]["deps"] if dep.startswith("replication")]


def covered(path, deps):
    return any(path == dep or path.startswith(f"{dep}/") for dep in deps)


def modules(name):
    """The modules that a stage runs; which systems a training imports is known when it runs."""
    if name in cli.STUDIES:
        return ["replication.pipeline.stages", studies.find_modules("run")[name]]
    part = {"compare": "verdict", "report": "figure"}.get(name, "")
    systems = [
        module for module in IMPORTS.modules if module.startswith("replication.core.systems.")
    ]
    module, _ = cli.PIPELINE[name]
    return [f"replication.pipeline.{module}",
            *(studies.find_modules(part).values() if part else ()),
            *(systems if name == "train" else ())]  # fmt: skip


@pytest.mark.parametrize("name", sorted(STAGES))
def test_a_stage_depends_on_the_code_it_imports_and_on_no_other(name):
    """DVC does not follow imports: code missing here would not make the stage run again."""
    real = {
        imported.replace(".", "/") + ".py"
        for module in modules(name)
        for imported in {module} | IMPORTS.find_upstream_modules(module)
        if (REPOSITORY / (imported.replace(".", "/") + ".py")).exists()
    }
    assert [path for path in sorted(real) if not covered(path, code(name))] == []
    assert [dep for dep in code(name) if not any(covered(path, [dep]) for path in real)] == []


@pytest.mark.parametrize("dropping", ["__pycache__/a.pyc", ".mypy_cache/a", "a.py~", ".a.py.swp"])
def test_what_tools_leave_behind_is_no_dependency(dropping):
    assert run(REPOSITORY, "dvc", "check-ignore", f"replication/core/settings/{dropping}")


def test_invariance_depends_on_the_runs_that_it_changes_the_digits_of_and_on_no_other():
    """So a new classifier does not run it again."""
    runs = {dep for dep in STAGES["invariance"]["deps"] if dep.startswith("results/runs")}
    assert runs == {f"results/runs/{name}" for name in SETTINGS.invariance.experiments}


def run(project: Path, *command: str) -> str:
    search = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": search, "PYTHONPATH": ""}
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory, tiny, regular):
    """A copy without git: the package, few training patterns, one experiment.

    All test patterns, since Figure 8 names its digits by their place among them.
    """
    data = replace(tiny, test_images=regular.test_images, test_labels=regular.test_labels)
    folder = small_project(tmp_path_factory.mktemp("copy") / "project", data, replicates=3)
    shutil.copytree(
        REPOSITORY / "replication",
        folder / "replication",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    stages = (REPOSITORY / "dvc.yaml").read_text(encoding="utf-8")
    for other in set(SETTINGS.invariance.experiments) - {"lenet5"}:
        stages = stages.replace(f"      - results/runs/{other}\n", "")
    (folder / "dvc.yaml").write_text(stages, encoding="utf-8")
    (folder / "results").mkdir()
    for name in ("README.md", "paper_notes.md", "CITATION.cff"):
        shutil.copy2(REPOSITORY / name, folder / name)
    for name in STUDIES:
        shutil.copy2(REPOSITORY / "results" / name, folder / "results" / name)
    shutil.copytree(REPOSITORY / "results/studies", folder / "results/studies")
    run(folder, "dvc", "init", "--no-scm", "--quiet")
    shutil.copy2(REPOSITORY / ".dvcignore", folder / ".dvcignore")
    run(folder, "dvc", "repro", "--quiet")
    return folder


@pytest.mark.slow
def test_the_pipeline_makes_every_output(project):
    expected = {
        next(iter(out)) if isinstance(out, dict) else out
        for stage in STAGES.values()
        for out in stage.get("outs", stage.get("metrics"))
    }
    assert [path for path in sorted(expected) if not (project / path).exists()] == []
    assert sum(name.endswith("answers.npz") for name in contents(project / "results")) == 3


@pytest.mark.slow
def test_when_nothing_changed_there_is_nothing_to_do(project):
    assert "up to date" in run(project, "dvc", "repro")
    assert "up to date" in run(project, "dvc", "status")


@pytest.mark.slow
def test_dvc_shows_the_headline_and_both_figures(project):
    assert "lenet5.test-error" in run(project, "dvc", "metrics", "show")
    found = json.loads(run(project, "dvc", "plots", "show", "--json"))
    for name in ("figure-5", "figure-6"):
        (spec,) = found["data"][name]
        lines = {point["filename::field"] for point in spec["content"]["data"]["values"]}
        assert len(lines) == 4, name


@pytest.mark.slow
def test_a_new_classifier_and_another_j_train_only_what_they_concern(project):
    """K-NN knows no j, and a new experiment leaves the networks alone."""
    runs = project / "results" / "runs"
    networks = contents(runs)
    document = small_document(replicates=3)
    document["experiments"]["knn"] = SETTINGS.experiments["knn"].model_dump()
    write_params(project / "params.yaml", document)
    said = run(project, "dvc", "repro", "train").replace("to be trained", "")  # the forecast
    assert "trained" not in said.split("knn: 1 replicates")[0]
    together = contents(runs)
    assert {name: together[name] for name in networks} == networks
    document["base"]["criterion"]["j"] = 5.0
    write_params(project / "params.yaml", document)
    assert "knn" not in run(project, "dvc", "repro", "train")
    changed = contents(runs)
    assert {name.split("/")[0] for name in changed if changed[name] != together[name]} == {"lenet5"}
    shutil.rmtree(runs / "knn")
    write_params(project / "params.yaml", small_document(replicates=3))
    run(project, "dvc", "repro", "--quiet")
    assert contents(runs) == networks


@pytest.mark.slow
def test_a_forced_replication_gives_the_same_bytes_and_a_table(project, paper):
    before = contents(project / "results")
    out = run(project, sys.executable, "-m", "replication", "replicate", "--all")
    assert "3 of 3 committed replicates came out byte for byte the same" in out
    line = next(line for line in out.splitlines() if line.split()[:2] == ["lenet5", "test"])
    assert float(line.split()[2]) == paper.claims["lenet5.test-error"].value
    after = contents(project / "results")
    # The page shows how long each training took.
    assert after.keys() - before.keys() == {"costs.json"}
    assert {name for name in before if after[name] != before[name]} <= {"report/index.html"}
    assert not (project / ".checkpoints" / "replicating").exists()


@pytest.mark.slow
def test_one_lenet5_of_each_kind_is_trained_beside_the_committed_runs(project, paper):
    """They are compared byte for byte, and the committed ones are left as they are."""
    document = small_document(replicates=3)
    document["experiments"] |= {"lenet5-distorted": {"distorted": True}}
    write_params(project / "params.yaml", document)
    run(project, "dvc", "repro", "--quiet")
    before = contents(project / "results" / "runs")
    out = run(project, sys.executable, "-m", "replication", "replicate")
    assert out.count("byte for byte as committed") == 2
    for claim in ("lenet5.test-error", "lenet5.distorted-test-error"):
        assert f"1998: {paper.claims[claim].value:g} %" in out
    assert contents(project / "results" / "runs") == before
