"""Times everything in turns and writes results/bench.json."""

from __future__ import annotations

import platform
from pathlib import Path

import click

from replication.errors import ReplicationError
from replication.files import read_json, write_json
from replication.folders import Folders, folder_options, path_option
from replication.machine import processor
from replication.settings import Settings, load
from replication.studies.bench import COMMAND, FILE
from replication.studies.bench.figures import listed
from replication.studies.bench.measures import FULL, QUICK, Places, measure
from replication.studies.bench.passes import whole
from replication.studies.bench.processes import earlier_tree, without_earlier
from replication.verdicts.benchmark import Benchmark, read


def run(
    folders: Folders, settings: Settings, out: Path, targets: tuple[str, ...], *,
    passes: bool = False, quick: bool = False,
) -> Benchmark:  # fmt: skip
    """Time everything, or with ``passes`` what all trainings take; write the figures, return them.

    What ``out`` has of other targets, and of these from the other kind of run, is kept. ``quick``
    takes a minute and is rough. Each target is written when it is finished.
    """
    amounts = QUICK if quick else FULL
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
    """The targets that this processor can run."""
    fits = platform.machine() in ("x86_64", "AMD64") and "avx2 fma" in processor()
    return ("native", "haswell") if fits else ("native",)


@click.command()
@folder_options("params", "paper", "raw")
@path_option("--out", f"results/{FILE}", "The figures that are written.")
@click.option("--passes", is_flag=True, help="Time what all trainings take, from short ones.")
@click.option("--quick", is_flag=True, help="Take a minute, for rough figures.")
def command(folders: Folders, out: Path, passes: bool, quick: bool) -> None:
    """Time training beside earlier kernels, other software and the core's own peak."""
    print("On a machine that does something else the ratios hold, the times do not.", flush=True)
    targets = measurable()
    if "haswell" not in targets:
        print("This processor has no AVX2, so nothing is timed as haswell.", flush=True)
    print(listed(run(folders, load(folders.params), out, targets, passes=passes, quick=quick)))
