"""Ten support vector machines, one class against the rest: Section III-C.11, p. 14.

Kernel: K(x, y) = ((x.y + c) / (1 + c))^degree of images divided by their length, so that K(x, x) =
1 for every image. The constant c is 0 for the monomials of that degree, or 1 for those up to it, as
DeCoste and Schoelkopf had it (Training Invariant Support Vector Machines, Machine Learning 46,
2002). The paper says only "poly" and the degree. Images without ink stay zero.

With inputs of one ``scale`` s, the root mean square length of the training images, the kernel is
((x.y / s^2 + c) / (1 + c))^degree: with c = 1 / s^2 that of Cortes and Vapnik (1995), (u.v + 1)^d
on the pixels, 0 to 1, but for a factor that C takes up. Their slack, the square of the sum, asks
for no machine of its own: by its convexity each of its solutions is one of the plain sum for
another C.

Training is exact, by chunking (Vapnik 1982; Osuna, Freund and Girosi 1997): a machine is solved on
a working set, its decision values on all patterns show which of the others violate the conditions
of the optimum, these join the support vectors, and so on until none violates them by more than
`TOLERANCE`, the same as the solver's own. The dual objective grows with every step, so this ends,
at the solution on all patterns.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.svm import SVC

from replication.core.learning.monitor import Monitor
from replication.core.runs import CLASSES
from replication.core.settings import Amount, Count, Neutral, Positive, Section
from replication.core.systems.classifier import ClassifierSystem, Patterns, flat
from replication.core.systems.contract import Cost

TOLERANCE = 1e-3
# A pattern outside the working set with a margin this near to a violation joins it too: it would
# probably be the next to violate. Saves steps, changes no result.
_NEAR = 0.2
# At most this many join, and fewer where there are many support vectors already, so that the table
# of kernel values, of which memory has to hold one, is 13,000 x 13,000 float64, 1.4 GB, at most;
# but some have to join. More steps, the same result.
_JOINING, _JOINING_ALWAYS = 6000, 1000
_LARGEST = 13000
# Patterns a class in the first working set: a table of 10,000 x 10,000 float64 is 800 MB.
_FIRST = 1000
# Patterns at a time: 2,000 x 40,000 kernel values are 320 MB.
_BLOCK = 2000

# Bytes at most: the table, the solver's cache of 500 MB, and a block of kernel values.
MEMORY = 2_300_000_000

Inputs = NDArray[np.float32]


class KernelOptions(Section):
    """The kernel's degree and constant, and C: the bound of the multipliers."""

    degree: Count
    constant: Amount
    regularisation: Positive


class Machine(NamedTuple):
    """One class against the rest: f(x) = sum of weights * K(vector, x) + bias."""

    numbers: NDArray[np.int64]  # int64 (s,), which patterns are the support vectors, ascending
    weights: NDArray[np.float64]  # float64 (s,), multiplier times sign of each
    bias: float  # the threshold


def unit_inputs(images: NDArray[np.uint8]) -> Inputs:
    """Return images uint8 (n, height, width) as float32 (n, height * width) of length 1 each."""
    pixels = flat(images)
    lengths = np.sqrt((pixels**2).sum(axis=1, keepdims=True))
    return np.asarray(pixels / np.where(lengths > 0, lengths, 1), np.float32)


def kernel(left: Inputs, right: Inputs, kind: KernelOptions) -> Inputs:
    """Return K of each of ``left`` (n, d) with each of ``right`` (m, d): float32 (n, m)."""
    base = left @ right.T
    if kind.constant:
        base += kind.constant
        base /= 1 + kind.constant
    degree = kind.degree
    # Square and multiply: numpy's own power is many times slower.
    result = base.copy() if degree & 1 else np.ones_like(base)
    for bit in range(1, degree.bit_length()):
        base *= base
        if degree >> bit & 1:
            result *= base
    return result


def kernel_table(inputs: Inputs, kind: KernelOptions) -> NDArray[np.float64]:
    """Return K of each of ``inputs`` with each other, as the solver needs it."""
    table = np.empty((len(inputs), len(inputs)))
    for start in range(0, len(inputs), _BLOCK):
        table[start : start + _BLOCK] = kernel(inputs[start : start + _BLOCK], inputs, kind)
    return table


def solve_machine(
    table: NDArray[np.float64], signs: NDArray[np.int8], kind: KernelOptions
) -> Machine:
    """Solve for patterns with kernel values ``table`` (n, n) and ``signs`` (n,), 1 or -1."""
    solver = SVC(C=kind.regularisation, kernel="precomputed", tol=TOLERANCE, cache_size=500)
    solver.fit(table, signs)
    # The solver gives those of sign -1 first.
    order = np.argsort(solver.support_)
    numbers, weights = solver.support_[order].astype(np.int64), solver.dual_coef_[0][order]
    return Machine(numbers, weights, float(solver.intercept_[0]))


@dataclass(frozen=True)
class Decision:
    """Decision values of machines over vectors that they share: what all three systems keep."""

    vectors: Inputs  # float32 (m, pixels)
    weights: NDArray[np.float32]  # float32 (m, machines)
    biases: NDArray[np.float32]  # float32 (machines,)
    kind: KernelOptions  # the kernel

    def values(self, inputs: Inputs) -> NDArray[np.float32]:
        """Return f(x) of each machine, (n, machines), for ``inputs`` (n, d)."""
        result = np.empty((len(inputs), len(self.biases)), np.float32)
        for start in range(0, len(inputs), _BLOCK):
            table = kernel(inputs[start : start + _BLOCK], self.vectors, self.kind)
            result[start : start + _BLOCK] = table @ self.weights + self.biases
        return result

    def penalties(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return minus the decision values: the margin is between the two largest of these."""
        return -self.values(unit_inputs(images))

    def cost(self) -> Cost:
        """Count a multiply-add for each pixel of each vector, and for each weight that is not 0.

        A vector of several machines is kept once, and its kernel value is computed once. Its power,
        a few products, is not counted, nor the length of the image. Kept are the biases as well.
        """
        operations = self.vectors.size + int(np.count_nonzero(self.weights))
        return Cost(operations / 1e3, (operations + len(self.biases)) / 1e3)


def combine_machines(inputs: Inputs, machines: Sequence[Machine], kind: KernelOptions) -> Decision:
    """Return the decision of ``machines`` whose support vectors are among ``inputs``."""
    used = np.unique(np.concatenate([machine.numbers for machine in machines]))
    weights = np.zeros((len(used), len(machines)), np.float32)
    for column, machine in enumerate(machines):
        weights[np.searchsorted(used, machine.numbers), column] = machine.weights
    biases = np.array([machine.bias for machine in machines], np.float32)
    return Decision(inputs[used], weights, biases, kind)


def class_signs(labels: NDArray[np.uint8]) -> NDArray[np.int8]:
    """Return a column for each class, int8 (n, classes): 1 for its own patterns, else -1."""
    return np.where(labels[:, None] == np.arange(CLASSES), 1, -1).astype(np.int8)


def first_patterns(labels: NDArray[np.uint8], count: int = _FIRST) -> NDArray[np.int64]:
    """Return the numbers, ascending, of the first ``count`` patterns of each class."""
    found = [np.flatnonzero(labels == label)[:count] for label in np.unique(labels)]
    return np.sort(np.concatenate(found))


def train_machines(
    inputs: Inputs, labels: NDArray[np.uint8], kind: KernelOptions, monitor: Monitor
) -> list[Machine]:
    """Train ten machines on ``inputs`` (n, d), each for a class against the rest."""
    return train_by_chunking(inputs, class_signs(labels), first_patterns(labels), kind, monitor)


def train_by_chunking(
    inputs: Inputs,
    signs: NDArray[np.int8],
    first: NDArray[np.int64],
    kind: KernelOptions,
    monitor: Monitor,
) -> list[Machine]:
    """Train a machine for each column of ``signs`` (n, machines), on all ``inputs``.

    ``first`` are the numbers of the first working set, with both signs in it for each machine.
    """
    working = [first] * signs.shape[1]
    for step in itertools.count(1):
        machines = _solve_each(inputs, signs, working, kind, monitor)
        margins = signs * combine_machines(inputs, machines, kind).values(inputs)
        violating = 0
        for column, machine in enumerate(machines):
            outside = np.ones(len(inputs), bool)
            outside[working[column]] = False
            violating += int((outside & (margins[:, column] < 1 - TOLERANCE)).sum())
            working[column] = _next_working_set(machine.numbers, margins[:, column])
        vectors = sum(len(machine.numbers) for machine in machines)
        monitor.line(f"step {step}: {vectors} support vectors, {violating} violations")
        if not violating:
            break
    return machines


def _next_working_set(
    vectors: NDArray[np.int64], margins: NDArray[np.floating]
) -> NDArray[np.int64]:
    """Return the support ``vectors``, and the worst patterns of those near or violating."""
    near = np.setdiff1d(np.flatnonzero(margins < 1 + _NEAR), vectors, assume_unique=True)
    count = min(_JOINING, max(_LARGEST - len(vectors), _JOINING_ALWAYS))
    worst = near[np.argsort(margins[near], kind="stable")[:count]]
    return np.union1d(vectors, worst)


def _solve_each(
    inputs: Inputs,
    signs: NDArray[np.int8],
    working: Sequence[NDArray[np.int64]],
    kind: KernelOptions,
    monitor: Monitor,
) -> list[Machine]:
    machines: list[Machine] = []
    table, of = np.empty((0, 0)), np.empty(0, np.int64)
    for column, numbers in enumerate(working):
        monitor.check()
        if not np.array_equal(of, numbers):
            del table  # before the next is made: two would be too much memory
            table, of = kernel_table(inputs[numbers], kind), numbers
        found = solve_machine(table, signs[numbers, column], kind)
        machines.append(found._replace(numbers=numbers[found.numbers]))
    return machines


VERSION = 1


class Options(KernelOptions):
    """The kernel's options, and the inputs."""

    # images divided each by its own length; or all by one scale, with the kernel (u.v +
    # constant)^degree on pixels
    inputs: Annotated[Literal["length", "pixels"], Neutral("length")] = "length"


@dataclass(frozen=True)
class Scaled(Decision):
    """Decision values of machines over images that are all divided by one ``scale``."""

    scale: np.float32

    def penalties(self, images: NDArray[np.uint8]) -> Inputs:
        """Return minus the decision values."""
        return -self.values(flat(images) / self.scale)


class System(ClassifierSystem[Options]):
    """Ten machines over their support vectors among the training patterns."""

    memory = MEMORY

    def train(self, patterns: Patterns, _: np.random.Generator, monitor: Monitor) -> Decision:
        """Solve on all patterns: nothing is random."""
        kind, labels = self.chosen, patterns.labels
        if kind.inputs == "length":
            inputs = unit_inputs(patterns.images)
            return combine_machines(inputs, train_machines(inputs, labels, kind, monitor), kind)
        inputs = flat(patterns.images)
        square = float((inputs**2).sum(axis=1, dtype=np.float64).mean())
        scale = np.float32(np.sqrt(square))
        inputs = inputs / scale
        kind = kind.model_copy(update={"constant": kind.constant / square})
        machines = train_machines(inputs, labels, kind, monitor)
        return Scaled(**vars(combine_machines(inputs, machines, kind)), scale=scale)
