"""Options of several commands: the settings, variations of them, and what contradicts what.

A variation is another file of settings than params.yaml (--params), some keys set otherwise
(--set), or both. What it trains and gives lies in a folder of its own below `VARIATIONS`, so that
nothing committed is overwritten; the same options lead to the same folder again.
"""

import hashlib
import io
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import wraps
from typing import Any

import click
from click.core import ParameterSource
from ruamel.yaml import YAML

from replication.core.settings.loading import parse, read_document, suggest_name
from replication.errors import ReplicationError
from replication.files import write_text
from replication.folders import Command, Folders, folder_options
from replication.reading import Damage, parse_yaml, quote

VARIATIONS = "variations"
SETTINGS = "params.yaml"  # in the folder of a variation by --set
# Groups whose entries are named by the user, so that a misspelt name would be a new entry.
_NAMED = ("experiments", "variance")
_LONGEST = 80  # characters of a folder's name


def settings_options(*names: str) -> Callable[[Command], Command]:
    """Give a command --params, --set and the `folder_options` of ``names``.

    It receives one `Folders`; of a variation they are its own. Raises ReplicationError for a --set
    that cannot be.
    """

    def decorate(command: Command) -> Command:
        @wraps(command)
        def varied(folders: Folders, changes: tuple[str, ...], **given: Any) -> Any:
            return command(vary(folders, changes), **given)

        option = click.option(
            "--set", "changes", multiple=True, metavar="KEY=VALUE",
            help="Another value for a key of the settings, such as base.criterion.j=0.5; may be "
            "given several times.",
        )  # fmt: skip
        return folder_options("params", *names)(option(varied))

    return decorate


def vary(folders: Folders, changes: Sequence[str]) -> Folders:
    """Return the folders of the variation with these settings; ``folders`` where there is none.

    With ``changes`` its settings are written into its folder. A folder that a user has named stays.
    Raises ReplicationError for a change that is none, or that the settings do not allow.
    """
    usual, params = Folders.below(folders.root), folders.params
    is_usual = params.resolve() == usual.params.resolve()
    if is_usual and not changes:
        return folders
    texts = _split(changes)
    stem = params.parent.name if params.name == SETTINGS else params.stem
    parts = [] if is_usual else [stem]
    parts += [f"{key}={value}" for key, value in sorted(texts.items())]
    place = folders.root / VARIATIONS
    own = place / _name_folder(parts)
    if not texts and params.parent.parent.resolve() == place.resolve():
        own = params.parent  # the settings of a variation by --set, named as a file
    if texts:
        document = _change(read_document(params), texts)
        given = ", ".join(f"{key}={value}" for key, value in texts.items())
        parse(document, f"{params.name} with --set {given}")
        text = io.StringIO()
        YAML().dump(document, text)
        params = own / SETTINGS
        write_text(params, f"# {folders.params.name} with {given}\n{text.getvalue()}")
    out = own if folders.out == usual.out else folders.out
    runs = own / "runs" if folders.runs == usual.runs else folders.runs
    return replace(folders, params=params, runs=runs, results=out, out=out)


def _split(changes: Sequence[str]) -> dict[str, str]:
    """Return the text of each value by key, as given."""
    result: dict[str, str] = {}
    for change in changes:
        key, equals, value = (part.strip() for part in change.partition("="))
        if not (equals and value and all(key.split("."))):
            raise ReplicationError(
                f"--set {quote(change)} is no KEY=VALUE: write it as base.criterion.j=0.5"
            )
        if result.setdefault(key, value) != value:
            raise ReplicationError(f"--set gives {key} two values: leave one out")
    return result


def _name_folder(parts: Sequence[str]) -> str:
    """Return a name that every file system takes, another one for other parts."""
    text = ",".join(parts)
    name = re.sub(r"[^\w.,=+-]+|^\W", "_", text)
    if name != text or len(name) > _LONGEST:
        name = f"{name[:_LONGEST]}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    return name


def _change(document: Any, texts: Mapping[str, str]) -> Any:
    """Set keys of a parsed document of settings, which is checked by no more than that."""
    if not isinstance(document, dict):
        return document  # which is refused as a whole
    shared = _count_references(document)
    for path, text in texts.items():
        try:
            value = parse_yaml(text)
        except Damage as error:
            raise ReplicationError(
                f"--set {path}={quote(text)} cannot be read as YAML ({error}): correct it"
            ) from error
        *groups, key = path.split(".")
        section = document
        for depth, group in enumerate([*groups, key]):
            is_fixed = depth == 0 or (depth == 1 and groups[0] in _NAMED)
            if is_fixed and group not in section:
                raise ReplicationError(
                    f"--set {path}: there is no {'.'.join([*groups[:depth], group])}"
                    f"{suggest_name(group, section)}: correct it"
                )
            if depth == len(groups):
                break
            if section.get(group) is None:
                section[group] = {}
            section = section[group]
            above = ".".join(groups[: depth + 1])
            if not isinstance(section, dict):
                raise ReplicationError(
                    f"--set {path}: {above} is {quote(section)} and has no keys: correct it"
                )
            if shared[id(section)] > 1:
                raise ReplicationError(
                    f"--set {path}: a YAML alias makes {above} the same as another part, which "
                    "would change as well: write it out in the file of settings instead"
                )
        section[key] = value
    return document


def _count_references(value: Any) -> Counter[int]:
    """Return how often each mapping is a part of another value, by its id."""
    counted: Counter[int] = Counter()
    waiting = [value]
    while waiting:
        each = waiting.pop()
        counted[id(each)] += 1
        if isinstance(each, dict | list) and counted[id(each)] == 1:
            waiting += each.values() if isinstance(each, dict) else each
    return counted


def refuse_contradictions(context: click.Context, table: Mapping[str, Sequence[str]]) -> None:
    """Raise click.UsageError for two options that were given and contradict each other.

    ``table`` has by option those that contradict it.
    """
    given = {
        option.opts[0]
        for option in context.command.params
        if context.get_parameter_source(option.name or "") is ParameterSource.COMMANDLINE
    }
    for option, others in table.items():
        for second in (name for name in others if {option, name} <= given):
            raise click.UsageError(f"{option} and {second} contradict each other", context)
