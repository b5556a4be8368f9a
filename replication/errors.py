"""The exceptions that users see."""


class ReplicationError(Exception):
    """Something a user can mend; the command line prints it and exits with status 2.

    The message is one sentence that says what is wrong, where, and how to mend it.
    """


def not_installed(error: ModuleNotFoundError) -> str:
    """Return what to say where a package is missing, as without the environment."""
    return (
        f"replication: the package {error.name} is not installed for this Python: run "
        "`make install` in the repository, then `source .venv/bin/activate`"
    )


class Diverged(ReplicationError):
    """A training whose values are no longer finite."""
