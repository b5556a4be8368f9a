"""The RO-Crate: valid by its validator, with the sums of the files that are there."""

import hashlib
import json
from importlib import resources

import pytest
from rdflib.plugins.shared.jsonld import context as jsonld
from rocrate_validator.models import Severity, ValidationSettings
from rocrate_validator.services import validate_metadata_as_dict
from ruamel.yaml import YAML
from small import REPOSITORY

from replication.extras.provenance import crate, manifest
from replication.folders import Folders

PROFILE = "workflow-run-crate"


@pytest.fixture(scope="module")
def document():
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(REPOSITORY)
        return crate(REPOSITORY, Folders.below())


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
        content = (REPOSITORY / one["@id"]).read_bytes()
        assert one["sha256"] == hashlib.sha256(content).hexdigest()


def test_a_result_of_a_study_has_its_command_and_its_sum(entities):
    """No stage makes it, so dvc.lock does not know how it came about."""
    action = entities["#output-results/readings.csv"]
    assert action["name"] == "python -m replication readings"
    assert {"endTime", "version"} <= action.keys()
    made = entities[action["result"][0]["@id"]]
    content = (REPOSITORY / made["@id"]).read_bytes()
    assert made["sha256"] == hashlib.sha256(content).hexdigest()


def test_the_manifest_names_files_that_are_there():
    found = YAML(typ="safe").load(manifest(REPOSITORY, Folders.below()))
    files = {one["file"] for one in found["manifest"]}
    assert files > {"results/verdicts.csv", "results/readings.csv", "results/article/article.pdf"}
    assert [one["file"] for one in found["manifest"]
            if not (REPOSITORY / one["file"]).exists()] == []  # fmt: skip
