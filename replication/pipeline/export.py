"""export: a committed network for other programs, checked against its committed answers."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import click
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save

from replication.comparison.evaluation.outputs import FAILURES, Check, compare_answers
from replication.comparison.evaluation.recomputed import BATCH
from replication.core.mnist import databases
from replication.core.runs import ANSWERS, Run
from replication.core.systems.contract import answers_from_penalties
from replication.errors import ReplicationError
from replication.extras.trained import TrainedNetwork, load
from replication.files import write_bytes
from replication.folders import Folders, folder_options, path_option

DIFFERENT = 1
ONNX_PACKAGES = ("onnx", "onnxruntime", "onnxscript")
# Penalties (n, 10) of images uint8 (n, height, width).
Answering = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def write_state(network: TrainedNetwork, file: Path) -> Answering:
    """Write the state_dict as safetensors; return what answers with what was read again."""
    # In C order: of an array that is not, safetensors would write other values.
    state = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    write_bytes(file, save(state))
    network.load_state_dict(load_file(file))
    return network.penalties


def write_onnx(network: TrainedNetwork, file: Path) -> Answering:
    """Write the network as ONNX, for any number of patterns; return what ONNX Runtime answers.

    Its input ``inputs`` is as `TrainedNetwork.to_field` makes it, its output ``penalties``. Raises
    ReplicationError where the packages for it are not installed.
    """
    if absent := [name for name in ONNX_PACKAGES if find_spec(name) is None]:
        raise ReplicationError(
            f"ONNX needs {', '.join(absent)}, not installed here: `python -m pip install -e "
            "'.[onnx]'` adds them"
        )
    from onnxruntime import InferenceSession

    # Of one pattern torch would take the number for a constant.
    example = network.to_field(np.zeros((2, 1, 1), np.uint8))
    program = torch.onnx.export(
        network.eval(), (example,), input_names=["inputs"], output_names=["penalties"],
        dynamic_shapes=({0: torch.export.Dim("patterns")},), dynamo=True, verbose=False,
    )  # fmt: skip
    if program is None:
        raise ReplicationError("torch gave no ONNX program: install another version of torch")
    content = program.model_proto.SerializeToString()
    write_bytes(file, content)
    session = InferenceSession(content, providers=["CPUExecutionProvider"])

    def answer(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        starts = range(0, len(images), BATCH)
        batches = (network.to_field(images[start : start + BATCH]).numpy() for start in starts)
        return np.concatenate([session.run(None, {"inputs": batch})[0] for batch in batches])

    return answer


def check_answers(network: TrainedNetwork, run: Run, folders: Folders, answer: Answering) -> Check:
    """Compare the answers to the test patterns with the committed ones."""
    test = databases.load(folders.raw, folders.prepared, network.database)
    answers = answers_from_penalties(answer(test.test_images))
    return compare_answers(str(run.path(ANSWERS)), run.answers, answers)


@click.command()
@click.argument("experiment", default="lenet5")
@click.option("--replicate", type=click.IntRange(min=0), default=0, show_default=True,
              help="The number of the replicate.")  # fmt: skip
@click.option("--onnx", is_flag=True, help="Write ONNX as well; needs pip install -e '.[onnx]'.")
@path_option("--out", "the folder of the call", "The folder to write into.")
@folder_options()
def export(
    folders: Folders, experiment: str, replicate: int, onnx: bool, out: Path | None
) -> int:  # fmt: skip
    """Write a network as EXPERIMENT-REPLICATE.safetensors, its state_dict, for other programs.

    EXPERIMENT is a network of params.yaml, lenet5 unless given. Weights and biases stand by layer,
    with zeros where Table I has no connection, and with the codes of the classes. What was written
    is read again and answers the test patterns; ends with status 1 where an answer is not the
    committed one.
    """
    # Sums that are split among threads depend on their number.
    torch.set_num_threads(1)
    network = load(replicate, experiment, folders.root)
    run = Run(folders.runs / experiment / str(replicate))
    status = 0
    writers = {".safetensors": write_state, **({".onnx": write_onnx} if onnx else {})}
    for suffix, write in writers.items():
        file = (out or Path()) / f"{experiment}-{replicate}{suffix}"
        check = check_answers(network, run, folders, write(network, file))
        print(f"{file} written: its answers to the test patterns are {check.outcome} with "
              f"{check.output}, {check.detail}".rstrip(", "))  # fmt: skip
        status |= DIFFERENT if check.outcome in FAILURES else 0
    return status
