"""provenance: where every result comes from, as an RO-Crate and a manifest for CODECHECK.

The crate follows the profile Workflow Run (0.5): the pipeline is its workflow, and each stage of
dvc.lock, each file of a study and each replicate has an action with its command, what it read and
made with their sums, and the commit that brought its results and when; a replicate also the
processor, the packages and how long it took.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any

import click
from pydantic import BaseModel, ValidationError
from rocrate.model import ContextEntity, File
from rocrate.model.dataset import Dataset
from rocrate.rocrate import ROCrate

from replication.errors import Damage, ReplicationError, read_yaml, shortened
from replication.evaluation.metrics import METRICS, read_metrics
from replication.files import Output, json_bytes, write_bytes, write_text
from replication.folders import ARTICLE, Folders
from replication.pipeline.certificate import git
from replication.pipeline.costs import COSTS
from replication.runs import RECORD, Run, of_experiment
from replication.studies import STUDIES

CRATE, MANIFEST = "ro-crate-metadata.json", "codecheck.yml"
LOCK, PIPELINE = "dvc.lock", "dvc.yaml"
_SOFTWARE = "#replication"
# What results are and follow from.
_TRACED = ("results", "data", "params.yaml", "dvc.yaml", "replication", "CITATION.cff")
_PROFILES = (
    "https://w3id.org/ro/wfrun/process/0.5",
    "https://w3id.org/ro/wfrun/workflow/0.5",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0",
)
# Terms that the context of RO-Crate has not, from the profile and from here.
_TERMS = {
    "sha256": "https://w3id.org/ro/terms/workflow-run#sha256",
    "md5": "https://w3id.org/ro/terms/workflow-run#md5",
    "environment": "https://w3id.org/ro/terms/workflow-run#environment",
}


class _File(BaseModel):
    path: str
    md5: str
    size: int


class _Stage(BaseModel):
    cmd: str | list[str]
    deps: list[_File] = []
    outs: list[_File] = []


class _Lock(BaseModel):
    """dvc.lock, as far as it is read here."""

    stages: dict[str, _Stage]


class _Pipeline(BaseModel):
    stages: dict[str, Any]


@dataclass
class Crate:
    """An RO-Crate that is filled: every entity once, in the order in which it was first named."""

    crate: ROCrate
    commits: Mapping[str, tuple[str, str]]
    known: dict[str, Any] = field(default_factory=dict)

    def thing(self, name: str, /, **properties: Any) -> Any:
        """An entity that is no file."""
        if name not in self.known:
            self.known[name] = self.crate.add(ContextEntity(self.crate, name, properties))
        return self.known[name]

    def data(self, path: str, **properties: Any) -> Any:
        """A file or, with a slash at its end, a folder of the repository."""
        if path not in self.known:
            kind = Dataset if path.endswith("/") else File
            named = {"name": path.rstrip("/").rpartition("/")[2], **properties}
            self.known[path] = self.crate.add(kind(self.crate, None, path, properties=named))
        elif "sha256" in properties:  # what DVC has summed another way
            self.known[path]["sha256"] = properties["sha256"]
        return self.known[path]

    def action(self, name: str, command: str, reads: Sequence[Any], makes: Sequence[Any],
               **properties: Any) -> Any:  # fmt: skip
        """A command that was run; its end is when its last result was committed, if all are."""
        committed = [self.commits[one.id] for one in makes if one.id in self.commits]
        if committed and len(committed) == len(makes):
            commit, date = max(committed, key=lambda pair: pair[1])
            properties |= {"endTime": date, "version": commit}
        return self.thing(
            name, **{"@type": "CreateAction", "name": command, "instrument": {"@id": _SOFTWARE},
                     "actionStatus": {"@id": "http://schema.org/CompletedActionStatus"},
                     "object": list(reads), "result": list(makes), **properties},
        )  # fmt: skip

    def values(self, pairs: Mapping[str, Any]) -> list[Any]:
        """Property values, such as a package and its version."""
        return [
            self.thing(f"#{name}={value}".replace(" ", "_"),
                       **{"@type": "PropertyValue", "name": name, "value": str(value)})
            for name, value in sorted(pairs.items())
        ]  # fmt: skip


def commits(root: Path) -> dict[str, tuple[str, str]]:
    """Return by file and by folder the commit that last changed it, and when, in UTC.

    What differs from the last commit has none, nor has a folder with such a file. Raises
    ReplicationError where git cannot answer, as in a clone that lacks the commits before the last.
    """
    if git(root, "rev-parse", "--is-shallow-repository") == "true":
        raise ReplicationError(
            "this clone lacks the earlier commits, by which the results came: "
            "`git fetch --unshallow` brings them"
        )
    text = git(root, "log", "--format=%x00%H %ct", "--name-only", "--", *_TRACED)
    found: dict[str, tuple[str, str]] = {}
    for entry in text.split("\0")[1:]:
        head, *paths = entry.split("\n")
        commit, _, seconds = head.partition(" ")
        date = datetime.fromtimestamp(int(seconds), UTC).isoformat()
        for path in filter(None, paths):
            for place in _with_folders(path):
                known = found.setdefault(place, (commit, date))
                found[place] = max(known, (commit, date), key=lambda pair: pair[1])
    changed = git(root, "diff", "--name-only", "HEAD", "--", *_TRACED).splitlines()
    new = git(root, "ls-files", "--others", "--exclude-standard", "--", *_TRACED).splitlines()
    differing = {place for path in (*changed, *new) for place in _with_folders(path)}
    return {place: pair for place, pair in found.items() if place not in differing}


def _with_folders(path: str) -> list[str]:
    """Return a path and all folders that it lies in, each with a slash at its end."""
    parents = PurePosixPath(path).parents
    return [path, *(f"{folder}/" for folder in parents if folder.name)]


def crate(root: Path, folders: Folders, committed: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """Return the crate of the repository at ``root`` as a document; ``committed`` as of `commits`.

    Raises ReplicationError when dvc.lock or a record is missing or damaged.
    """
    graph = Crate(ROCrate(version="1.1"), committed)
    dates = [date for _, date in graph.commits.values()]
    top = graph.crate.root_dataset
    top["name"] = "LeNet-5 of 1998, replicated"
    top["description"] = "What the replication made, from which data, by which commands."
    top["license"] = graph.data("LICENSE", description="MIT")
    top["datePublished"] = max(dates, default="1970-01-01")
    top["conformsTo"] = [
        graph.thing(name, **{"@type": "CreativeWork", "name": name.split("/")[-2],
                            "version": name.split("/")[-1]})
        for name in _PROFILES
    ]  # fmt: skip
    actions = [*_stages(graph, root), *_others(graph, root, folders), *_replicates(graph, folders)]
    raw = [graph.data(path.as_posix(), sha256=_sha256(path))
           for path in sorted(folders.raw.glob("[!.]*[!~]"))]  # fmt: skip
    workflow = _workflow(graph)
    top["mainEntity"] = workflow
    results = [one for action in actions for one in action.get("result", [])]
    whole = graph.action("#pipeline", "dvc repro", raw, list(dict.fromkeys(results)))
    whole["instrument"] = workflow
    top["mentions"] = [whole, *actions]
    document: dict[str, Any] = graph.crate.metadata.generate()
    document["@context"] = [document["@context"], _TERMS]
    return document


def _workflow(graph: Crate) -> Any:
    graph.thing(
        _SOFTWARE,
        **{"@type": "SoftwareApplication", "name": "replication", "version": "1.0.0",
           "url": "https://doi.org/10.1109/5.726791",
           "softwareRequirements": graph.data("requirements.lock")},
    )  # fmt: skip
    language = graph.thing("#dvc", **{"@type": "ComputerLanguage", "name": "DVC pipeline",
                                     "url": "https://dvc.org"})  # fmt: skip
    return graph.data(
        "dvc.yaml",
        **{"@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow"],
           "name": "dvc.yaml: from raw data to verdicts", "programmingLanguage": language},
    )  # fmt: skip


def _stages(graph: Crate, root: Path) -> list[Any]:
    """An action a stage of dvc.lock, with the sums that DVC took."""
    return [
        graph.action(
            f"#stage-{name}",
            " ".join(str(stage["cmd"]).split()),
            [_summed(graph, root, one) for one in stage.get("deps", ())],
            [_summed(graph, root, one) for one in stage.get("outs", ())],
        )
        for name, stage in locked(root).items()
    ]


def locked(root: Path) -> dict[str, Any]:
    """Return the stages of dvc.lock; ReplicationError when it is missing or no such file."""
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
        raise ReplicationError(f"{path} is damaged (at {shortened(place)}): {mend}") from error
    if lacking:
        raise ReplicationError(f"{path} lacks {', '.join(sorted(lacking))}: {mend}")
    return lock.model_dump(exclude_unset=True)["stages"]  # type: ignore[no-any-return]


def _summed(graph: Crate, root: Path, entry: Mapping[str, Any]) -> Any:
    path = str(entry["path"])
    folder = "/" if (root / path).is_dir() else ""
    # DVC's sums are of what is committed.
    sums = {"md5": str(entry["md5"]), "contentSize": str(entry["size"])}
    return graph.data(path + folder, **(sums if path + folder in graph.commits else {}))


def others(root: Path, results: Path) -> dict[str, str]:
    """The results that no stage makes, the studies' and the article: by path, their commands."""
    known = {entry["path"] for stage in locked(root).values() for entry in stage.get("outs", ())}
    outputs = {
        (results / one.name).as_posix(): one.made_by
        for study in STUDIES
        for one in vars(import_module(f"replication.studies.{study}")).values()
        if isinstance(one, Output)
    }
    outputs[(results / ARTICLE).as_posix()] = "python -m replication article"
    outputs[(results / COSTS.name).as_posix()] = COSTS.made_by
    return {path: command for path, command in sorted(outputs.items())
            if path not in known and (root / path).exists()}  # fmt: skip


def _others(graph: Crate, root: Path, folders: Folders) -> list[Any]:
    return [
        graph.action(f"#output-{path}", command, [graph.data("params.yaml")],
                    [graph.data(path, sha256=_sha256(root / path))])
        for path, command in others(root, folders.results).items()
    ]  # fmt: skip


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _replicates(graph: Crate, folders: Folders) -> list[Any]:
    """An action a replicate: its files with their SHA-256, processor, packages and seconds."""
    return [
        _replicate(graph, run)
        for name, entry in read_metrics(folders.results / METRICS).items()
        for run in of_experiment(folders.runs, name, entry["replicates"])
        if run.has(RECORD)
    ]


def _replicate(graph: Crate, run: Run) -> Any:
    record, place = run.record, f"{run.folder.as_posix()}/"
    facts = {**record.get("packages", {}), "processor": record.get("processor", "not recorded")}
    facts |= {"data": record.get("data", {}).get("sha256", "not recorded")}
    files = [graph.data(place + name, sha256=total)
             for name, total in sorted(record.get("files", {}).items())]  # fmt: skip
    whole = graph.data(place, hasPart=files)
    return graph.action(
        f"#run-{run.folder.parent.name}-{run.folder.name}",
        f"{run.made_by}, replicate {run.folder.name}",
        [graph.data("params.yaml"), graph.data("data/raw/")],
        [whole],
        environment=graph.values(facts),
        identifier=str(record.get("key", "")),
        **({"duration": f"PT{run.seconds:g}S"} if run.seconds else {}),
    )


def manifest(root: Path, folders: Folders) -> str:
    """codecheck.yml: what a codechecker is to reproduce; their own fields are left to them."""
    commands = {
        out["path"]: f"dvc repro {name}"
        for name, stage in locked(root).items()
        for out in stage.get("outs", ())
    } | others(root, folders.results)
    lines = [
        "---",
        "version: https://codecheck.org.uk/spec/config/1.0/",
        "paper:",
        '  title: "LeNet-5 of 1998, replicated"',
        "  authors:",
        '    - name: "The replication\'s authors"',
        f"  reference: {(folders.results / ARTICLE).as_posix()} # it has no address of its own yet",
        "manifest:",
    ]
    for path, command in commands.items():
        lines += [f"  - file: {path}", f"    comment: {command}"]
    return "\n".join(lines) + "\n"


@click.command()
def command() -> None:
    """Write down the command, commit, data, processor, packages and time of every result."""
    root, folders = Path(), Folders.below()
    committed = commits(root)
    whole, listed = json_bytes(crate(root, folders, committed)), manifest(root, folders)
    write_bytes(Path(CRATE), whole)
    write_text(Path(MANIFEST), listed)
    print(f"{CRATE} and {MANIFEST} written")
    if open_ := [path for path in others(root, folders.results) if path not in committed]:
        print(f"not as committed, so without a commit: {', '.join(open_)}")
