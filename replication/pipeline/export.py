"""export: a committed network for other programs, checked against its committed answers."""

from pathlib import Path

import click
import torch
from safetensors.torch import load_file, save

from replication.comparison.evaluation.outputs import FAILURES, compare_answers
from replication.core.mnist import databases
from replication.core.runs import ANSWERS, Run
from replication.core.systems.contract import answers_from_penalties
from replication.extras.trained import load
from replication.files import write_bytes
from replication.folders import Folders, folder_options, path_option

DIFFERENT = 1


@click.command()
@click.argument("experiment", default="lenet5")
@click.option("--replicate", type=click.IntRange(min=0), default=0, show_default=True,
              help="The number of the replicate.")  # fmt: skip
@path_option("--file", "EXPERIMENT-REPLICATE.safetensors", "The file to write.")
@folder_options()
def export(folders: Folders, experiment: str, replicate: int, file: Path | None) -> int:
    """Write a network's state_dict as safetensors, for torch and what else reads that.

    EXPERIMENT is a network of params.yaml, lenet5 unless given. Weights and biases stand by layer,
    with zeros where Table I has no connection, and with the codes of the classes. What was written
    is read again and answers the test patterns; ends with status 1 where an answer is not the
    committed one.
    """
    # Sums that are split among threads depend on their number.
    torch.set_num_threads(1)
    network = load(replicate, experiment, folders.root)
    file = file or Path(f"{experiment}-{replicate}.safetensors")
    # In C order: of an array that is not, safetensors would write other values.
    state = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    write_bytes(file, save(state))
    network.load_state_dict(load_file(file))
    test = databases.load(folders.raw, folders.prepared, network.database)
    answers = answers_from_penalties(network.penalties(test.test_images))
    run = Run(folders.runs / experiment / str(replicate))
    check = compare_answers(str(run.path(ANSWERS)), run.answers, answers)
    print(f"{file} written: {', '.join(sorted(state))}")
    print(f"its answers to {len(answers.classes)} test patterns are {check.outcome} with "
          f"{check.output} {check.detail}".rstrip())  # fmt: skip
    return DIFFERENT if check.outcome in FAILURES else 0
