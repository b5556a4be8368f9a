"""train: the replicates of experiments, from the prepared databases to results/runs."""

from collections import Counter
from collections.abc import Iterator, Sequence

import click

from replication.core.settings import Settings, load
from replication.folders import Folders, folder_options


def run(folders: Folders, settings: Settings, names: Sequence[str]) -> Counter[str]:
    """Train the replicates that are not finished; return their number by experiment.

    Replicates of all experiments ``names`` are trained side by side, so that none waits for the
    last of another. Raises ReplicationError when params.yaml has no such experiment.
    """
    # Imported when a training begins, so that a help text need not wait for the compiler.
    from replication.core.systems.jobs import Job, prepare_experiments
    from replication.core.systems.replicates import train

    recipes = {name: settings.experiment(name) for name in names}
    ready = prepare_experiments(recipes, settings, folders)
    jobs = [Job(each, number) for each in ready for number in range(each.recipe.replicates)]
    title = names[0] if len(names) == 1 else f"{len(names)} experiments"
    return Counter(job.experiment.name for job in train(title, jobs, settings.train))


def describe_errors(folders: Folders, settings: Settings, experiment: str) -> Iterator[str]:
    """Yield a line for each error of a trained experiment: mean, sd, 1998's number and verdict.

    The verdict is on the test error, by the rule of all verdicts; where nothing is random the rule
    needs the other systems, so that only `compare` gives it.
    """
    from replication.comparison import paper
    from replication.comparison.evaluation.errors import target_percent
    from replication.comparison.evaluation.metrics import evaluate
    from replication.comparison.verdicts.evidence import Evidence
    from replication.comparison.verdicts.rule import judge_percent
    from replication.comparison.verdicts.tables import published_errors
    from replication.core.mnist import databases

    published, recipe = paper.load(folders.paper), settings.experiment(experiment)
    labels, squash = databases.read_raw(folders.raw).test_labels, settings.base.squashing
    metrics = evaluate(folders.runs, {experiment: recipe}, labels, target_percent(published))
    evidence = Evidence(published, settings.compare, squash.amplitude, squash.slope,
                        {}, {}, labels, metrics, {}, {})  # fmt: skip
    for series in ("test", "training"):
        error = metrics[experiment].get(f"{series}_error_percent")
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
@folder_options("params", "runs")
def command(folders: Folders, names: tuple[str, ...], everything: bool) -> None:
    """Train the replicates of EXPERIMENTs that these settings and this code have not yet trained.

    EXPERIMENT is a name under `experiments` in params.yaml. Each ends with its errors, the number
    of 1998 and the verdict; --all leaves those to evaluate and compare.
    """
    if everything == bool(names):
        raise click.UsageError("name experiments of params.yaml, or give --all")
    settings = load(folders.params)
    chosen = tuple(dict.fromkeys(names)) or tuple(settings.experiments)
    trained = run(folders, settings, chosen)
    for name in chosen:
        finished = settings.experiment(name).replicates - trained[name]
        if trained[name] or names:
            print(f"{name}: {trained[name]} replicates trained, {finished} were there already")
        for line in describe_errors(folders, settings, name) if names else ():
            print(line)
    if everything:
        print("all replicates of all experiments are there")
