"""The one exception users see."""


class ReplicationError(Exception):
    """Something a user can mend.

    The message is one sentence that says what is wrong, where, and how to mend it; the command
    line prints it without a traceback and exits with status 2.
    """


class Diverged(ReplicationError):
    """A training whose values are no longer finite."""
