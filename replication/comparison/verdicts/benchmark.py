"""The form of results/bench.json, which the benchmark writes and verdicts and texts read.

Everything stands under the target that Numba compiled for: ``native``, this processor, and
``haswell``, a stand-in for a processor with AVX2 alone. Times are CPU seconds. What could not be
measured, such as a peer that is not installed, is left out.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from replication.errors import ReplicationError
from replication.files import Document

BENCH = Document("bench.json", "python -m replication bench")
# The commit of earlier kernels: every time is given as a share of theirs too.
EARLIER = "ee01baa"

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(gt=0)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Spread(_Part):
    """Median, least and greatest of repeated measurements, and their number."""

    median: Positive
    min: Positive
    max: Positive
    repeats: Count

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.min <= self.median <= self.max:
            raise ValueError("the median lies outside least and greatest")
        return self


class Timed(_Part):
    """The time of a pattern, also as a share of that with the kernels of `EARLIER`."""

    microseconds_per_pattern: Spread
    time_as_share_of_earlier: Spread | None = None


class Speed(Timed):
    """A network in training, a pattern at a time."""

    multiply_adds_per_update: Count
    share_of_peak: Spread


class Headline(Speed):
    """LeNet-5, and its speed as a multiple of its peers'; ``modern`` is another network."""

    times_faster_than_c: Spread | None = None
    times_faster_than_jax: Spread | None = None
    times_faster_than_eager: Spread
    times_faster_than_modern: Spread

    def times_faster_than(self, peer: str) -> Spread:
        """Return the ratio to ``peer``, one of `Target.peers`."""
        ratio: Spread = getattr(self, f"times_faster_than_{peer}")
        return ratio


class Peer(_Part):
    """Other software that does the same work: LeNet-5 of 1998, a pattern at a time, one thread.

    ``losses_differ_by`` is the relative difference of the sum of its losses from ours, over the
    first ``patterns_compared``.
    """

    what: str
    microseconds_per_pattern: Spread
    losses_differ_by: Annotated[float, Field(ge=0)]
    patterns_compared: Count


class Machine(_Part):
    """The kind of machine that the figures were measured on; nothing identifies it."""

    processor: str
    compiled_for: str
    cores: Count
    architecture: str
    system: str
    python: str
    packages: Mapping[str, str]
    peak_multiply_adds_per_second: Spread
    peak_measured_by: str
    bandwidth_bytes_per_second: Spread


class Throughput(_Part):
    """Patterns a second, by the clock on the wall."""

    patterns_per_second: Spread


class Replicates(_Part):
    """One replicate of LeNet-5 alone, and two in threads of their own, on all cores."""

    alone: Throughput = Field(alias="1")
    together: Throughput = Field(alias="2")
    throughput_ratio: Spread


class Memory(_Part):
    """The peak memory of a process that trains several LeNet-5 at once, MNIST included.

    The kernels were compiled before: LLVM alone needs more.
    """

    lenet5_at_once: Count
    peak_mebibytes: Positive


class Sum(_Part):
    """CPU seconds of a number of replicates, by today's code and by that of `EARLIER`."""

    replicates: Count
    cpu_seconds: Spread
    cpu_seconds_of_earlier: Spread
    time_as_share_of_earlier: Spread


class Whole(_Part):
    """The time of all trainings, computed from short ones timed in turns.

    ``measured_alike`` names, for an experiment, another one with the same times of a pattern and a
    pass. ``recorded`` are the experiments with the same fitting in both: the seconds in the records
    of `EARLIER` stand for them on both sides.
    """

    processor: str
    compiled_for: str
    how: str
    experiments: Mapping[str, Sum]
    measured_alike: Mapping[str, str]
    recorded: tuple[str, ...]
    networks_of_replicate_all: Sum
    all_replicates: Sum


class Target(_Part):
    """All measurements of the kernels compiled for one processor."""

    machine: Machine
    lenet5: Headline
    lenet4: Speed
    lenet1: Speed
    perceptron_300: Speed = Field(alias="perceptron-300")
    perceptron_1000: Speed = Field(alias="perceptron-1000")
    perceptron_300_100: Speed = Field(alias="perceptron-300-100")
    perceptron_500_150: Speed = Field(alias="perceptron-500-150")
    distorted: Timed
    modern: Timed
    peers: Mapping[str, Peer]
    curvature_share_of_pass: Spread
    replicates: Replicates
    memory: Memory
    whole: Whole | None = None

    def network(self, name: str) -> Speed:
        """Return the network of the catalogue called ``name``, such as ``perceptron-300``."""
        speed: Speed = getattr(self, name.replace("-", "_"))
        return speed

    def strongest_first(self) -> list[str]:
        """Return the peers, the one nearest to our speed first."""
        return sorted(self.peers, key=lambda name: self.lenet5.times_faster_than(name).median)


class Benchmark(_Part):
    """All of results/bench.json."""

    native: Target
    haswell: Target | None = None

    def targets(self) -> dict[str, Target]:
        """Return the measured targets by name."""
        return {"native": self.native} | ({"haswell": self.haswell} if self.haswell else {})

    def document(self) -> dict[str, Any]:
        """Return the content of the file."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def describe_problem(error: ValidationError) -> str:
    """Return the first problem of a document, in a few words."""
    first = error.errors()[0]
    return f"{'.'.join(str(step) for step in first['loc'])}: {first['msg'].lower()}"


def read(content: object) -> Benchmark:
    """Return the benchmark; raise ReplicationError when the content has another form."""
    try:
        return Benchmark.model_validate(content)
    except ValidationError as error:
        raise ReplicationError(
            f"results/{BENCH.name} is not of the form that this code reads ("
            f"{describe_problem(error)}): "
            f"delete it and run `{BENCH.made_by}`"
        ) from error
