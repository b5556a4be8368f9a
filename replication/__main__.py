"""The command line: ``python -m replication <command>``."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

from replication.errors import ReplicationError

COMMANDS = {
    "replicate": ("replication.stages.replicate", "run the whole pipeline anew and compare"),
    "fetch": ("replication.stages.fetch", "download missing or damaged raw files"),
    "prepare": ("replication.stages.prepare", "raw MNIST to the prepared databases"),
    "train": ("replication.stages.train", "train the replicates of one experiment"),
    "evaluate": ("replication.stages.evaluate", "answers to errors and rejections"),
    "compare": ("replication.stages.compare", "a verdict on every published claim"),
    "audit": ("replication.stages.audit", "every setting beside the paper's"),
    "report": ("replication.stages.report", "the page results/report/index.html"),
    "verify": ("replication.stages.verify", "are the committed outputs what the code gives?"),
    "predict": ("replication.stages.predict", "classify your own digits"),
    "bench": ("replication.bench", "how fast, against what, how far from the machine's peak"),
    "readings": ("replication.stages.readings", "which reading of the paper fits its figures?"),
    "collapse": ("replication.stages.collapse", "trainable codes under equations 8 and 9"),
    "invariance": ("replication.stages.invariance", "digits changed until they are missed"),
    "neighbours": ("replication.stages.neighbours", "why K-NN's published error is another"),
    "variance": ("replication.stages.variance", "whose share of the spread is whose"),
    "distortions": ("replication.comparison.distortion_fit", "fit the distortions of Figure 7"),
}


def usage() -> str:
    """One line a command."""
    lines = [f"  {name:<12}{text}" for name, (_, text) in COMMANDS.items()]
    return "usage: python -m replication <command> [options]\n\n" + "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 when all went well, 2 with one sentence when something is to be mended."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] in ("-h", "--help"):
        print(usage())
        return 0 if arguments else 2
    if arguments[0] not in COMMANDS:
        print(f"replication: there is no command '{arguments[0]}'\n\n{usage()}", file=sys.stderr)
        return 2
    # Imported when wanted: most commands need neither torch nor Numba.
    module = importlib.import_module(COMMANDS[arguments[0]][0])
    try:
        return module.main(arguments[1:]) or 0
    except ReplicationError as error:
        print(f"replication: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(
            "replication: interrupted; whole passes are kept, and the same command goes on "
            "from there",
            file=sys.stderr,
        )
        return 130


if __name__ == "__main__":
    sys.exit(main())
