"""The house: what each folder of the package holds, and on which others it stands.

Imports run downwards only: a folder or module may import those that come after it in `HOUSE`.
"""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from replication.sources import ROOT, imported, source

# From the roof to the ground.
HOUSE = {
    "cli": "the command line: every command by name",
    "pipeline": "the stages and what drives them, thin: run(folders, settings, ...)",
    "article": "the article: its template, and what fills it",
    "studies": "a folder a study: what it makes, its verdicts and its figures",
    "report": "the page, its figures, and the numbers in the texts",
    "demonstration": "LeNet-5 to draw on, as a page of its own or a part of another",
    "audit": "every setting of the paper beside the one in force",
    "verdicts": "statistics, what a verdict is, and one module a section of the paper",
    "experiments": "from params.yaml and the folders to experiments ready to be trained",
    "systems": "one module a classifier, and the replicates of an experiment",
    "display": "how far long work is",
    "evaluation": "errors, rejection and cost: from runs to metrics",
    "learning": "the kernels, the optimisers, and the training of one replicate",
    "networks": "a network as a table of layers, its criteria, the torch reference",
    "mnist": "the file format, the databases, the distortions",
    "arithmetic": "operations that give the same bytes on every processor",
    "compiled": "how the package compiles: one decorator for every kernel",
    "paper": "data/paper, typed: claims with their numbers as fields, and tables",
    "runs": "what a replicate leaves behind: the only place that knows its file names",
    "plugins": "modules that a setting names: classifiers, networks, optimisers, parts of studies",
    "files": "files read and written whole, and damage named",
    "settings": "params.yaml, typed: the one meaning of each key",
    "machine": "which processor this is",
    "templates": "texts that lie beside the code, and templates filled",
    "house": "this picture",
    "sources": "which files a module really uses",
    "folders": "where everything lies: the options that all commands share",
    "errors": "the one exception that users see",
}


def units() -> list[str]:
    """The folders and modules right below the package, by name."""
    modules = {path.stem for path in ROOT.glob("*.py") if not path.stem.startswith("__")}
    return sorted(modules | {path.parent.name for path in ROOT.glob("*/__init__.py")})


def imports() -> dict[str, set[str]]:
    """By unit, the other units that any module in it imports."""
    known = units()
    found: dict[str, set[str]] = {unit: set() for unit in known}
    for path in ROOT.rglob("*.py"):
        unit = path.relative_to(ROOT).parts[0].removesuffix(".py")
        if unit not in known:
            continue
        parts = (module.split(".") for module in imported(path))
        others = {names[1] for names in parts if names[0] == ROOT.name and len(names) > 1}
        found[unit] |= (others & set(known)) - {unit}
    return found


def upwards(of: Mapping[str, set[str]]) -> list[str]:
    """Every import that does not run downwards, as ``this imports that``, and what has no place."""
    places = {unit: place for place, unit in enumerate(HOUSE)}
    wrong = [
        f"{unit} imports {other}"
        for unit, others in of.items()
        for other in others
        if unit in places and places[unit] >= places.get(other, len(places))
    ]
    return sorted(wrong) + [f"{unit} has no place in HOUSE" for unit in of if unit not in places]


def files() -> dict[Path, set[Path]]:
    """By file of the package, the others that it imports, anywhere in it.

    Without the ``__init__.py`` of packages, which only hand names on.
    """
    found = {}
    for path in (path for path in ROOT.rglob("*.py") if path.stem != "__init__"):
        others = {source(module) for module in imported(path)}
        found[path] = {one for one in others if one and one.stem != "__init__"}
    return found


def circle(of: Mapping[Path, set[Path]]) -> list[str]:
    """Files of which each imports the one after it, the first again at the end; or none."""
    try:
        TopologicalSorter(of).prepare()
    except CycleError as error:
        return [path.relative_to(ROOT).as_posix() for path in reversed(error.args[1])]
    return []


def picture() -> str:
    """The units from the roof to the ground, each with those that it stands on directly."""
    graph = imports()
    below: dict[str, set[str]] = {}
    for unit in TopologicalSorter(graph).static_order():
        below[unit] = graph[unit].union(*(below[other] for other in graph[unit]))
    lines = []
    for unit, says in HOUSE.items():
        direct = graph[unit] - set().union(*(below[other] for other in graph[unit]))
        name = f"{unit}/" if (ROOT / unit).is_dir() else unit
        lines.append(f"  {name:<15}{says}")
        if direct:
            lines.append(f"{'':17}on {', '.join(one for one in HOUSE if one in direct)}")
    return "\n".join(["replication/", *lines])
