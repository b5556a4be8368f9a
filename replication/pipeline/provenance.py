"""provenance: where every result comes from."""

import click

from replication.extras import provenance
from replication.folders import Folders


@click.command()
def command() -> None:
    """Write the command, commit, data, processor, packages and time of every result."""
    print(provenance.write(Folders.below()))
