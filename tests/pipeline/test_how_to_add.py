"""What docs/extending.md says of adding something is done, in a temporary copy of the package."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
import report_files
from ruamel.yaml import YAML
from small import REPOSITORY, small_document, small_project, write_params

from replication.core.runs import Run

pytestmark = pytest.mark.slow
GUIDE = (REPOSITORY / "docs" / "extending.md").read_text(encoding="utf-8")
SETTINGS = re.findall(r"^```yaml\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
# Each module stands below the sentence that says where it goes.
MODULES = dict(re.findall(r"`(replication/[\w/]+\.py)`[:,]\n\n```python\n(.*?)^```", GUIDE,
                          re.MULTILINE | re.DOTALL))  # fmt: skip
STUDY_LINE = re.search(r"its line `(.*?)` in `STUDIES`", GUIDE)[1]


# Prints the key of the first replicate of each experiment of a params.yaml.
KEYS = """
import json, sys
from pathlib import Path
from replication.core import settings
from replication.core.systems.jobs import prepare_experiments
from replication.folders import Folders
from replication.core.systems.jobs import key

document = settings.load(Path(sys.argv[1]))
folders = Folders.below(Path(sys.argv[1]).parent)
known = prepare_experiments(document.experiments, document, folders)
print(json.dumps({experiment.name: key(experiment, 0) for experiment in known}))
"""


@pytest.fixture(scope="module")
def extended(tmp_path_factory, tiny):
    """A small project with a copy of the package, in which the guide's examples are followed."""
    project = small_project(tmp_path_factory.mktemp("extended") / "project", tiny)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(REPOSITORY / "replication", project / "replication", ignore=ignored)
    for name, text in MODULES.items():
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text(text, encoding="utf-8")
    studies = project / "replication" / "studies" / "__init__.py"
    text = studies.read_text(encoding="utf-8")
    studies.write_text(text.replace("STUDIES = {", f"STUDIES = {{\n    {STUDY_LINE}"))
    variation, *entries = (YAML(typ="safe", pure=True).load(text) for text in SETTINGS)
    document = small_document()
    for entry in (variation["experiments"], *entries):
        document["experiments"] |= entry
    write_params(project / "params.yaml", document)
    return project


def python(extended, folder, *arguments):
    command = [sys.executable, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(extended)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run(extended, folder, *arguments):
    return python(extended, folder, "-m", "replication", *arguments)


@pytest.mark.parametrize("experiment", ["nearest-mean", "lenet5-equation-8", "shallow"])
def test_a_classifier_a_network_and_a_variation_are_trained(extended, experiment):
    run(extended, extended, "train", experiment)
    classes = Run(extended / f"results/runs/{experiment}/0").answers.classes.tolist()
    assert len(classes) == 100
    assert len(set(classes)) > 1


def test_what_is_added_makes_no_replicate_of_another_stale(extended):
    keys, unchanged = (
        json.loads(python(package, package, "-c", KEYS, str(REPOSITORY / "params.yaml")))
        for package in (extended, REPOSITORY)
    )
    assert len(keys) > 30
    assert keys == unchanged


def test_a_study_is_a_command_and_its_figure_is_on_the_page(extended, tmp_path):
    folder = report_files.project(tmp_path / "project")
    assert "How much ink has each digit?" in run(extended, folder, "--help")
    run(extended, folder, "report", "--page-only")
    page = folder / "results" / "report" / "index.html"
    assert "The ink of each digit: not there yet. <code>python -m replication ink" in (
        page.read_text(encoding="utf-8")
    )
    assert len(run(extended, folder, "ink").splitlines()) == 11
    run(extended, folder, "report", "--page-only")
    assert '<figure id="ink">' in page.read_text(encoding="utf-8")
