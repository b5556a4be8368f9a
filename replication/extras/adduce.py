"""The map from claims to commands, in the form that the auditor `adduce` reads.

It names the trained experiments: what `codecheck.yml` says by file, this says by number.
"""

from collections.abc import Mapping
from typing import Any

CLAIMS_MAP = ".adduce/manifest.yaml"  # JSON, which is YAML
_ERROR = "test_error_percent"


def claims_map(metrics: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the map of the experiments in metrics.json; seeds are the numbers of replicates."""
    return {
        "schema": "adduce/1",
        "paper": {"file": "results/article/article.pdf"},
        "environment": {
            "lockfile": "requirements.lock",
            "container": "Dockerfile",
            "hardware": "results/runs/*/*/timing.json and the processor in record.json",
        },
        "datasets": [
            {
                "id": "MNIST",
                "source": "data/raw, as published at http://yann.lecun.com/exdb/mnist/",
                "license": "none stated by its authors: data/raw/README.md",
            }
        ],
        "claims": [
            {
                "id": experiment,
                "text": f"mean test error of {experiment}, in percent",
                "metric": f"{experiment}.{_ERROR}.mean",
                "value": entry[_ERROR]["mean"],
                "seeds": list(range(entry["replicates"])),
                "produced_by": {
                    "command": f"python -m replication train {experiment} && dvc repro evaluate",
                    "config": "params.yaml",
                    "data": "data/raw/train-images-idx3-ubyte.gz",
                    "log": "results/metrics.json",
                },
                "status": "confirmed",
            }
            for experiment, entry in metrics.items()
        ],
        "smoke": {"command": "make quick", "max_runtime_minutes": 10},
    }
