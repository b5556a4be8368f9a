"""Times everything in turns and writes results/bench.json."""

import platform

import click

from replication.comparison.verdicts.benchmark import Benchmark, read
from replication.core.settings import Settings
from replication.errors import ReplicationError
from replication.files import read_json, write_json
from replication.folders import Folders
from replication.machine import processor
from replication.studies.bench import COMMAND, FILE
from replication.studies.bench.figures import listed
from replication.studies.bench.measures import FULL, QUICK, Places, measure
from replication.studies.bench.passes import whole
from replication.studies.bench.processes import earlier_tree, without_earlier

PARAMETERS = (
    click.Option(["--passes"], is_flag=True, help="Time what all trainings take, from short ones."),
    click.Option(["--quick"], is_flag=True, help="Take a minute, for rough figures."),
)


def run(
    folders: Folders, settings: Settings, targets: tuple[str, ...] = (), *,
    passes: bool = False, quick: bool = False,
) -> Benchmark:  # fmt: skip
    """Time training beside earlier kernels, other software and the core's own peak.

    What results/bench.json has of other targets, and of these from the other kind of run, is kept.
    Each target is written when it is finished.
    """
    print("On a machine that does something else the ratios hold, the times do not.", flush=True)
    targets = targets or measurable()
    out, amounts = folders.out / FILE, QUICK if quick else FULL
    before = read(read_json(out, COMMAND)).targets() if out.exists() else {}
    with earlier_tree() as earlier:
        places = Places(folders, earlier)
        if earlier is None:
            print(without_earlier(), flush=True)
        for target in targets:
            known = before.get(target)
            if not passes:
                new = measure(target, places, settings, amounts)
                before[target] = new.model_copy(update={"whole": known.whole if known else None})
            elif known is None:
                raise ReplicationError(f"{out} has nothing of {target}: run `{COMMAND}` first")
            elif earlier is not None:
                sums = whole(target, folders, earlier, settings, amounts.whole)
                before[target] = known.model_copy(update={"whole": sums})
            write_json(out, Benchmark.model_validate(before).document())
    return Benchmark.model_validate(before)


def measurable() -> tuple[str, ...]:
    """Return the targets that this processor can run, and print why one is left out."""
    if platform.machine() in ("x86_64", "AMD64") and "avx2 fma" in processor():
        return "native", "haswell"
    print("This processor has no AVX2, so nothing is timed as haswell.", flush=True)
    return ("native",)


def summary(benchmark: Benchmark) -> str:
    """The figures as a list."""
    return listed(benchmark)
