"""How many replicates are trained at the same time."""

import pytest

from replication.core import settings
from replication.core.systems import parallel
from replication.core.systems.parallel import count_workers
from replication.machine import cores, memory

GB = 10**9


def train(repository, workers):
    stated = settings.load(repository / "params.yaml").train
    return type(stated).model_validate({**stated.model_dump(), "workers": workers})


@pytest.mark.parametrize(
    ("processors", "there", "needs", "expected"),
    [
        (8, 64 * GB, [GB] * 100, 8),  # every core
        (8, 4 * GB, [GB] * 100, 3),  # three quarters of the memory
        (8, 4 * GB, [GB // 2, 2 * GB, GB // 2, GB // 2], 3),  # the largest three meet
        (8, 4 * GB, [2 * GB, 2 * GB], 1),
        (8, GB, [2 * GB], 1),  # never none
        (2, 64 * GB, [GB], 2),
        (8, None, [GB] * 100, 8),  # a system that does not say how much there is
    ],
)
def test_auto_is_one_a_core_as_many_as_memory_holds(
    repository, monkeypatch, processors, there, needs, expected
):
    monkeypatch.setattr(parallel, "cores", lambda: processors)
    monkeypatch.setattr(parallel, "memory", lambda: there)
    assert count_workers(train(repository, "auto"), needs) == expected
    assert count_workers(train(repository, "auto"), reversed(needs)) == expected
    assert count_workers(train(repository, 5), needs) == 5


def test_the_default_is_auto(repository):
    assert settings.load(repository / "params.yaml").train.workers == "auto"


def test_this_machine_has_a_core_and_memory():
    assert cores() >= 1
    there = memory()
    assert there is None or there > GB // 4
