"""The origin of every result, as an RO-Crate, and the manifests that others read.

The crate follows the profile Workflow Run (0.5): the pipeline is its workflow, and each stage of
dvc.lock, each file of a study and each replicate has an action with its command, its inputs and
outputs with their sums, sizes and formats, the authors as its agents, and the commit of its results
with the date; a replicate also has the processor, the packages and the time it took.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from rocrate.model import ContextEntity, File
from rocrate.model.dataset import Dataset
from rocrate.rocrate import ROCrate

from replication.comparison.evaluation.metrics import METRICS, read_metrics
from replication.core.runs import RECORD, Run, experiment_runs
from replication.errors import ReplicationError
from replication.extras.adduce import CLAIMS_MAP, claims_map
from replication.extras.citation import CODEMETA, PAPER, Citation, codemeta, read_citation
from replication.extras.commits import read_commits
from replication.extras.costs import COSTS
from replication.files import Output, write_json, write_text
from replication.folders import ARTICLE, Folders
from replication.reading import Damage, read_yaml, shorten
from replication.studies import STUDIES

CRATE, MANIFEST = "ro-crate-metadata.json", "codecheck.yml"
LOCK, PIPELINE = "dvc.lock", "dvc.yaml"
_SOFTWARE = "#replication"
# By the end of a file's name; the others are texts.
_FORMATS = {
    ".csv": "text/csv",
    ".gz": "application/gzip",
    ".html": "text/html",
    ".json": "application/json",
    ".npz": "application/zip",
    ".pdf": "application/pdf",
    ".py": "text/x-python",
    ".safetensors": "application/octet-stream",
    ".yaml": "application/yaml",
}
_PROFILES = (
    "https://w3id.org/ro/wfrun/process/0.5",
    "https://w3id.org/ro/wfrun/workflow/0.5",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0",
)
# Terms beyond the context of RO-Crate.
_TERMS = {
    term: f"https://w3id.org/ro/terms/workflow-run#{term}"
    for term in ("sha256", "md5", "environment")
}


class _File(BaseModel):
    path: str
    md5: str
    size: int


class Stage(BaseModel):
    """A stage of dvc.lock, in what is read here."""

    cmd: str | list[str]
    deps: list[_File] = []
    outs: list[_File] = []


class _Lock(BaseModel):
    stages: dict[str, Stage]


class _Pipeline(BaseModel):
    stages: dict[str, Any]


@dataclass
class Crate:
    """An RO-Crate with every entity once, in the order in which it was first named."""

    crate: ROCrate
    commits: Mapping[str, tuple[str, str]]
    root: Path
    agents: list[Any] = field(default_factory=list)
    entities: dict[str, Any] = field(default_factory=dict)

    def add_entity(self, name: str, kind: str, /, **properties: Any) -> Any:
        """Return the entity, not a file, of this name and type; it is added at first."""
        if name not in self.entities:
            entity = ContextEntity(self.crate, name, {"@type": kind, **properties})
            self.entities[name] = self.crate.add(entity)
        return self.entities[name]

    def add_path(self, path: str, **properties: Any) -> Any:
        """Return a file or, with a slash at its end, a folder of the repository."""
        if path not in self.entities:
            kind = Dataset if path.endswith("/") else File
            fields = {"name": path.rstrip("/").rpartition("/")[2], **properties}
            if kind is File:
                fields["encodingFormat"] = _FORMATS.get(Path(path).suffix, "text/plain")
                if (self.root / path).is_file():
                    fields["contentSize"] = str((self.root / path).stat().st_size)
            self.entities[path] = self.crate.add(kind(self.crate, None, path, properties=fields))
        elif "sha256" in properties:  # DVC has given another sum
            self.entities[path]["sha256"] = properties["sha256"]
        return self.entities[path]

    def add_action(
        self, name: str, command: str, reads: Sequence[Any], makes: Sequence[Any], **properties: Any
    ) -> Any:
        """Return the run of a command, which ended with the last commit of its results."""
        committed = [self.commits[entity.id] for entity in makes if entity.id in self.commits]
        if committed and len(committed) == len(makes):
            commit, date = max(committed, key=lambda pair: pair[1])
            properties |= {"endTime": date, "version": commit}
        fixed = {
            "name": command,
            "instrument": {"@id": _SOFTWARE},
            "agent": self.agents,
            "actionStatus": {"@id": "http://schema.org/CompletedActionStatus"},
            "object": list(reads),
            "result": list(makes),
        }
        return self.add_entity(name, "CreateAction", **fixed, **properties)

    def add_value(self, name: str, value: Any) -> Any:
        """Return a property and its value, such as a package and its version."""
        place = f"#{name}={value}".replace(" ", "_")
        return self.add_entity(place, "PropertyValue", name=name, value=str(value))


def crate(root: Path, folders: Folders, commits: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """Return the crate of the repository at ``root`` as a document; ``commits`` by `read_commits`.

    Raises ReplicationError when dvc.lock, CITATION.cff or a record is missing or damaged.
    """
    graph, citation = Crate(ROCrate(version="1.1"), commits, root), read_citation(root)
    graph.agents = _authors(graph, citation)
    top = graph.crate.root_dataset
    top["name"] = citation.title
    top["description"] = "What the replication made, from which data, by which commands."
    top["author"] = graph.agents
    top["version"] = citation.version
    top["keywords"] = citation.keywords
    top["license"] = graph.add_path("LICENSE", description="MIT")
    top["datePublished"] = max((date for _, date in graph.commits.values()), default="1970-01-01")
    top["conformsTo"] = [
        graph.add_entity(address, "CreativeWork", name=name, version=version)
        for address in _PROFILES
        for name, version in [address.split("/")[-2:]]
    ]
    actions = [*_stages(graph, root), *_outputs(graph, root, folders)]
    actions += [
        _replicate(graph, run)
        for name, entry in read_metrics(folders.results / METRICS).items()
        for run in experiment_runs(folders.runs, name, entry["replicates"])
        if run.has(RECORD)
    ]
    raw = [
        graph.add_path(path.as_posix(), sha256=_sha256(path))
        for path in sorted(folders.raw.glob("[!.]*[!~]"))
    ]
    workflow = _workflow(graph, citation.version)
    top["mainEntity"] = workflow
    results = [result for action in actions for result in action.get("result", [])]
    whole = graph.add_action("#pipeline", "dvc repro", raw, list(dict.fromkeys(results)))
    whole["instrument"] = workflow
    top["mentions"] = [whole, *actions]
    document: dict[str, Any] = graph.crate.metadata.generate()
    document["@context"] = [document["@context"], _TERMS]
    return document


def _authors(graph: Crate, citation: Citation) -> list[Any]:
    authors = []
    for number, author in enumerate(citation.authors, 1):
        described = author.described()
        if "affiliation" in described:
            name = described["affiliation"]["name"]
            described["affiliation"] = graph.add_entity(
                f"#{name}".replace(" ", "_"), "Organization", name=name
            )
        kind, identifier = described.pop("@type"), author.orcid or f"#author-{number}"
        authors.append(graph.add_entity(identifier, kind, **described))
    return authors


def _workflow(graph: Crate, version: str) -> Any:
    graph.add_entity(
        _SOFTWARE,
        "SoftwareApplication",
        name="replication",
        version=version,
        url=PAPER,
        softwareRequirements=graph.add_path("requirements.lock"),
    )
    dvc = {"name": "DVC pipeline", "url": "https://dvc.org"}
    properties = {
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow"],
        "name": "dvc.yaml: from raw data to verdicts",
        "programmingLanguage": graph.add_entity("#dvc", "ComputerLanguage", **dvc),
    }
    return graph.add_path(PIPELINE, **properties)


def _stages(graph: Crate, root: Path) -> list[Any]:
    return [
        graph.add_action(
            f"#stage-{name}",
            " ".join(str(stage.cmd).split()),
            [_add_locked(graph, root, file) for file in stage.deps],
            [_add_locked(graph, root, file) for file in stage.outs],
        )
        for name, stage in read_lock(root).items()
    ]


def read_lock(root: Path) -> dict[str, Stage]:
    """Return the stages of dvc.lock; raise ReplicationError when it is missing or damaged."""
    path = root / LOCK
    mend = f"bring it back with `git checkout {LOCK}`, or make it with `dvc repro`"
    try:
        lock = _Lock.model_validate(read_yaml(path))
        lacking = _Pipeline.model_validate(read_yaml(root / PIPELINE)).stages.keys() - lock.stages
    except FileNotFoundError as error:
        raise ReplicationError(f"{error.filename} is missing: {mend}") from error
    except Damage as error:
        raise ReplicationError(f"{path} or {PIPELINE} cannot be read ({error}): {mend}") from error
    except ValidationError as error:
        place = ".".join(map(str, error.errors()[0]["loc"]))
        raise ReplicationError(f"{path} is damaged (at {shorten(place)}): {mend}") from error
    if lacking:
        raise ReplicationError(f"{path} lacks {', '.join(sorted(lacking))}: {mend}")
    return lock.stages


def _add_locked(graph: Crate, root: Path, file: _File) -> Any:
    path = file.path + ("/" if (root / file.path).is_dir() else "")
    # DVC's sums are of what is committed.
    sums = {"md5": file.md5, "contentSize": str(file.size)} if path in graph.commits else {}
    return graph.add_path(path, **sums)


def commands_outside_stages(root: Path, results: Path) -> dict[str, str]:
    """Return by path the commands of results outside the stages: the studies and the article."""
    locked = {file.path for stage in read_lock(root).values() for file in stage.outs}
    commands = {
        (results / output.name).as_posix(): output.made_by
        for study in STUDIES
        for output in vars(import_module(f"replication.studies.{study}")).values()
        if isinstance(output, Output)
    }
    commands[(results / ARTICLE).as_posix()] = "python -m replication article"
    commands[(results / COSTS.name).as_posix()] = COSTS.made_by
    paths = sorted(path for path in commands if path not in locked and (root / path).exists())
    return {path: commands[path] for path in paths}


def _outputs(graph: Crate, root: Path, folders: Folders) -> list[Any]:
    settings, actions = graph.add_path("params.yaml"), []
    for path, command in commands_outside_stages(root, folders.results).items():
        output = graph.add_path(path, sha256=_sha256(root / path))
        actions.append(graph.add_action(f"#output-{path}", command, [settings], [output]))
    return actions


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _replicate(graph: Crate, run: Run) -> Any:
    record, place = run.record, f"{run.folder.as_posix()}/"
    facts = {**record.get("packages", {}), "processor": record.get("processor", "not recorded")}
    facts |= {"data": record.get("data", {}).get("sha256", "not recorded")}
    known = record.get("files", {})  # the sums of all but the record and the times
    files = [
        graph.add_path(place + path.name, sha256=known.get(path.name) or _sha256(path))
        for path in sorted(run.folder.iterdir())
    ]
    whole = graph.add_path(place, hasPart=files)
    return graph.add_action(
        f"#run-{run.folder.parent.name}-{run.folder.name}",
        f"{run.made_by}, replicate {run.folder.name}",
        [graph.add_path("params.yaml"), graph.add_path("data/raw/")],
        [whole],
        environment=[graph.add_value(name, value) for name, value in sorted(facts.items())],
        identifier=str(record.get("key", "")),
        **({"duration": f"PT{run.seconds:g}S"} if run.seconds else {}),
    )


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # which is YAML


def manifest(root: Path, folders: Folders) -> str:
    """Return codecheck.yml: the files to reproduce; a codechecker fills in the other fields."""
    stages = read_lock(root).items()
    commands = {file.path: f"dvc repro {name}" for name, stage in stages for file in stage.outs}
    commands |= commands_outside_stages(root, folders.results)
    citation = read_citation(root)
    lines = "\n".join(f"  - file: {path}\n    comment: {text}" for path, text in commands.items())
    authors = "\n".join(
        f"    - name: {_quote(author.full_name)}"
        + (f"\n      ORCID: {author.orcid.rpartition('/')[2]}" if author.orcid else "")
        for author in citation.authors
    )
    return f"""---
version: https://codecheck.org.uk/spec/config/2.0/
# A codechecker adds: codechecker, report, summary and certificate.
paper:
  title: {_quote(citation.title)}
  authors:
{authors}
  reference: {(folders.results / ARTICLE).as_posix()} # it has no address of its own yet
  reference-other:
    - {PAPER}
manifest:
{lines}
"""


def write(folders: Folders) -> str:
    """Write `CRATE`, `MANIFEST`, `CODEMETA` and `CLAIMS_MAP`; return a summary."""
    root = folders.root
    commits = read_commits(root)
    # All before any is written.
    document, listed = crate(root, folders, commits), manifest(root, folders)
    software, claims = (
        codemeta(read_citation(root)),
        claims_map(read_metrics(folders.results / METRICS)),
    )
    write_json(root / CRATE, document)
    write_text(root / MANIFEST, listed)
    write_json(root / CODEMETA, software)
    write_json(root / CLAIMS_MAP, claims)
    outside = commands_outside_stages(root, folders.results)
    differing = ", ".join(path for path in outside if path not in commits)
    note = f"\nnot as committed, so without a commit: {differing}" if differing else ""
    return f"{CRATE}, {MANIFEST}, {CODEMETA} and {CLAIMS_MAP} written{note}"
