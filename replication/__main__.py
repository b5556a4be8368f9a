"""``python -m replication``, without the console script."""

import sys

from replication.errors import not_installed

if __name__ == "__main__":
    try:
        from replication.pipeline.cli import main
    except ModuleNotFoundError as error:
        print(not_installed(error), file=sys.stderr)
        sys.exit(2)
    sys.exit(main())
