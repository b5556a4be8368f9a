"""Everything about the kernels compiled for one processor, timed in turns."""

import platform
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import click
import numpy as np

from replication.comparison import paper
from replication.comparison.verdicts.benchmark import BENCH, Benchmark, Target, read
from replication.core.mnist.databases import read_raw
from replication.core.networks import catalogue
from replication.core.settings import Modern, Settings
from replication.errors import ReplicationError
from replication.files import read_json, write_json
from replication.folders import Folders
from replication.machine import processor
from replication.studies.bench import DISTORTED, NETWORKS
from replication.studies.bench.passes import STANDARD, Short, total_seconds
from replication.studies.bench.processes import (
    NO_EARLIER,
    TREE,
    Process,
    check_out_earlier,
    get_cores,
    get_last_core,
    run_on_last_core,
)
from replication.studies.bench.results import (
    EARLIER,
    Series,
    compute_figures,
    count_multiply_adds,
    describe,
    round_to_6,
    summarise,
)

MODERN = "lenet5-modern"
# The patterns for which a peer has inputs, and those over which its losses are compared.
AVAILABLE, COMPARED = 4000, 1000
WARM_UP = 40  # patterns that are trained before anything is timed
PARAMETERS = (
    click.Option(["--passes"], is_flag=True, help="Time what all trainings take, by short ones."),
    click.Option(["--quick"], is_flag=True, help="Take a minute, for rough figures."),
)


class Amounts(NamedTuple):
    """How often everything is timed, and for how many seconds each time.

    On a shared machine, two measurements that follow each other within a tenth of a second meet
    the same disturbances, and their ratio is not moved by them.
    """

    repeats: int
    seconds: float
    at_once: int
    passes: Short


FULL = Amounts(repeats=40, seconds=0.1, at_once=10, passes=STANDARD)
QUICK = Amounts(repeats=2, seconds=0.01, at_once=2, passes=Short(1, 100, 400, 20, 40, 100, 200))


def run(
    folders: Folders, settings: Settings, targets: tuple[str, ...] = (), *,
    passes: bool = False, quick: bool = False,
) -> Benchmark:  # fmt: skip
    """Time training beside earlier kernels, other software and the core's own peak.

    What results/bench.json has of other targets, and of these from the other kind of run, is kept.
    Each target is written when it is finished.
    """
    print("On a machine that does other work the ratios hold, the times do not.", flush=True)
    out, amounts = folders.out / BENCH.name, QUICK if quick else FULL
    results = read(read_json(out, BENCH.made_by)).targets() if out.exists() else {}
    with check_out_earlier() as earlier:
        if earlier is None:
            print(NO_EARLIER, flush=True)
        for target in targets or list_targets():
            before = results.get(target)
            if not passes:
                new = measure(target, folders, earlier, settings, amounts)
                results[target] = new.model_copy(update={"whole": before.whole if before else None})
            elif before is None:
                raise ReplicationError(f"{out} lacks {target}: run `{BENCH.made_by}` first")
            elif earlier is not None:
                total = total_seconds(target, folders, earlier, settings, amounts.passes)
                results[target] = before.model_copy(update={"whole": total})
            write_json(out, Benchmark.model_validate(results).document())
    return Benchmark.model_validate(results)


def list_targets() -> tuple[str, ...]:
    """Return the targets that this processor can run, and print why one is left out."""
    if platform.machine() in ("x86_64", "AMD64") and "avx2 fma" in processor():
        return "native", "haswell"
    print("This processor has no AVX2, so nothing is timed as haswell.", flush=True)
    return ("native",)


def measure_in_turns(
    measures: Mapping[str, Callable[[], float]], repeats: int
) -> dict[str, Series]:
    """Take each measure once per repeat, after a first round that does not count; by name."""
    rounds = [[measure() for measure in measures.values()] for _ in range(repeats + 1)]
    return dict(zip(measures, np.array(rounds[1:]).T, strict=True))


def time_per_pattern(train: Callable[[int], float], duration: float) -> Callable[[], float]:
    """Return a measure of the seconds per pattern, over as many as take ``duration`` seconds.

    ``train`` takes a number of patterns and returns CPU seconds.
    """
    train(WARM_UP)  # compiles what has to be compiled
    seconds = max(train(WARM_UP), 1e-6) / WARM_UP
    patterns = max(WARM_UP, min(AVAILABLE, int(duration / seconds)))
    return lambda: train(patterns) / patterns


def measure(
    target: str, folders: Folders, earlier: Path | None, settings: Settings, amounts: Amounts
) -> Target:
    """Measure the kernels compiled for ``target``, a name of `processes.TARGETS`.

    ``earlier`` is the tree of the earlier commit, if there is one.
    """
    with Process(TREE, folders, target, get_cores()) as process:
        # Compiles everything, so that the memory below is measured without it.
        process.ask("fit", experiment="lenet5", passes=1, patterns=WARM_UP)
        replicates = _measure_throughput(process, amounts)
    with Process(TREE, folders, target, get_cores()) as process:
        memory = process.ask(
            "memory", experiment="lenet5", replicates=amounts.at_once, patterns=COMPARED
        )
    with ExitStack() as stack:
        today = stack.enter_context(Process(TREE, folders, target, get_last_core()))
        before = {}
        if earlier is not None:
            process = Process(earlier, Folders.below(earlier), target, get_last_core())
            before[EARLIER] = stack.enter_context(process)
        stack.enter_context(run_on_last_core())
        result = _compare(today, before, folders, settings, amounts)
    at_once = {"lenet5_at_once": amounts.at_once, "peak_mebibytes": round_to_6(memory)}
    return Target.model_validate({**result, "replicates": replicates, "memory": at_once})


def _measure_throughput(process: Process, amounts: Amounts) -> dict[str, Any]:
    """Patterns per second of one replicate alone, and of two in threads of their own."""
    patterns = max(WARM_UP, int(amounts.seconds * 20_000))

    def throughput(replicates: int) -> float:
        seconds = process.ask(
            "side_by_side", what="lenet5", replicates=replicates, patterns=patterns
        )
        return float(replicates * patterns / seconds)

    measures = {"1": lambda: throughput(1), "2": lambda: throughput(2)}
    series = measure_in_turns(measures, amounts.repeats)
    rates = {name: {"patterns_per_second": summarise(values)} for name, values in series.items()}
    return {**rates, "throughput_ratio": summarise(series["2"] / series["1"])}


def _compare(
    today: Process, before: Mapping[str, Process], folders: Folders, settings: Settings,
    amounts: Amounts,
) -> dict[str, Any]:  # fmt: skip
    """Measure the networks, what they are compared with and the core's peak, in turns."""
    # Imported on the one core, so that torch takes one thread.
    from replication.studies.bench import peak
    from replication.studies.bench.peers import Modern as ModernPeer
    from replication.studies.bench.peers import check_losses, read_start

    recipe = settings.experiment(MODERN)
    if not isinstance(recipe, Modern):
        raise ReplicationError(
            f"params.yaml: experiments.{MODERN}.system is {recipe.system}: set it to modern"
        )
    published = paper.load(folders.paper)
    networks = {name: catalogue.network(name, "regular", published) for name in NETWORKS}
    with TemporaryDirectory() as scratch:
        path, loss = Path(scratch, "begin.npz"), 0.0
        for what in (DISTORTED, *NETWORKS[::-1]):  # in the end, the file and loss are LeNet-5's
            begin = {"what": what, "patterns": COMPARED, "path": str(path)}
            earlier_losses = [process.ask("begin", **begin) for process in before.values()]
            loss = today.ask("begin", **begin)
            for earlier_loss in earlier_losses:
                check_losses(f"earlier {what}", earlier_loss, loss)
        start = read_start(
            path, networks["lenet5"], settings.base.rules, read_raw(folders.raw), AVAILABLE
        )
        peers = build_peers(start, Path(scratch))
        facts = {
            name: {
                "what": peer.what,
                "losses_differ_by": round_to_6(check_losses(name, peer.train(COMPARED), loss)),
                "patterns_compared": COMPARED,
            }
            for name, peer in peers.items()
        }
        lanes = max(peak.WIDTHS, key=lambda lanes: float(today.ask("peak", lanes=lanes)))
        trainings: dict[str, Callable[[int], float]] = {}
        for what in (*NETWORKS[1:], DISTORTED, "lenet5"):
            for prefix, process in {"": today, **before}.items():
                trainings[prefix + what] = _bind_training(process, what)
        for name, peer in {**peers, "modern": ModernPeer(start, recipe)}.items():
            trainings[name] = _add_clock(peer.train)
        measures = {
            name: time_per_pattern(train, amounts.seconds) for name, train in trainings.items()
        }
        measures["peak"] = lambda: float(today.ask("peak", lanes=lanes))
        measures["curvature"] = lambda: float(today.ask("curvature", what="lenet5"))
        measures["bandwidth"] = peak.build_triad()
        series = measure_in_turns(measures, amounts.repeats)
    work = {name: count_multiply_adds(network) for name, network in networks.items()}
    result = compute_figures(series, work, list(peers), settings.base.presentations_per_pass)
    for name, entries in facts.items():
        result["peers"][name].update(entries)
    return {**result, "machine": _describe_machine(today, series, lanes)}


def _bind_training(process: Process, what: str) -> Callable[[int], float]:
    return lambda patterns: float(process.ask("train", what=what, patterns=patterns))


def _add_clock(train: Callable[[int], float]) -> Callable[[int], float]:
    def train_and_time(patterns: int) -> float:
        started = time.process_time()
        train(patterns)
        return time.process_time() - started

    return train_and_time


def build_peers(start: Any, scratch: Path) -> dict[str, Any]:
    """Return the peers that this machine has, and print why others are left out."""
    from replication.studies.bench.peers import JAX_MISSING, Eager, Jax, PlainC

    peers: dict[str, Any] = {}
    try:
        peers["c"] = PlainC(start, scratch)
    except ReplicationError as reason:
        print(reason, flush=True)
    try:
        peers["jax"] = Jax(start)
    except ModuleNotFoundError:
        print(JAX_MISSING, flush=True)
    return {**peers, "eager": Eager(start)}


def _describe_machine(today: Process, series: Mapping[str, Series], lanes: int) -> dict[str, Any]:
    facts = today.ask("facts")
    facts["packages"]["torch"] = version("torch")
    return {
        **facts,
        "peak_multiply_adds_per_second": summarise(series["peak"]),
        "peak_measured_by": f"independent fused multiply-adds of {lanes} lanes of float32, held in "
        "registers, compiled as the kernels are: the fastest of 4, 8 and 16 lanes",
        "bandwidth_bytes_per_second": summarise(series["bandwidth"]),
    }


summary = describe
