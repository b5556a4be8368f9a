"""verify: what the code gives again is told from what somebody changed."""

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from small import REPOSITORY, mistake, small_document, small_project, write_params

from replication.comparison.evaluation.outputs import OUTCOMES, compare_answers, compare_files
from replication.core import settings
from replication.core.runs import Answers, answers_bytes, read_answers
from replication.files import read_json, write_bytes, write_json, write_text
from replication.machine import processor
from replication.pipeline import verify as stage
from replication.pipeline.cli import main

RUN = "results/runs/lenet5/0"
SETTINGS = settings.load(REPOSITORY / "params.yaml")


@pytest.fixture(scope="module")
def finished(tmp_path_factory, regular):
    """A small project whose results are what the code gives; to be copied, not changed."""
    few = replace(
        regular, train_images=regular.train_images[:300], train_labels=regular.train_labels[:300]
    )
    folder = small_project(tmp_path_factory.mktemp("verify") / "project", few)
    # Enough for answers that are sure: barely trained networks have all margins near nothing.
    document = small_document(
        training_patterns=300, presentations_per_pass=1500, learning_rates=[5.0e-3, 2.0e-3]
    )
    document["collapse"] |= {"patterns": 20, "passes": 1, "replicates": 1}
    write_params(folder / "params.yaml", document)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for stage in ("train lenet5", "evaluate", "compare --allow-incomplete", "audit"):
            assert main(stage.split()) == 0
    return folder


@pytest.fixture
def project(finished, tmp_path, monkeypatch):
    folder = tmp_path / "project"
    shutil.copytree(finished, folder)
    monkeypatch.chdir(folder)
    # Minutes of simulation, and a page of figures: they have tests of their own.
    for study in (stage.distortions, stage.collapse, stage.invariance):
        monkeypatch.setattr(study, "run", lambda *_: None)
    for write in ("write_report", "write_article"):
        monkeypatch.setattr(stage.pages, write, lambda *_: None)
    return folder


def verify(capsys, *options):
    """Return the exit status and, by output, its outcome and the detail."""
    capsys.readouterr()
    status = main(["verify", *options])
    checks = {}
    for line in capsys.readouterr().out.splitlines():
        if line[:19].strip() in (*OUTCOMES, "not verified"):
            name, _, detail = line[19:].partition(" ")
            checks[name] = (line[:19].strip(), detail.strip())
    return status, checks


def certified(project):
    """Return the certificate as a document and as text."""
    folder = project / "certificate"
    text = (folder / "certificate.txt").read_text(encoding="utf-8")
    return read_json(folder / "certificate.json", "verify"), text


def test_what_the_code_gives_again_is_byte_equal(project, capsys):
    status, checks = verify(capsys, "--all")
    assert status == 0
    certificate, text = certified(project)
    assert certificate["passed"]
    assert certificate["weights"] == {"byte-equal": 2}
    assert certificate["machine"]["processor"] == processor()
    assert set(certificate["committed_on"]) == {processor()}
    assert all(name in text for name in checks)
    assert {outcome for outcome, _ in checks.values()} == {"byte-equal"}
    files = ("answers.npz", "cost.json", "history.csv", "record.json", "weights.safetensors")
    tables = ("metrics.json", "verdicts.csv", "audit.csv", "misclassified.csv")
    assert {f"results/runs/lenet5/{number}/{name}" for number in (0, 1) for name in files} <= set(
        checks
    )
    assert {f"results/{name}" for name in tables} <= set(checks)


def test_the_reference_gives_the_committed_answers(project, capsys):
    status, checks = verify(capsys, "--answers-only")
    assert status == 0
    outcome, detail = checks[f"{RUN}/answers.npz"]
    assert outcome == "numerically equal"
    assert detail.startswith("classes equal, margins within ")
    misses = read_json(project / "results/metrics.json", "evaluate")["lenet5"]["test_misses"]
    assert checks[f"{RUN}/history.csv"][1] == f"{misses[0]} test misses, as recomputed"
    assert checks["results/metrics.json"][1].endswith(f"{misses[0]} test misses, as recomputed")
    assert "results/runs/lenet5/1/answers.npz" not in checks
    assert checks["results/verdicts.csv"][0] == "not verified"


def flip(path):
    answers = read_answers(path)
    classes = answers.classes.copy()
    place = int(answers.margins.argmax())
    classes[place] = (classes[place] + 1) % 10
    write_bytes(path, answers_bytes(Answers(classes, answers.margins)))


def edit(change):
    """The weights written again, changed."""

    def damage(path):
        tensors = load_file(path)
        save_file({"parameters": change(tensors["parameters"].copy())}, path)

    return damage


def raised(values):
    values[-1] += 0.5
    return values


def unrecorded(path):
    record = read_json(path, "train")
    del record["settings"]["squashing"]
    write_json(path, record)


def summed(damage):
    """The damage, and its sum in the record beside it."""

    def both(path):
        damage(path)
        record = read_json(path.parent / "record.json", "train")
        record["files"][path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
        write_json(path.parent / "record.json", record)

    return both


WEIGHTS = "weights.safetensors"
DAMAGES = {
    "a flipped answer": ("answers.npz", flip, "its sum is not"),
    "a flipped answer, summed again": ("answers.npz", summed(flip), "1 of 10000 classes differ"),
    "changed weights, summed again": (WEIGHTS, summed(edit(np.negative)), "of 10000"),
    "a wrong shape, summed again": (WEIGHTS, summed(edit(lambda w: w[:-1])), "(59999,)"),
    "an incomplete record": ("record.json", unrecorded, "does not say how its network was trained"),
}


@pytest.mark.parametrize(("name", "damage", "text"), DAMAGES.values(), ids=DAMAGES)
def test_damage_is_reported_without_training(name, damage, text, project, capsys):
    damage(project / RUN / name)
    status, checks = verify(capsys, "--answers-only")
    assert status == 1
    outcome, detail = checks.get(RUN) or checks[f"{RUN}/answers.npz"]
    assert outcome == "different"
    assert text in detail


def test_training_again_finds_a_changed_weight(project, capsys):
    edit(raised)(project / RUN / "weights.safetensors")
    status, checks = verify(capsys)
    assert status == 1
    outcome, detail = checks[f"{RUN}/weights.safetensors"]
    assert outcome == "different"
    assert detail.startswith("parameters within 0.5 ")
    assert checks[f"{RUN}/history.csv"][0] == "byte-equal"


def test_a_touched_table_is_different(project, capsys):
    table = project / "results" / "verdicts.csv"
    write_text(table, table.read_text().replace("inconclusive", "reproduced", 1))
    metrics = read_json(project / "results/metrics.json", "evaluate")
    metrics["lenet5"]["test_misses"][0] -= 1
    write_json(project / "results/metrics.json", metrics)
    (project / "results" / "audit.csv").unlink()
    status, checks = verify(capsys)
    assert status == 1
    assert checks["results/verdicts.csv"] == ("different", "verdict")
    assert checks["results/metrics.json"][0] == "different"
    assert checks["results/audit.csv"][0] == "missing"
    assert checks["results/misclassified.csv"][0] == "byte-equal"


def test_answers_that_contradict_their_history_cannot_be_evaluated_again(project, capsys):
    summed(flip)(project / RUN / "answers.npz")
    assert verify(capsys)[0] == 1
    _, text = certified(project)
    assert "what evaluate makes" in text
    assert "is a mixture" in text


def test_what_is_missing_is_reported(project, capsys):
    (project / "results" / "metrics.json").unlink()
    (project / RUN / "answers.npz").unlink()
    status, checks = verify(capsys, "--answers-only", "--replicates", "2")
    assert status == 1
    assert checks["results/metrics.json"] == checks[f"{RUN}/answers.npz"] == ("missing", "")
    assert checks["results/runs/lenet5/1/answers.npz"][0] == "numerically equal"


def test_in_two_minutes_the_headline_is_checked_and_shown(project, capsys):
    capsys.readouterr()
    assert main(["verify", "--quick"]) == 0
    printed = capsys.readouterr().out
    for output in ("data/raw", f"{RUN}/answers.npz", f"{RUN}/weights.safetensors"):
        assert output in printed
    assert "lenet5.test-error" in printed.splitlines()[-3]
    flip(project / RUN / "answers.npz")
    assert main(["verify", "--quick"]) == 1
    assert not certified(project)[0]["passed"]


def test_answers_without_weights_cannot_be_recomputed(project, capsys):
    document = small_document()
    document["experiments"]["knn"] = SETTINGS.experiments["knn"].model_dump()
    write_params(project / "params.yaml", document)
    mistake(capsys, ["verify", "--answers-only", "--experiment", "knn"], "knn leaves no weights")


def test_what_the_minutes_do_not_suffice_for_is_listed(project, capsys):
    for number, seconds in enumerate((90, 30)):
        write_json(project / f"results/runs/lenet5/{number}/timing.json", {"seconds": seconds})
    status, checks = verify(capsys, "--all", "--minutes", "0.75")  # of two workers: 90 seconds
    assert status == 0
    assert checks[f"{RUN}/weights.safetensors"][0] == "byte-equal"
    assert "results/runs/lenet5/1/weights.safetensors" not in checks
    line = "results/runs/lenet5: 1 of 2 replicates not trained again, 0.5 minutes where they were"
    assert line in certified(project)[1]


def test_a_certificate_names_both_processors(project, capsys):
    for number in (0, 1):
        record = project / f"results/runs/lenet5/{number}/record.json"
        write_json(record, read_json(record, "train") | {"processor": "another one"})
    status, checks = verify(capsys)
    assert status == 0
    assert checks[f"{RUN}/record.json"][0] == "numerically equal"
    made_on, verified_on = certified(project)[1].splitlines()[3:5]
    assert "another one" in made_on
    assert processor() in verified_on


CONTRADICTIONS = (
    "--quick --all", "--quick --answers-only", "--quick --experiment x", "--quick --minutes 1",
    "--quick --replicates 1", "--all --replicates 1", "--answers-only --minutes 1",
)  # fmt: skip
REFUSED = {"--experiment lenet6": "did you mean 'lenet5'?", "--replicates 0": "--replicates"}
REFUSED |= {
    options: " and ".join(re.findall(r"--[\w-]+", options)) + " contradict each other"
    for options in CONTRADICTIONS
}


@pytest.mark.parametrize(("options", "why"), REFUSED.items(), ids=REFUSED)
@pytest.mark.usefixtures("project")
def test_what_cannot_be_asked_for_is_refused(options, why, capsys):
    mistake(capsys, ["verify", *options.split()], why)


def test_nothing_is_listed_that_nobody_asked_for(project, capsys):
    (project / RUN / ".DS_Store").touch()
    (project / "results" / ".DS_Store").touch()
    copy = project / "results/runs/lenet1"
    shutil.copytree(project / "results/runs/lenet5", copy)
    document = small_document()
    document["experiments"]["lenet1"] = {"network": "lenet1"}
    write_params(project / "params.yaml", document)
    _, checks = verify(capsys, "--answers-only", "--experiment", "lenet5")
    left = [name for name, (outcome, _) in checks.items() if outcome == "not verified"]
    assert left == ["results/runs/lenet5:"]
    _, checks = verify(capsys, "--answers-only")
    assert {"results/audit.csv", "results/runs/lenet1:"} < set(checks)
    assert not any(".DS_Store" in name for name in checks)


THROUGH_BLAS = ("knn", "linear", "rbf1000-linear", "svm-poly4")


def test_other_kernels_of_linear_algebra_give_numerically_equal_runs(project):
    """Those of a processor with few vector extensions, in a process of their own."""
    document = small_document(training_patterns=300)
    for name in THROUGH_BLAS:
        entry = SETTINGS.experiments[name].model_dump() | {"replicates": 1}
        document["experiments"][name] = entry
    document["experiments"]["rbf1000-linear"]["options"]["centres_per_class"] = 5
    write_params(project / "params.yaml", document)
    assert main(["train", *THROUGH_BLAS]) == 0
    chosen = [word for name in THROUGH_BLAS for word in ("--experiment", name)]
    kernel = "Nehalem" if platform.machine() in ("x86_64", "AMD64") else "ARMV8"
    done = subprocess.run(
        [sys.executable, "-m", "replication", "verify", *chosen],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "OPENBLAS_CORETYPE": kernel},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    if kernel in done.stdout:  # not every library of linear algebra has that kernel
        equal = [line for line in done.stdout.splitlines() if line.startswith("numerically equal")]
        for name in ("answers.npz", "record.json"):
            assert any(f"results/runs/knn/0/{name}" in line for line in equal)


def answers(classes, margins):
    return Answers(np.array(classes, np.uint8), np.array(margins, np.float32))


def test_a_tie_may_be_decided_otherwise_and_a_sure_answer_may_not():
    first = answers([1, 2, 3], [100.0, 5e-4, 7.0])
    tie = compare_answers("x", first, answers([1, 4, 3], [100.0, 2e-4, 7.0]))
    assert tie.outcome == "numerically equal"
    assert tie.detail.startswith("1 ties decided otherwise")
    sure = compare_answers("x", first, answers([1, 2, 5], [100.0, 5e-4, 7.0]))
    assert (sure.outcome, sure.detail) == ("different", "1 of 3 classes differ")
    apart = compare_answers("x", first, answers([1, 2, 3], [100.0, 5e-4, 7.1]))
    assert apart.outcome == "different"
    assert compare_answers("x", first, answers([1], [1.0])).outcome == "different"


PAIRS = {
    "rounding": ("a.csv", "n,x\n1,0.5\n2,\n", "n,x\n1,0.5000004\n2,\n", "numerically equal"),
    "a number": ("a.csv", "n,x\n1,0.5\n", "n,x\n1,0.6\n", "different"),
    "a count": ("a.csv", "n,x\n100000,0.5\n", "n,x\n100001,0.5\n", "different"),
    "a word": ("a.csv", "n,x\n1,a\n", "n,x\n1,b\n", "different"),
    "a hole": ("a.csv", "n,x\n1,0.5\n2,0.5\n", "n,x\n1,0.5\n2,\n", "different"),
    "a row": ("a.csv", "n\n1\n", "n\n1\n2\n", "different"),
    "a column": ("a.csv", "n\n1\n", "m\n1\n", "different"),
    "json rounding": ("a.json", '{"a": [1, 0.1]}', '{"a": [1, 0.1000001]}', "numerically equal"),
    "json count": ("a.json", '{"a": [100000]}', '{"a": [100001]}', "different"),
    "json null": ("a.json", '{"a": null}', '{"a": 0.0}', "different"),
    "json spaces": ("a.json", '{"a": null}', '{"a":  null}', "numerically equal"),
    "no json": ("a.json", '{"a": 1}', '{"a": 1', "different"),
    "a page": ("a.html", "<p>1", "<p>2", "different"),
    "nothing new": ("a.html", "<p>1", "<p>1", "byte-equal"),
}


@pytest.mark.parametrize(("name", "first", "second", "outcome"), PAIRS.values(), ids=PAIRS)
def test_files_are_told_apart_by_what_they_say(name, first, second, outcome, tmp_path):
    for folder, content in (("committed", first), ("again", second)):
        write_text(tmp_path / folder / name, content)
    paths = (tmp_path / "committed" / name, tmp_path / "again" / name)
    assert compare_files(name, *paths).outcome == outcome
    paths[1].unlink()
    assert compare_files(name, *paths).outcome == "missing"


def test_flipped_bits_end_in_no_traceback(tmp_path):
    """Whatever NumPy makes of an archive without its sum."""
    committed, again = REPOSITORY / "results/runs/linear/0/answers.npz", tmp_path / "answers.npz"
    content = committed.read_bytes()
    ends = [*range(150), *range(len(content) - 150, len(content))]
    for place in np.random.default_rng(1998).choice(ends, 100, replace=False):
        flipped = bytearray(content)
        flipped[place] ^= 64
        again.write_bytes(flipped)
        assert compare_files("x", committed, again).outcome in ("numerically equal", "different")
