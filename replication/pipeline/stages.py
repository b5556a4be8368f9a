"""prepare, train and evaluate, from raw data to results/metrics.json; and the commands of studies.

What needs the compiler is imported when it runs, so that a help text need not wait for it.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

import click

from replication import studies
from replication.comparison import paper
from replication.comparison.evaluation import metrics
from replication.comparison.evaluation.database_summary import summarise_databases
from replication.comparison.evaluation.errors import target_percent
from replication.core.mnist import databases
from replication.core.settings import AnyRecipe, Settings, load
from replication.errors import ReplicationError
from replication.files import write_json
from replication.folders import Folders
from replication.pipeline.options import settings_options

if TYPE_CHECKING:
    from replication.core.systems.jobs import Job

FORECAST = click.option(
    "--forecast", is_flag=True,
    help="Only say how many replicates, CPU minutes, memory and disk it would take.",
)  # fmt: skip


def prepare_databases(folders: Folders, settings: Settings) -> dict[str, Any]:
    """Write data/prepared/summary.json, a description of the databases, and return it."""
    summary = summarise_databases(folders.raw, settings)
    write_json(folders.prepared / databases.SUMMARY, summary)
    return summary


@click.command()
@settings_options()
def prepare(folders: Folders) -> None:
    """Check raw MNIST and make the three databases of Section III-A from it."""
    for name, facts in prepare_databases(folders, load(folders.params))["databases"].items():
        print(
            f"{name}: {facts['training_patterns']} training and {facts['test_patterns']} test "
            f"patterns of {facts['height']}x{facts['width']}; inputs of mean {facts['mean']:.4f} "
            f"and variance {facts['variance']:.4f}"
        )


def list_jobs(folders: Folders, settings: Settings, names: Sequence[str]) -> list["Job"]:
    """Return all replicates of experiments; ReplicationError where params.yaml has no such one."""
    from replication.core.systems.jobs import Job, prepare_experiments

    recipes = {name: settings.experiment(name) for name in names}
    ready = prepare_experiments(recipes, settings, folders)
    return [Job(each, number) for each in ready for number in range(each.recipe.replicates)]


def forecast_training(
    title: str, jobs: Sequence["Job"], settings: Settings, folders: Folders,
    *, leave_runs: bool = True,
) -> None:  # fmt: skip
    """Print what the training of ``jobs``, none of them finished, will take on this machine."""
    from replication.core.systems.forecast import make_forecast

    if not jobs:
        print(f"{title}: nothing is to be trained")
        return
    forecast = make_forecast(jobs, settings, folders, leave_runs=leave_runs)
    print(forecast.describe(title), flush=True)


def train_experiments(
    folders: Folders, settings: Settings, names: Sequence[str], *, only_forecast: bool = False
) -> Counter[str]:
    """Train the replicates that are not finished; return their number by experiment.

    Replicates of all experiments ``names`` are trained side by side, so that none waits for the
    last of another. What it will take is printed before; with ``only_forecast`` that is all.
    Raises ReplicationError when params.yaml has no such experiment.
    """
    from replication.core.systems.replicates import is_finished, train

    jobs = list_jobs(folders, settings, names)
    title = names[0] if len(names) == 1 else f"{len(names)} experiments"
    missing = [job for job in jobs if not is_finished(*job)]
    if missing or only_forecast:
        forecast_training(title, missing, settings, folders)
    if only_forecast:
        return Counter()
    return Counter(job.experiment.name for job in train(title, jobs, settings.train))


def describe_errors(folders: Folders, settings: Settings, experiment: str) -> Iterator[str]:
    """Yield a line for each error of a trained experiment: mean, sd, 1998's number and verdict.

    The verdict is on the test error, by the rule of all verdicts; where nothing is random the rule
    needs the other systems, so that only `compare` gives it.
    """
    from replication.comparison.verdicts.evidence import Evidence
    from replication.comparison.verdicts.rule import judge_percent
    from replication.comparison.verdicts.tables import published_errors

    published, recipe = paper.load(folders.paper), settings.experiment(experiment)
    labels, squash = databases.read_raw(folders.raw).test_labels, settings.base.squashing
    target = target_percent(published)
    evaluated = metrics.evaluate(folders.runs, {experiment: recipe}, labels, target)
    evidence = Evidence(published, settings.compare, squash.amplitude, squash.slope,
                        {}, {}, labels, evaluated, {}, {})  # fmt: skip
    for series in ("test", "training"):
        error = evaluated[experiment].get(f"{series}_error_percent")
        if error is None:
            continue
        spread = "" if error["sd"] is None else f" (sd {error['sd']:.3f})"
        line = f"{experiment}: {series} error {error['mean']:.3f} %{spread}"
        printed = published_errors(published, settings.compare).get((experiment, series))
        line += ", not in the paper" if printed is None else f", 1998: {printed:g} %"
        if printed is not None and series == "test" and recipe.seed is not None:
            finding = judge_percent(evidence, error["values"], printed)
            line += f", {finding.outcome}: {finding.reason}"
        yield line


@click.command()
@click.argument("names", metavar="[EXPERIMENT]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All experiments; not with names.")
@FORECAST
@settings_options("runs")
def train(folders: Folders, names: tuple[str, ...], everything: bool, forecast: bool) -> None:
    """Train the replicates of EXPERIMENTs that these settings and this code have not yet trained.

    EXPERIMENT is a name under `experiments` in params.yaml. First it says what that will take on
    this machine. Each ends with its errors, the number of 1998 and the verdict; --all leaves those
    to evaluate and compare.
    """
    if everything == bool(names):
        raise click.UsageError("name experiments of params.yaml, or give --all")
    settings = load(folders.params)
    chosen = tuple(dict.fromkeys(names)) or tuple(settings.experiments)
    trained = train_experiments(folders, settings, chosen, only_forecast=forecast)
    if forecast:
        return
    for name in chosen:
        finished = settings.experiment(name).replicates - trained[name]
        if trained[name] or names:
            print(f"{name}: {trained[name]} replicates trained, {finished} were there already")
        for line in describe_errors(folders, settings, name) if names else ():
            print(line)
    if everything:
        print("all replicates of all experiments are there")


def evaluate_runs(folders: Folders, settings: Settings) -> dict[str, Any]:
    """Evaluate every experiment of params.yaml, and write and return the metrics.

    Of a variation those that are trained; ReplicationError where none is.
    """
    labels = databases.load(folders.raw, folders.prepared, "regular").test_labels
    target = target_percent(paper.load(folders.paper))
    chosen = settings.experiments
    if folders.are_of_variation:
        chosen = _select_trained(folders, settings)
    evaluated = metrics.evaluate(folders.runs, chosen, labels, target)
    metrics.write_metrics(folders.out / metrics.METRICS, evaluated)
    return evaluated


def _select_trained(folders: Folders, settings: Settings) -> dict[str, AnyRecipe]:
    """Return the experiments of which every replicate is there, by these settings."""
    from replication.core.systems.replicates import is_finished

    finished = Counter(
        job.experiment.name
        for job in list_jobs(folders, settings, tuple(settings.experiments))
        if is_finished(*job)
    )
    trained = {name: recipe for name, recipe in settings.experiments.items()
               if finished[name] == recipe.replicates}  # fmt: skip
    if not trained:
        raise ReplicationError(
            f"{folders.runs} has no experiment with all of its replicates by {folders.params}: run "
            f"`python -m replication train NAME --params {folders.params}` first"
        )
    return trained


@click.command()
@settings_options("runs", "out")
def evaluate(folders: Folders) -> None:
    """Count the errors in the answers of every replicate, and how many it has to reject."""
    for name, entry in evaluate_runs(folders, load(folders.params)).items():
        print(
            f"{name}: {entry['replicates']} replicates, "
            f"test error {entry['test_error_percent']['mean']:.3f} %, "
            f"rejection {entry['rejection_percent']['mean']:.2f} %"
        )


def make_study_command(study: str) -> click.Command:
    """Return the command that runs the study ``replication/studies/<study>``.

    Its help is the docstring of the module's ``run``, which receives the folders and the settings;
    ``summary`` turns its result into text. The module may have ``FOLDERS``, more options of
    `folder_options`, ``PARAMETERS`` of click, whose values ``run`` receives by name, and
    ``list_missing``, as `forecast_study` says. Raises ReplicationError as `plugins.load` does.
    """
    module = studies.load_module(study, "run")

    @settings_options(*getattr(module, "FOLDERS", ()), "out")
    def run(folders: Folders, *, forecast: bool = False, **given: Any) -> None:
        settings = load(folders.params)
        forecast_study(study, module, folders, settings, **given)
        if not forecast:
            print(module.summary(module.run(folders, settings, **given)))

    if hasattr(module, "list_missing"):
        run = FORECAST(run)
    result = click.command(name=study, help=module.run.__doc__)(run)
    result.params += getattr(module, "PARAMETERS", ())
    return result


def forecast_study(
    study: str, module: ModuleType, folders: Folders, settings: Settings, **given: Any
) -> None:
    """Print what the trainings of a study will take, where its module lists those it lacks.

    That is ``list_missing``, which receives what ``run`` does. With ``LEAVES_RUNS`` each leaves a
    run, without a row of a table.
    """
    if hasattr(module, "list_missing"):
        missing = module.list_missing(folders, settings, **given)
        runs = getattr(module, "LEAVES_RUNS", False)
        forecast_training(study, missing, settings, folders, leave_runs=runs)
