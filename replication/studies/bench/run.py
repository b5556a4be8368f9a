"""Everything about the kernels compiled for one processor, timed in turns."""

import platform
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import click
import numpy as np

from replication.comparison import paper
from replication.comparison.verdicts.benchmark import (
    BENCH,
    Benchmark,
    Peer,
    Spread,
    Target,
    Timed,
    read,
)
from replication.core.mnist.databases import read_raw
from replication.core.networks import catalogue
from replication.core.networks.specification import Kind, Network
from replication.core.settings import Modern, Settings
from replication.errors import ReplicationError
from replication.files import read_json, write_json
from replication.folders import Folders
from replication.machine import processor
from replication.studies.bench import DISTORTED, NETWORKS, Series, round_to_6, summarise
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

MODERN = "lenet5-modern"
EARLIER = "earlier-"
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


def measure_in_turns(
    measures: Mapping[str, Callable[[], float]], repeats: int
) -> dict[str, Series]:
    """Take each measure once per repeat, after a first round that does not count; by name."""
    rounds = [[float(measure()) for measure in measures.values()] for _ in range(repeats + 1)]
    return dict(zip(measures, np.array(rounds[1:]).T, strict=True))


def _measure_throughput(process: Process, amounts: Amounts) -> dict[str, Any]:
    """Patterns per second of one replicate alone, and of two in threads of their own."""
    patterns = max(WARM_UP, int(amounts.seconds * 20_000))
    ask = partial(process.ask, "side_by_side", what="lenet5", patterns=patterns)
    measures = {str(count): partial(ask, replicates=count) for count in (1, 2)}
    series = measure_in_turns(measures, amounts.repeats)
    rates = {name: int(name) * patterns / seconds for name, seconds in series.items()}
    return {
        **{name: {"patterns_per_second": summarise(rate)} for name, rate in rates.items()},
        "throughput_ratio": summarise(rates["2"] / rates["1"]),
    }


def _compare(
    today: Process, before: Mapping[str, Process], folders: Folders, settings: Settings,
    amounts: Amounts,
) -> dict[str, Any]:  # fmt: skip
    """Measure the networks, what they are compared with and the core's peak, in turns."""
    # Imported on the one core, so that torch takes one thread.
    from replication.studies.bench import peak, peers

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
                peers.check_losses(f"earlier {what}", earlier_loss, loss)
        start = peers.read_start(
            path, networks["lenet5"], settings.base.rules, read_raw(folders.raw), AVAILABLE
        )
        software = peers.build_peers(start, Path(scratch))
        facts = {
            name: {
                "what": peer.what,
                "losses_differ_by": round_to_6(
                    peers.check_losses(name, peer.train(COMPARED), loss)
                ),
                "patterns_compared": COMPARED,
            }
            for name, peer in software.items()
        }
        lanes = max(peak.WIDTHS, key=lambda lanes: float(today.ask("peak", lanes=lanes)))
        trainings: dict[str, Callable[..., float]] = {
            prefix + what: partial(process.ask, "train", what=what)
            for what in (*NETWORKS[1:], DISTORTED, "lenet5")
            for prefix, process in {"": today, **before}.items()
        }
        for name, peer in {**software, "modern": peers.Modern(start, recipe)}.items():
            trainings[name] = partial(_time, peer.train)
        measures = {
            name: time_per_pattern(train, amounts.seconds) for name, train in trainings.items()
        }
        measures["peak"] = partial(today.ask, "peak", lanes=lanes)
        measures["curvature"] = partial(today.ask, "curvature", what="lenet5")
        measures["bandwidth"] = peak.build_triad()
        series = measure_in_turns(measures, amounts.repeats)
    work = {name: count_multiply_adds(network) for name, network in networks.items()}
    result = compute_figures(series, work, list(software), settings.base.presentations_per_pass)
    for name, entries in facts.items():
        result["peers"][name].update(entries)
    return {**result, "machine": _describe_machine(today, series, lanes)}


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


def _time(train: Callable[[int], float], patterns: int) -> float:
    started = time.process_time()
    train(patterns)
    return time.process_time() - started


def time_per_pattern(train: Callable[..., float], duration: float) -> Callable[[], float]:
    """Return a measure of the seconds per pattern, over as many as take ``duration`` seconds.

    ``train`` takes ``patterns``, their number, and returns CPU seconds.
    """
    train(patterns=WARM_UP)  # compiles what has to be compiled
    seconds = max(train(patterns=WARM_UP), 1e-6) / WARM_UP
    patterns = max(WARM_UP, min(AVAILABLE, int(duration / seconds)))
    return lambda: train(patterns=patterns) / patterns


def count_multiply_adds(network: Network) -> int:
    """Return the multiply-adds of one update: 0.87 million for LeNet-5 with Table I.

    Each weight of each unit is used once forwards, once for its own derivative (the RBF units'
    codes have none) and once for the derivative of its input (not for the image). The four inputs
    of a sub-sampling unit are added first and share one coefficient. Biases, squashing functions
    and the update itself are not counted.
    """
    total = 0
    for number, layer in enumerate(network.layers):
        maps, height, width = layer.outputs
        weights = maps if layer.kind is Kind.SUBSAMPLING else layer.pairs * layer.kernel**2
        uses = 1 + int(layer.kind is not Kind.RBF) + int(number > 0)
        total += uses * height * width * weights
    return total


def compute_figures(
    series: Mapping[str, Series], work: Mapping[str, int], peers: Sequence[str], a_pass: int
) -> dict[str, Any]:
    """Return what is published, from seconds per pattern (``curvature``: per estimate).

    ``work`` gives the multiply-adds of one update by network, ``a_pass`` the presentations in a
    pass; ``peak`` is in multiply-adds per second.
    """
    result: dict[str, Any] = {}
    for name in (*work, DISTORTED, "modern", *peers):
        result[name] = {"microseconds_per_pattern": summarise(1e6 * series[name])}
        if EARLIER + name in series:
            share = series[name] / series[EARLIER + name]
            result[name]["time_as_share_of_earlier"] = summarise(share)
    for name, amount in work.items():
        result[name]["multiply_adds_per_update"] = amount
        result[name]["share_of_peak"] = summarise(amount / series[name] / series["peak"])
    for name in (*peers, "modern"):
        ratio = summarise(series[name] / series["lenet5"])
        result["lenet5"][f"times_faster_than_{name}"] = ratio
    result["peers"] = {name: result.pop(name) for name in peers}
    share = series["curvature"] / (a_pass * series["lenet5"])
    return {**result, "curvature_share_of_pass": summarise(share)}


def summary(result: Benchmark) -> str:
    """Return the figures as text: the median, the least and the greatest of the repeats."""
    return "\n\n".join(
        "\n".join([f"{name}: {target.machine.processor}, compiled for "
                   f"{target.machine.compiled_for}, one core, "
                   f"{target.lenet5.microseconds_per_pattern.repeats} repeats", *_lines(target)])
        for name, target in result.targets().items()
    )  # fmt: skip


def _lines(target: Target) -> list[str]:
    networks = {name: target.network(name) for name in NETWORKS} | {DISTORTED: target.distorted}
    times: dict[str, Timed | Peer] = {**networks, **target.peers, "modern": target.modern}
    machine = target.machine
    return [
        *(_line(f"{name}, microseconds per pattern", entry.microseconds_per_pattern)
          for name, entry in times.items()),
        *(_line(f"{name}, % of the earlier kernels' time", entry.time_as_share_of_earlier, 100)
          for name, entry in networks.items() if entry.time_as_share_of_earlier),
        *(_line(f"lenet5, times faster than {name}", target.lenet5.times_faster_than(name))
          for name in [*target.strongest_first(), "modern"]),
        _line("lenet5, % of the core's peak", target.lenet5.share_of_peak, 100),
        _line("curvature, % of a pass", target.curvature_share_of_pass, 100),
        _line("peak, 10^9 multiply-adds per second", machine.peak_multiply_adds_per_second, 1e-9),
        _line("memory, 10^9 bytes per second", machine.bandwidth_bytes_per_second, 1e-9),
        _line("two replicates, times the throughput of one", target.replicates.throughput_ratio),
        f"{f'{target.memory.lenet5_at_once} LeNet-5 at once, MiB':<50}"
        f"{target.memory.peak_mebibytes:>9.4g}",
    ]  # fmt: skip


def _line(text: str, figure: Spread, scale: float = 1.0) -> str:
    ends = (figure.median, figure.min, figure.max)
    median, least, most = (f"{value * scale:.4g}" for value in ends)
    return f"{text:<50}{median:>9}   ({least} to {most})"
