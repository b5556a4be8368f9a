"""Files of every kind, mutated again and again: is what is wrong said in one short line?

Each mutation counts as refused, read (the same, or another value of what no sum seals), silent
(another value of what is sealed), refused in too long a sentence, or a traceback. As a program:
NUMBER mutations in all, and the table of docs/faults.md.
"""

import pickle
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from small import REPOSITORY

from replication.comparison.audit.setting import read_settings
from replication.comparison.evaluation.metrics import read_metrics
from replication.comparison.paper import claims, document
from replication.comparison.verdicts import benchmark
from replication.comparison.verdicts.claim_checks import VERDICTS
from replication.core import settings
from replication.core.learning import checkpoints
from replication.core.mnist import databases
from replication.core.networks import printed
from replication.core.runs import Run, read_answers, read_cost, read_history, read_weights
from replication.errors import ReplicationError
from replication.extras.provenance import read_lock
from replication.files import read_json
from replication.studies import collapse, neighbours, readings

LONGEST = 500  # characters of a sentence, without the paths in it
STRANGE = [b"true", b"null", b"-1", b"1e999", b".nan", b"[", b"{", b"'", b'"', b"\n", b"\xff",
           b"&a", b"*a", b": ", b",", b"9" * 30, b"9" * 5000, b"[" * 3000, b"2001-99-99",
           b"x" * 3000, b"\x00"]  # fmt: skip
RUN = REPOSITORY / "results" / "runs" / "lenet5" / "0"


class Reader(NamedTuple):
    """A file and what reads it; ``sealed`` says that a sum beside it holds its content."""

    source: Path
    read: Callable[[Path], Any]
    sealed: bool = False
    beside: tuple[Path, ...] = ()
    lines: int | None = None  # of a long text, only the first are taken


def _run(part: str) -> Callable[[Path], Any]:
    return lambda path: getattr(Run(path.parent), part)


def _weights(path: Path) -> Any:
    return Run(path.parent).weights(60_000)


def _record(path: Path) -> Any:
    run = Run(path.parent)
    return run.record, run.is_whole()


def _lock(path: Path) -> Any:
    shutil.copy(REPOSITORY / "dvc.yaml", path.parent)
    return read_lock(path.parent)


def readers(scratch: Path) -> dict[str, Reader]:
    """Every reader by the name of what it reads."""
    progress = checkpoints.Progress(
        np.zeros(5, np.float32),
        [{"pass": 1, "learning_rate": 0.1, "training_presentations": 10, "training_misses": 1,
          "test_misses": 2, "mean_criterion": 0.5}],
        {"state": np.zeros(5)}, {10: "0" * 64},
    )  # fmt: skip
    checkpoint = scratch / "checkpoint.npz"
    checkpoints.write(checkpoint, progress)
    results, raw, paper = (REPOSITORY / name for name in ("results", "data/raw", "data/paper"))
    labels, record = raw / databases.TEST_LABELS, RUN / "record.json"
    return {
        "params.yaml": Reader(REPOSITORY / "params.yaml", settings.load),
        "claims.yaml": Reader(
            paper / "claims.yaml", claims.read, beside=tuple(paper.glob("[ft]*")), lines=60
        ),
        "figure5_learning_curves.csv": Reader(
            paper / document.CurvePoint.FILE,
            lambda path: document.read_table(path.parent, document.CurvePoint),
        ),
        "figure3_rbf_codes.txt": Reader(paper / "figure3_rbf_codes.txt", printed._read_codes),
        "t10k-labels": Reader(labels, databases.read_labels, True, (raw / databases.SUMS,)),
        "SHA256SUMS": Reader(raw / databases.SUMS, lambda path: databases.read_sums(path.parent)),
        "summary.json": Reader(REPOSITORY / "data/prepared" / databases.SUMMARY,
                               lambda path: databases.read_facts(path.parent, "regular")),
        "answers.npz, sealed": Reader(RUN / "answers.npz", _run("answers"), True, (record,)),
        "history.csv, sealed": Reader(RUN / "history.csv", _run("history"), True, (record,)),
        "weights.safetensors, sealed": Reader(RUN / "weights.safetensors", _weights, True,
                                              (record,)),
        "cost.json, sealed": Reader(RUN / "cost.json", _run("cost"), True, (record,)),
        "answers.npz": Reader(RUN / "answers.npz", read_answers),
        "history.csv": Reader(RUN / "history.csv", read_history),
        "weights.safetensors": Reader(RUN / "weights.safetensors",
                                      lambda path: read_weights(path, 60_000)),
        "cost.json": Reader(RUN / "cost.json", read_cost),
        "record.json": Reader(record, _record),
        "timing.json": Reader(RUN / "timing.json", _run("seconds_alone")),
        "checkpoint": Reader(checkpoint, lambda path: checkpoints.read(path, 5)),
        "dvc.lock": Reader(REPOSITORY / "dvc.lock", _lock),
        "metrics.json": Reader(results / "metrics.json", read_metrics),
        "bench.json": Reader(results / "bench.json",
                             lambda path: benchmark.read(read_json(path, "bench"))),
        "collapse.json": Reader(results / "collapse.json",
                                lambda path: collapse.OUTCOMES.read(path.parent)),
        "audit.csv": Reader(results / "audit.csv", lambda path: read_settings(path.parent)),
        "verdicts.csv": Reader(results / "verdicts.csv", lambda path: VERDICTS.read(path.parent)),
        "readings.csv": Reader(results / "readings.csv",
                               lambda path: readings.RANKING.read(path.parent)),
        "neighbours.csv": Reader(results / "neighbours.csv",
                                 lambda path: neighbours.ERRORS.read(path.parent)),
    }  # fmt: skip


def mutated(content: bytes, draw: random.Random) -> bytes:
    """A bit flipped, the file cut, a part doubled or left out, or something strange put in."""
    start = draw.randrange(len(content))
    end = min(len(content), start + draw.choice([1, 1, 2, 5, 20, 200]))
    match draw.randrange(6):
        case 0:
            flipped = content[start] ^ 1 << draw.randrange(8)
            return content[:start] + bytes([flipped]) + content[start + 1 :]
        case 1:
            return content[:start]
        case 2:
            return content[:end] + content[start:]
        case 3:
            return content[:start] + content[end:]
        case 4:
            return content[:start] + draw.choice(STRANGE) + content[start:]
        case _:
            return content[:start] + draw.choice(STRANGE) + content[end:]


def _bytes(value: Any) -> bytes:
    """Return equal bytes for equal values, which tables pickled are not."""
    return value.to_csv().encode() if isinstance(value, pd.DataFrame) else pickle.dumps(value)


def outcomes(reader: Reader, number: int, seed: int, scratch: Path) -> Iterator[tuple[str, str]]:
    """Return what becomes of a file in a number of mutations, and what is to be mended."""
    draw, folder = random.Random(seed), Path(tempfile.mkdtemp(dir=scratch))
    content = reader.source.read_bytes()
    if reader.lines is not None:
        content = b"".join(content.splitlines(keepends=True)[: reader.lines])
    for path in reader.beside:
        shutil.copy(path, folder)
    path = folder / reader.source.name
    path.write_bytes(content)
    sound = _bytes(reader.read(path))
    for _ in range(number):
        path.write_bytes(mutated(content, draw))
        try:
            value = _bytes(reader.read(path))
        except ReplicationError as error:
            said = str(error).replace(str(folder), "")
            long = len(said) > LONGEST or "\n" in said
            yield ("long", said[:200]) if long else ("refused", "")
        except BaseException as error:
            yield "traceback", f"{type(error).__name__}: {str(error)[:200]}"
        else:
            yield ("silent" if reader.sealed and value != sound else "read"), ""


KINDS = ("refused", "read", "silent", "long", "traceback")


def main(number: int) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as scratch:
        every = readers(Path(scratch))
        print(f"| file | mutations | {' | '.join(KINDS)} |\n|---|{'--:|' * (1 + len(KINDS))}")
        total: Counter[str] = Counter()
        for place, (name, reader) in enumerate(every.items()):
            each = list(outcomes(reader, -(-number // len(every)), place, Path(scratch)))
            counted = Counter(kind for kind, _ in each)
            total += counted
            cells = [str(counted[kind]) for kind in KINDS]
            print(f"| {name} | {len(each)} | {' | '.join(cells)} |", flush=True)
            for why in dict.fromkeys(why for _, why in each if why):
                print(f"  {name}: {why}", file=sys.stderr)
        cells = [str(total[kind]) for kind in KINDS]
        print(f"| all | {total.total()} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main(int(sys.argv[1]))
