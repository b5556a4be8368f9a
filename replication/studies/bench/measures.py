"""Everything about the kernels compiled for one processor, measured in turns."""

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from replication.comparison import paper
from replication.comparison.verdicts.benchmark import Target
from replication.core.mnist.databases import read_raw
from replication.core.networks import catalogue
from replication.core.settings import Modern, Settings
from replication.errors import ReplicationError
from replication.folders import Folders
from replication.studies.bench import DISTORTED, NETWORKS
from replication.studies.bench.counts import multiply_adds
from replication.studies.bench.figures import (
    EARLIER,
    Series,
    figures,
    quotients,
    rounded,
    spread,
)
from replication.studies.bench.passes import STANDARD, Short
from replication.studies.bench.processes import (
    TREE,
    Process,
    cores,
    last_core,
    pinned,
)

MODERN = "lenet5-modern"
# The patterns for which a peer has inputs, and those over which its losses are compared.
AVAILABLE, COMPARED = 4000, 1000
# So many are trained before anything is timed.
AT_FIRST = 40


class Amounts(NamedTuple):
    """How often everything is timed, and for how many seconds each time.

    On a machine that others share, two measures that follow one another within a tenth of a second
    meet the same disturbances, and their ratio is not moved by them.
    """

    repeats: int
    seconds: float
    at_once: int
    whole: Short


FULL = Amounts(repeats=40, seconds=0.1, at_once=10, whole=STANDARD)
QUICK = Amounts(repeats=2, seconds=0.01, at_once=2, whole=Short(1, 100, 400, 20, 40, 100, 200))


class Places(NamedTuple):
    """Where today's settings and data lie, and the tree of the earlier commit, if there is one."""

    today: Folders
    earlier: Path | None


def in_turn(measures: Mapping[str, Callable[[], float]], repeats: int) -> dict[str, Series]:
    """Each measure once in each repeat, after one that does not count: by name, in order."""
    series: dict[str, Series] = {name: [] for name in measures}
    for repeat in range(repeats + 1):
        for name, measure in measures.items():
            value = measure()
            if repeat:
                series[name].append(value)
    return series


def of_a_pattern(train: Callable[[int], float], lasting: float) -> Callable[[], float]:
    """A measure of the seconds a pattern, over as many as take ``lasting`` seconds.

    ``train`` takes a number of patterns and gives CPU seconds.
    """
    train(AT_FIRST)  # whatever has to be compiled, is
    each = max(train(AT_FIRST), 1e-6) / AT_FIRST
    many = max(AT_FIRST, min(AVAILABLE, int(lasting / each)))
    return lambda: train(many) / many


def measure(target: str, places: Places, settings: Settings, amounts: Amounts) -> Target:
    """Everything about the kernels compiled for ``target``, a name of `processes.TARGETS`."""
    with ExitStack() as stack:
        with Process(TREE, places.today, target, cores()) as alone:
            # Compiles all that the memory below is measured without.
            alone.ask("fit", experiment="lenet5", passes=1, patterns=AT_FIRST)
            replicates = _side_by_side(alone, amounts)
        with Process(TREE, places.today, target, cores()) as fresh:
            memory = rounded(
                fresh.ask("memory", experiment="lenet5", replicates=amounts.at_once,
                          patterns=COMPARED)
            )  # fmt: skip
        today = stack.enter_context(Process(TREE, places.today, target, last_core()))
        others = {}
        if places.earlier is not None:
            folders = Folders.below(places.earlier)
            others[EARLIER] = Process(places.earlier, folders, target, last_core())
            stack.enter_context(others[EARLIER])
        stack.enter_context(pinned())
        result = _compared(today, others, places.today, settings, amounts)
    memory_part = {"lenet5_at_once": amounts.at_once, "peak_mebibytes": memory}
    return Target.model_validate({**result, "replicates": replicates, "memory": memory_part})


def _side_by_side(process: Process, amounts: Amounts) -> dict[str, Any]:
    """Patterns a second of one replicate alone, and of two in threads of their own."""
    patterns = max(AT_FIRST, int(amounts.seconds * 20_000))

    def throughput(replicates: int) -> float:
        seconds = process.ask(
            "side_by_side", what="lenet5", replicates=replicates, patterns=patterns
        )
        return float(replicates * patterns / seconds)

    series = in_turn({"1": lambda: throughput(1), "2": lambda: throughput(2)}, amounts.repeats)
    rates = {name: {"patterns_per_second": spread(values)} for name, values in series.items()}
    return {**rates, "throughput_ratio": spread(quotients(series["2"], series["1"]))}


def _compared(
    today: Process, others: Mapping[str, Process], folders: Folders, settings: Settings,
    amounts: Amounts,
) -> dict[str, Any]:  # fmt: skip
    """The networks, what they are compared with and the core's peak, in turns."""
    # Imported late: only what is timed here needs torch.
    from replication.studies.bench import peak
    from replication.studies.bench.peers import Usual, differs_by, start

    def trained(process: Process, what: str) -> Callable[[], float]:
        return of_a_pattern(
            lambda patterns: float(process.ask("train", what=what, patterns=patterns)),
            amounts.seconds,
        )

    recipe = settings.experiment(MODERN)
    if not isinstance(recipe, Modern):
        raise ReplicationError(
            f"params.yaml: experiments.{MODERN}.system is {recipe.system}: set it to modern"
        )
    tables = paper.load(folders.paper)
    networks = {name: catalogue.network(name, "regular", tables) for name in NETWORKS}
    with TemporaryDirectory() as scratch:
        path = Path(scratch, "begin.npz")
        losses = {}
        for what in (DISTORTED, *NETWORKS[::-1]):  # the file is LeNet-5's in the end
            for process in (*others.values(), today):
                losses[what, process] = process.ask(
                    "begin", what=what, patterns=COMPARED, path=str(path)
                )
            for process in others.values():
                differs_by(f"earlier {what}", losses[what, process], losses[what, today])
        begin = start(path, networks["lenet5"], settings.base.rules, read_raw(folders.raw),
                      AVAILABLE)  # fmt: skip
        peers = installed(begin, Path(scratch))
        about = {
            name: {
                "what": peer.what,
                "losses_differ_by": rounded(
                    differs_by(name, peer.train(COMPARED), losses["lenet5", today])
                ),
                "patterns_compared": COMPARED,
            }
            for name, peer in peers.items()
        }
        lanes = max(peak.WIDTHS, key=lambda lanes: float(today.ask("peak", lanes=lanes)))
        measures: dict[str, Callable[[], float]] = {}
        for what in (*NETWORKS[1:], DISTORTED, "lenet5"):
            measures[what] = trained(today, what)
            for prefix, process in others.items():
                measures[prefix + what] = trained(process, what)
        for name, peer in {**peers, "modern": Usual(begin, recipe)}.items():
            measures[name] = of_a_pattern(_clocked(peer.train), amounts.seconds)
        measures["peak"] = lambda: float(today.ask("peak", lanes=lanes))
        measures["curvature"] = lambda: float(today.ask("curvature", what="lenet5"))
        measures["bandwidth"] = peak.bandwidth()
        series = in_turn(measures, amounts.repeats)
    work = {name: multiply_adds(network) for name, network in networks.items()}
    result = figures(series, work, list(peers), settings.base.presentations_per_pass)
    for name, facts in about.items():
        result["peers"][name].update(facts)
    return {**result, "machine": _machine(today, series, lanes)}


def _clocked(train: Callable[[int], float]) -> Callable[[int], float]:
    def clocked(patterns: int) -> float:
        started = time.process_time()
        train(patterns)
        return time.process_time() - started

    return clocked


def installed(begin: Any, scratch: Path) -> dict[str, Any]:
    """Those that this machine has; of the others a sentence says why they are left out."""
    from replication.studies.bench import peer_jax
    from replication.studies.bench.peers import Eager, PlainC

    peers: dict[str, Any] = {}
    try:
        peers["c"] = PlainC(begin, scratch)
    except ReplicationError as reason:
        print(reason, flush=True)
    try:
        peers["jax"] = peer_jax.Jax(begin)
    except ModuleNotFoundError:
        print(peer_jax.MISSING, flush=True)
    return {**peers, "eager": Eager(begin)}


def _machine(today: Process, series: Mapping[str, Series], lanes: int) -> dict[str, Any]:
    facts = today.ask("facts")
    facts["packages"]["torch"] = version("torch")
    return {
        **facts,
        "peak_multiply_adds_per_second": spread(series["peak"]),
        "peak_measured_by": f"independent fused multiply-adds of {lanes} lanes of float32, held in "
        "registers, compiled as the kernels are: the fastest of 4, 8 and 16 lanes",
        "bandwidth_bytes_per_second": spread(series["bandwidth"]),
    }
