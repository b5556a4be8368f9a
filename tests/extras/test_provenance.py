"""The RO-Crate: valid by its validator, with the sums of the files that are there."""

import hashlib
import json
import os
import subprocess
from importlib import resources
from pathlib import Path

import pytest
from rdflib.plugins.shared.jsonld import context as jsonld
from rocrate_validator.models import Severity, ValidationSettings
from rocrate_validator.services import validate_metadata_as_dict
from ruamel.yaml import YAML
from small import REPOSITORY, mistake, refused

from replication.comparison.evaluation.metrics import METRICS, read_metrics
from replication.errors import ReplicationError
from replication.extras.adduce import claims_map
from replication.extras.provenance import CRATE, crate, manifest, read_commits, read_lock
from replication.folders import Folders

PROFILE = "workflow-run-crate"


@pytest.fixture(scope="module")
def committed():
    """What git knows of the results; nothing in a downloaded archive."""
    try:
        return read_commits(REPOSITORY)
    except ReplicationError:
        return {}


@pytest.fixture(scope="module")
def document(committed):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(REPOSITORY)
        return crate(REPOSITORY, Folders.below(), committed)


@pytest.fixture(scope="module")
def entities(document):
    return {entity["@id"]: entity for entity in document["@graph"]}


def issues(document, monkeypatch):
    """What the profile requires and the crate has not, by the validator of the profile.

    Nothing is downloaded: the context is the one that rocrate brings along, but for the one term
    whose address changed since 1.1; the two checks that try to download it are left out.
    """
    shipped = json.loads(resources.files("rocrate").joinpath("data/ro-crate.jsonld").read_text())
    context = shipped["@context"] | {
        "ComputationalWorkflow": "https://bioschemas.org/ComputationalWorkflow"
    }
    monkeypatch.setattr(jsonld.Context, "_fetch_context", lambda *_: context)
    settings = ValidationSettings(
        rocrate_uri="./", profile_identifier=PROFILE, requirement_severity=Severity.REQUIRED,
        metadata_only=True, validate_profile_checks=False, skip_availability_check=True,
        skip_checks=["ro-crate-1.1_3.1", "ro-crate-1.1_3.2"],
    )  # fmt: skip
    found = validate_metadata_as_dict(document, settings)
    return [f"{issue.check.identifier}: {issue.message}" for issue in found.get_issues()]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_crate_has_all_that_its_profile_requires(document, monkeypatch):
    assert issues(document, monkeypatch) == []


@pytest.mark.filterwarnings("ignore")
def test_a_crate_without_its_workflow_is_refused(document, monkeypatch):
    top = [
        {key: value for key, value in entity.items() if key != "mainEntity"}
        for entity in document["@graph"]
        if not entity["@id"].startswith(("#run-", "results/runs/", "#stage-"))
    ]
    assert issues(document | {"@graph": top}, monkeypatch) != []


def sha256(entity):
    return hashlib.sha256((REPOSITORY / entity["@id"]).read_bytes()).hexdigest()


def test_a_result_has_command_commit_processor_packages_time_and_sums(entities):
    run = "results/runs/lenet5/0/"
    action = entities["#run-lenet5-0"]
    assert action["name"].startswith("python -m replication train lenet5")
    assert action["duration"].startswith("PT")
    facts = {entities[one["@id"]]["name"] for one in action["environment"]}
    assert {"processor", "numpy", "numba", "data"} <= facts
    made = [entities[one["@id"]] for one in entities[run]["hasPart"]]
    assert made
    for one in made:
        assert one["sha256"] == sha256(one)


def test_every_file_has_a_size_and_a_format_every_action_an_agent_and_a_run_all_its_files(entities):
    files = [entity for entity in entities.values() if entity["@type"] == "File"]
    assert [
        one["@id"] for one in files if not one["contentSize"] or not one["encodingFormat"]
    ] == []
    actions = [entity for entity in entities.values() if entity["@type"] == "CreateAction"]
    assert all(action["agent"] == entities["./"]["author"] for action in actions)
    parts = {one["@id"] for one in entities["results/runs/lenet5/0/"]["hasPart"]}
    folder = REPOSITORY / "results/runs/lenet5/0"
    assert parts == {path.relative_to(REPOSITORY).as_posix() for path in folder.iterdir()}


def test_a_result_of_a_study_has_its_command_and_its_sum(entities, committed):
    """No stage makes it, so dvc.lock does not know how it came about."""
    action = entities["#output-results/readings.csv"]
    assert action["name"] == "python -m replication readings"
    known = "results/readings.csv" in committed
    assert ({"endTime", "version"} <= action.keys()) == known
    made = entities[action["result"][0]["@id"]]
    assert made["sha256"] == sha256(made)


def test_the_manifest_names_files_that_are_there():
    found = YAML(typ="safe").load(manifest(REPOSITORY, Folders.below()))
    files = {one["file"] for one in found["manifest"]}
    assert files > {"results/verdicts.csv", "results/readings.csv", "results/article/article.pdf"}
    assert [file for file in files if not (REPOSITORY / file).exists()] == []


class Repository:
    """A repository of git in a temporary folder."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir()
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments, **environment):
        subprocess.run(
            ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *arguments],
            cwd=self.folder, env=os.environ | environment, check=True, capture_output=True,
        )  # fmt: skip

    def commit(self, date, **files):
        for name, content in files.items():
            path = self.folder / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        self.git("add", "-A")
        self.git("commit", "-qm", "x", GIT_AUTHOR_DATE=date, GIT_COMMITTER_DATE=date)


@pytest.fixture
def results(tmp_path):
    repository = Repository(tmp_path / "here")
    files = {"results__a": "1", "results__runs__x__0__f": "1", "results__runs__x__1__f": "1"}
    repository.commit("2026-12-01T23:30:00-08:00", **files)  # 07:30 of the 2nd in UTC
    repository.commit("2026-12-02T01:00:00+00:00", results__b="1")
    return repository


def test_commits_are_told_apart_by_time_and_not_by_text(results):
    found = read_commits(results.folder)
    assert found["results/a"][1] == "2026-12-02T07:30:00+00:00"
    assert found["results/b"][1] == "2026-12-02T01:00:00+00:00"
    assert found["results/"] == found["results/a"]
    assert found["results/runs/"] == found["results/runs/x/0/"] == found["results/a"]


@pytest.mark.parametrize("how", ["edited", "staged", "new", "removed"])
def test_what_differs_from_the_last_commit_has_no_commit(results, how):
    path = results.folder / "results" / "runs" / "x" / "0" / ("new" if how == "new" else "f")
    if how == "removed":
        path.unlink()
    else:
        path.write_text("other", encoding="utf-8")
    if how == "staged":
        results.git("add", "-A")
    found = set(read_commits(results.folder))
    assert found & {
        "results/runs/x/0/f", "results/runs/x/0/", "results/runs/x/", "results/runs/", "results/",
    } <= ({"results/runs/x/0/f"} if how == "new" else set())  # fmt: skip
    assert {"results/a", "results/runs/x/1/f", "results/runs/x/1/"} <= set(
        read_commits(results.folder)
    )


WHY = {
    "a shallow clone": "unshallow", "an archive": "not a git repository",
    "inside another": "lies in that of", "of another user": "not a git repository",
    "no git": "git is not installed",
}  # fmt: skip


@pytest.mark.parametrize(("kind", "why"), WHY.items(), ids=WHY)
def test_where_git_cannot_answer_the_crate_stays_as_it_is(
    tmp_path, results, monkeypatch, capsys, kind, why
):
    folder = results.folder
    match kind:
        case "a shallow clone":
            folder = tmp_path / "shallow"
            results.git("clone", "-q", "--depth", "1", results.folder.as_uri(), str(folder))
        case "an archive":
            folder = tmp_path / "archive"
        case "inside another":
            folder = results.folder / "archive"
        case "of another user":  # git refuses to read it; here by a folder that is none of git's
            (folder / ".git" / "HEAD").write_text("nothing", encoding="utf-8")
        case "no git":
            monkeypatch.setenv("PATH", str(folder))
    folder.mkdir(exist_ok=True)
    (folder / CRATE).write_text("before", encoding="utf-8")
    monkeypatch.chdir(folder)
    mistake(capsys, ["provenance"], why)
    assert (folder / CRATE).read_text(encoding="utf-8") == "before"


LOCKS = {
    "no YAML": "x: [", "empty": "", "a list": "- 1\n", "a number": "7",
    "conflict": "stages:\n<<<<<<< ours\n  train: {}\n=======\n",
    "no command": "stages:\n  train: {}\n", "no sum": "stages: {a: {cmd: b, outs: [{path: c}]}}",
    "deep": "[" * 5000, "long": f"stages: {'9' * 5000}", "of itself": "stages: &a {b: *a}",
    "no text": b"\xff\xfe", "a stage less": "stages: {}",
}  # fmt: skip


@pytest.mark.parametrize("content", LOCKS.values(), ids=LOCKS)
def test_a_damaged_dvc_lock_is_one_sentence(tmp_path, content):
    (tmp_path / "dvc.yaml").write_text("stages: {train: {cmd: x}}", encoding="utf-8")
    content = content if isinstance(content, bytes) else content.encode()
    (tmp_path / "dvc.lock").write_bytes(content)
    with refused("dvc.lock", "git checkout dvc.lock") as caught:
        read_lock(tmp_path)
    assert len(str(caught.value).replace(str(tmp_path), "")) < 300


def test_the_map_of_claims_names_every_experiment_with_its_value_and_its_command():
    metrics = read_metrics(REPOSITORY / "results" / METRICS)
    claims = claims_map(metrics)["claims"]
    assert {one["id"]: one["value"] for one in claims} == {
        name: entry["test_error_percent"]["mean"] for name, entry in metrics.items()
    }
    for one in claims:
        assert one["produced_by"]["command"].startswith(f"python -m replication train {one['id']} ")
        assert len(one["seeds"]) == metrics[one["id"]]["replicates"]
        assert (REPOSITORY / one["produced_by"]["data"]).exists()
