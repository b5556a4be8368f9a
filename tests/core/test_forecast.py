"""The forecast: how many replicates, how long on this machine, and that it is not far off."""

import shutil

import pytest
from small import REPOSITORY, small_document, small_project, write_params

from replication.core.runs import TIMING, Run
from replication.core.settings import load
from replication.core.systems import forecast
from replication.core.systems.forecast import make_forecast
from replication.core.systems.jobs import Job, prepare_experiments
from replication.files import read_json, write_json
from replication.folders import Folders, backup_folder
from replication.pipeline.cli import main

COMMITTED = Folders.below(REPOSITORY)


def list_jobs(settings, names, folders=COMMITTED):
    ready = prepare_experiments({name: settings.experiment(name) for name in names}, settings,
                                folders)  # fmt: skip
    return [Job(each, number) for each in ready for number in range(each.recipe.replicates)]


@pytest.fixture
def as_where_made(monkeypatch, chosen):
    """A machine on which a presentation of LeNet-5 takes as long as by the committed runs."""
    tests = 10_000
    runs = forecast._read_runs([COMMITTED.runs], tests)
    (pace,) = {forecast._pace(runs[forecast._kind(chosen.experiment("lenet5").in_force())])}
    monkeypatch.setattr(forecast, "measure_presentation", lambda *_: pace)
    return pace


def spent(*names):
    """The CPU seconds of committed runs, by their own timing.json."""
    paths = [path for name in names for path in (COMMITTED.runs / name).glob("*/timing.json")]
    return sum(Run(path.parent).timing["cpu_seconds"] for path in paths)


@pytest.mark.usefixtures("as_where_made")
@pytest.mark.parametrize("name", ["lenet5", "lenet5-15000", "lenet5-15000-long", "lenet1", "knn",
                                  "mlp-300-100", "lenet4-boosted", "lenet5-modern"])  # fmt: skip
def test_of_committed_runs_it_foretells_the_time_within_a_fifth(name, chosen):
    made = make_forecast(list_jobs(chosen, [name]), chosen, COMMITTED)
    assert made.replicates == chosen.experiment(name).replicates
    assert made.cpu_seconds == pytest.approx(spent(name), rel=0.2)
    written = sum(path.stat().st_size for path in (COMMITTED.runs / name).glob("*/*"))
    assert made.disk == pytest.approx(written, rel=0.2)


@pytest.mark.usefixtures("as_where_made")
def test_of_everything_too_and_what_replicates_share_counts_once(chosen):
    names = list(chosen.experiments)
    made = make_forecast(list_jobs(chosen, names), chosen, COMMITTED)
    assert made.cpu_seconds == pytest.approx(spent(*names), rel=0.2)
    assert made.unknown == ()
    alone, together = (make_forecast(list_jobs(chosen, names), chosen, COMMITTED).cpu_seconds
                       for names in (["lenet4-local"], ["lenet4-knn", "lenet4-local"]))  # fmt: skip
    assert alone > 3 * spent("lenet4-local")
    assert together == pytest.approx(spent("lenet4-knn", "lenet4-local"), rel=0.2)


def test_a_machine_half_as_fast_takes_twice_the_time(chosen, as_where_made, monkeypatch):
    jobs = list_jobs(chosen, ["lenet5", "knn"])
    usual = make_forecast(jobs, chosen, COMMITTED).cpu_seconds
    monkeypatch.setattr(forecast, "measure_presentation", lambda *_: 2 * as_where_made)
    assert make_forecast(jobs, chosen, COMMITTED).cpu_seconds == pytest.approx(2 * usual)


@pytest.mark.usefixtures("as_where_made")
def test_committed_runs_count_where_they_are_set_aside_and_damaged_ones_do_not(tmp_path, chosen):
    folders = Folders.below(tmp_path, paper=COMMITTED.paper, raw=COMMITTED.raw,
                            prepared=COMMITTED.prepared)  # fmt: skip
    aside = backup_folder(folders) / "runs" / "lenet5"
    for number in "012":
        shutil.copytree(COMMITTED.runs / "lenet5" / number, aside / number)
    write_json(aside / "1" / TIMING, {"seconds": "long"})
    (aside / "2" / TIMING).unlink()
    jobs = list_jobs(chosen, ["lenet5"], folders)
    seconds = read_json(aside / "0" / TIMING, "")["cpu_seconds"]
    assert make_forecast(jobs, chosen, folders).cpu_seconds / 20 == pytest.approx(seconds, rel=0.2)


def test_without_any_run_our_networks_are_measured_and_for_others_it_says_so(tmp_path, tiny):
    folders = Folders.below(small_project(tmp_path, tiny))
    settings = load(folders.params)
    made = make_forecast(list_jobs(settings, ["lenet5"], folders), settings, folders)
    assert (made.replicates, made.unknown) == (2, ())
    assert 0 < made.cpu_seconds < 60


def test_the_command_says_it_before_it_trains_and_alone_with_forecast(tmp_path, tiny, capsys):
    root = small_project(tmp_path, tiny)
    train = ["train", "lenet5", "--root", str(root), "--params", str(root / "params.yaml")]
    assert main([*train, "--forecast"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("lenet5: 2 replicates to be trained, about ")
    assert said.count("\n") == 1
    assert all(word in said for word in ("CPU minutes", "of memory", "on the disk"))
    assert not (root / "results" / "runs").exists()
    assert main(train) == 0
    assert "2 replicates to be trained" in capsys.readouterr().out.splitlines()[0]
    assert main([*train, "--forecast"]) == 0
    assert capsys.readouterr().out == "lenet5: nothing is to be trained\n"


def test_a_study_has_a_forecast_of_what_its_table_lacks(tmp_path, tiny, capsys):
    root = small_project(tmp_path, tiny)
    document = small_document()
    document["sensitivity"] |= {"replicates": 1, "settings": {"sdlm.mu": [0.01, 0.04]}}
    write_params(root / "params.yaml", document)
    arguments = ["sensitivity", "--root", str(root)]
    assert main([*arguments, "--forecast"]) == 0
    assert capsys.readouterr().out.startswith("sensitivity: 2 replicates to be trained, about ")
    assert not (root / "results").exists()
    assert main(arguments) == 0
    capsys.readouterr()
    assert main([*arguments, "--forecast"]) == 0
    assert capsys.readouterr().out == "sensitivity: nothing is to be trained\n"
