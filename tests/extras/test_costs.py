"""What a long command costs is written when it ends, the interrupted beginnings with it."""

import json
import subprocess
import sys

import numpy as np
import pytest

from replication.extras.costs import COSTS, measure
from replication.folders import Folders


def spend(seconds, timeout=None):
    subprocess.run(
        [sys.executable, "-c", f"import time\nwhile time.process_time() < {seconds}: pass"],
        check=True,
        timeout=timeout,
    )


def test_cpu_seconds_are_those_of_the_children_too_and_interruptions_add_up(tmp_path):
    folders = Folders.below(tmp_path)
    with pytest.raises(subprocess.TimeoutExpired), measure(folders, "replicate"):
        spend(30.0, timeout=1.5)
    assert not COSTS.exists(folders.results)
    with measure(folders, "replicate"):
        spend(1.0)
    cost = COSTS.read(folders.results)["replicate"]
    assert cost["runs"] == 2
    assert cost["cpu_seconds"] >= 1
    assert cost["wall_seconds"] >= 2
    assert not list((folders.checkpoints / "costs").iterdir())


def test_the_peak_of_memory_is_seen_and_other_commands_stay(tmp_path):
    folders = Folders.below(tmp_path)
    COSTS.write(folders.results, {"studies": {"runs": 1}})
    with measure(folders, "replicate"):
        held = np.ones(50 * 2**20 // 8)
    del held
    costs = json.loads((folders.results / COSTS.name).read_text())
    assert costs["studies"] == {"runs": 1}
    assert costs["replicate"]["peak_mebibytes"] >= 50
