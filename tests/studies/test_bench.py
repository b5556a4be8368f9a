"""bench: the processes and what they are told, the peers, and the form of the figures.

No timing is asserted.
"""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from fabricated import timed
from networks_of_tests import NETWORKS
from small import refused

from replication.comparison.verdicts.benchmark import read
from replication.core.networks import catalogue
from replication.folders import Folders
from replication.studies import bench
from replication.studies.bench import passes, peers, processes
from replication.studies.bench import run as bench_run
from replication.studies.bench.peak import WIDTHS
from replication.studies.bench.run import EARLIER, compute_figures, count_multiply_adds

PEERS = ("c", "eager")


SHORT = passes.Short(1, 10, 110, 20, 40, 50, 90)


def process_of(repository, target="native", cores=None):
    return processes.Process(repository, Folders.below(repository), target, cores)


@pytest.fixture(scope="module")
def worker(repository):
    with process_of(repository, cores=processes.get_last_core()) as process:
        yield process


@pytest.fixture(scope="module")
def losses(worker, tmp_path_factory):
    """The sum of LeNet-5's losses over its first 300 patterns, and the file with its start."""
    path = tmp_path_factory.mktemp("bench") / "begin.npz"
    return worker.ask("begin", what="lenet5", patterns=300, path=str(path)), path


@pytest.fixture(scope="module")
def begin(losses, paper, regular, chosen):
    network = catalogue.network("lenet5", "regular", paper)
    return peers.read_start(losses[1], network, chosen.base.rules, regular, 300)


def test_a_worker_answers_each_request_and_lives_on_after_one_that_it_cannot(worker):
    for what in ("lenet5", bench.DISTORTED):
        assert worker.ask("train", what=what, patterns=20) > 0
    assert worker.ask("curvature", what="lenet5") > 0
    assert worker.ask("side_by_side", what="lenet5", replicates=2, patterns=20) > 0
    assert all(worker.ask("peak", lanes=lanes) > 0 for lanes in WIDTHS)
    assert worker.ask("facts")["cores"] >= 1
    with refused("lenet9"):
        worker.ask("train", what="lenet9", patterns=1)
    assert worker.ask("facts")["cores"] >= 1


def test_what_the_process_that_started_a_worker_holds_does_not_count():
    held = np.ones(2**26)  # 512 MiB
    code = "from replication.studies.bench import worker as w; print(w.read_peak_memory())"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert float(answer.stdout) < held.nbytes / 2**20


def test_a_worker_that_ended_is_one_sentence(repository):
    process = process_of(repository)
    process._child.kill()
    process._child.wait()
    with process, refused("ended"):
        process.ask("facts")


def test_the_stand_in_for_haswell_is_compiled_for_it_whatever_the_caller_has_set(
    repository, monkeypatch
):
    monkeypatch.setenv("NUMBA_CPU_NAME", "nehalem")
    with process_of(repository, "haswell") as haswell, process_of(repository) as native:
        assert haswell.ask("facts")["compiled_for"] == "haswell"
        assert native.ask("facts")["compiled_for"] not in ("haswell", "nehalem")


def test_a_worker_is_held_on_its_core_and_this_process_is_only_for_a_while(worker):
    before = processes.get_cores()
    with processes.run_on_last_core():
        assert processes.get_cores() == processes.get_last_core()
    assert processes.get_cores() == before
    if before is not None:
        assert os.sched_getaffinity(worker._child.pid) == processes.get_last_core()


def test_a_commit_is_there_as_a_tree_of_its_own_and_gone_afterwards(tmp_path):
    def git(*arguments):
        identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    with processes.check_out_earlier(tmp_path) as tree:
        assert tree is None  # no repository
    git("init", "-q")
    with processes.check_out_earlier(tmp_path) as tree:
        assert tree is None  # a repository without that commit
    (tmp_path / "what").write_text("earlier")
    git("add", "what")
    git("commit", "-q", "-m", "one")
    first = git("rev-parse", "HEAD")
    (tmp_path / "what").write_text("later")
    git("commit", "-q", "-a", "-m", "two")
    with processes.check_out_earlier(tmp_path, first) as tree:
        assert (tree / "what").read_text() == "earlier"
    assert not tree.exists()
    assert len(git("worktree", "list").splitlines()) == 1
    assert (tmp_path / "what").read_text() == "later"


@pytest.mark.slow
def test_eager_torch_does_the_same_work(begin, losses):
    peer = peers.Eager(begin)
    assert peers.check_losses("eager", peer.train(300), losses[0]) < peers.AGREEMENT


@pytest.mark.slow
def test_plain_c_does_the_same_work_where_a_compiler_is(begin, losses, tmp_path):
    if not (shutil.which("gcc") or shutil.which("cc")):
        pytest.skip("no compiler")
    peer = peers.PlainC(begin, tmp_path)
    assert peers.check_losses("c", peer.train(300), losses[0]) < peers.AGREEMENT
    eager = peers.Eager(begin)
    eager.train(300)
    moved = np.abs(peer.parameters - begin.parameters).max()
    apart = np.abs(peer.parameters - eager._parameters.detach().numpy()).max()
    assert apart < 1e-4 * moved


def test_no_compiler_and_one_that_fails_are_one_sentence(begin, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with refused("compiler"):
        peers.PlainC(begin, tmp_path)
    compiler = tmp_path / "gcc"
    compiler.write_text("#!/bin/sh\necho lenet.c: error: no >&2\nexit 1\n")
    compiler.chmod(0o755)
    with refused("gcc", "lenet.c: error"):
        peers.PlainC(begin, tmp_path)


def test_a_peer_without_its_package_is_left_out_with_a_sentence(
    begin, tmp_path, monkeypatch, capsys
):
    monkeypatch.setitem(sys.modules, "jax", None)
    assert set(peers.build_peers(begin, tmp_path)) <= set(PEERS)
    assert "JAX is not installed" in capsys.readouterr().out


def test_a_peer_that_does_other_work_is_refused():
    assert peers.check_losses("c", 100.001, 100.0) == pytest.approx(1e-5)
    for theirs in (100.02, float("nan")):
        with refused("c ", f"{theirs:g}"):
            peers.check_losses("c", theirs, 100.0)


def test_ratios_are_formed_within_each_repeat():
    # The second repeat is twice as slow throughout: the ratios are not moved by it.
    seconds = {"lenet5": 1e-5, EARLIER + "lenet5": 2e-5, bench.DISTORTED: 2e-5, "c": 9e-5,
               "modern": 4e-5, "curvature": 0.006}  # fmt: skip
    series = arrays(**{name: [value, 2 * value] for name, value in seconds.items()})
    series["peak"] = np.array([1e11, 0.5e11])
    result = compute_figures(series, {"lenet5": 100_000}, ["c"], 60_000)
    lenet5 = result["lenet5"]
    assert lenet5["microseconds_per_pattern"] == dict(median=15, min=10, max=20, repeats=2)
    for name, ratio in (("time_as_share_of_earlier", 0.5), ("times_faster_than_c", 9),
                        ("times_faster_than_modern", 4), ("share_of_peak", 0.1)):  # fmt: skip
        assert lenet5[name] == dict(median=ratio, min=ratio, max=ratio, repeats=2)
    assert result["curvature_share_of_pass"]["median"] == pytest.approx(0.01)
    assert "time_as_share_of_earlier" not in result[bench.DISTORTED]  # left out, not invented


def test_the_committed_figures_have_the_form_that_their_readers_use(repository):
    text = (repository / "results" / bench.BENCH.name).read_text(encoding="utf-8")
    result = read(json.loads(text))
    assert result.document() == json.loads(text)
    assert set(result.targets()) == {"native", "haswell"}
    for target in result.targets().values():
        assert target.lenet5.time_as_share_of_earlier is not None
        assert set(target.peers) >= set(PEERS)
        assert all(peer.losses_differ_by <= peers.AGREEMENT for peer in target.peers.values())


@pytest.mark.parametrize(
    "broken",
    [
        {"machine": None},
        {"curvature_share_of_pass": {"median": 3.0, "min": 1.0, "max": 2.0, "repeats": 4}},
        {"speed": 1},
    ],
)
def test_figures_of_another_form_are_one_sentence(broken):
    with refused(bench.BENCH.name, *broken):
        read({"native": timed(**broken)})


def test_an_update_of_lenet5_takes_0_86_million_multiply_adds():
    c1, c3, c5, f6 = 28 * 28 * 6 * 25, 10 * 10 * 60 * 25, 120 * 400, 84 * 120
    coefficients, codes = 6 * 14 * 14 + 16 * 5 * 5, 10 * 84
    by_hand = 2 * c1 + 3 * (c3 + c5 + f6) + 3 * coefficients + 2 * codes
    assert count_multiply_adds(NETWORKS["lenet5"]) == by_hand == 865_848
    # Of a perceptron each weight is used three times, but twice of the first layer.
    assert count_multiply_adds(NETWORKS["perceptron"]) == 2 * 400 * 30 + 3 * (30 * 12 + 12 * 10)


def arrays(**series):
    return {name: np.array(values) for name, values in series.items()}


def test_short_trainings_say_what_a_whole_one_takes(chosen):
    recipe = chosen.experiment("lenet5")
    # 3 s at first, 0.5 a pass, 0.01 a pattern: 20 passes of 60,000
    timings = arrays(base=[3.6], longer=[4.6], twice=[4.2])
    expected = 3 + 20 * (60_000 * 0.01 + 0.5)
    assert passes.compute_network(timings, recipe, SHORT) == pytest.approx([expected])
    boosted = chosen.experiment("lenet4-boosted")
    more = timings | arrays(more=[3.6 + 40 * 0.001])
    candidates = boosted.options["candidates"] - 50
    expected += 0.001 * candidates
    assert passes.compute_network(more, boosted, SHORT) == pytest.approx([expected])
    # 0.2 s and 0.1 a test pattern beside the network's own
    last = arrays(base=[3.6 + 0.2 + 20 * 0.1], more=[3.6 + 0.2 + 40 * 0.1])
    result = passes.compute_last_layer(last, timings, SHORT)
    assert result == pytest.approx([0.2 + 10_000 * 0.1])


def test_every_experiment_counts_and_what_they_share_counts_once_for_todays_code_alone(chosen):
    """Where each short fit of today's takes half as long, and a classifier 100 seconds."""
    timings = arrays(base=[4.0], longer=[5.0], twice=[4.5], more=[5.0])
    both = {name: np.stack([series / 2, series]) for name, series in timings.items()}
    measured = dict.fromkeys(passes.choose_representatives(chosen).values(), both)
    sums = passes.add_replicates(chosen, SHORT, measured, lambda *_: 100.0)
    assert set(sums) == set(chosen.experiments)
    networks = set(passes.choose_representatives(chosen))
    for name, ((ours,), (theirs,)) in sums.items():
        if name in networks:
            assert ours <= theirs / 2
        elif name != "rs-svm-poly5":
            assert ours == theirs == 100.0 * chosen.experiment(name).replicates
    today, earlier = ({name: float(both[side, 0]) for name, both in sums.items()}
                      for side in (0, 1))  # fmt: skip
    assert today["lenet5"] == pytest.approx(earlier["lenet5"] / 2)
    # The machines of rs-svm-poly5 are those of v-svm-poly5: 100 of the 100 seconds.
    assert (today["rs-svm-poly5"], today["v-svm-poly9"]) == (0.0, 100.0)
    # The networks of lenet4-knn and of lenet4-local are those of lenet4, which has as many.
    network = today["lenet4"] / chosen.experiment("lenet4").replicates
    saved = [earlier[name] / 2 - today[name] for name in ("lenet4-knn", "lenet4-local")]
    assert saved == [pytest.approx(20 * network), pytest.approx(20 * network)]


@pytest.mark.slow
def test_a_worker_fits_each_kind_of_experiment_shortened(worker, chosen):
    short = passes.Short(1, 40, 60, 5, 10, 100, 150)
    names = passes.choose_representatives(chosen).values()
    kinds = {chosen.experiment(name).system: name for name in names}
    assert set(kinds) == {"network", "noisy", "boosted", "last-layer"}
    for name in kinds.values():
        base = passes.list_short_fits(chosen.experiment(name), short)["base"]
        assert worker.ask("fit", experiment=name, **base) > 0


def test_a_new_run_keeps_what_the_other_kind_measured(chosen, tmp_path, monkeypatch):
    out, seconds = tmp_path / "bench.json", timed()["curvature_share_of_pass"]
    sums = {"replicates": 1, "cpu_seconds": seconds, "cpu_seconds_of_earlier": seconds,
            "time_as_share_of_earlier": seconds}  # fmt: skip
    whole = {"processor": "A processor", "compiled_for": "its kind", "how": "short fits",
             "experiments": {}, "measured_alike": {}, "recorded": [],
             "networks_of_replicate_all": sums, "all_replicates": sums}  # fmt: skip
    out.write_text(json.dumps({"native": timed(whole=whole), "haswell": timed()}))
    new = read({"native": timed(microseconds=50.0)}).native
    monkeypatch.setattr(bench_run, "measure", lambda *_: new)
    bench_run.run(Folders.below(out=tmp_path), chosen, ("native",))
    after = read(json.loads(out.read_text()))
    assert after.native.lenet5.microseconds_per_pattern.median == 50
    assert after.native.whole.how == "short fits"
    assert after.haswell is not None
