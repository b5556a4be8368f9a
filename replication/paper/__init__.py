"""What the paper publishes, typed: the files of ``data/paper``, checked as they are read.

Every published value used by the code comes from here, none is a literal elsewhere.
"""

from replication.paper.claims import CONTRADICTIONS, RESTORE, Claim, Contradiction, Role, Statement
from replication.paper.codes import FIRST_CHARACTER, Codes
from replication.paper.document import Paper, load

__all__ = [
    "CONTRADICTIONS",
    "FIRST_CHARACTER",
    "RESTORE",
    "Claim",
    "Codes",
    "Contradiction",
    "Paper",
    "Role",
    "Statement",
    "load",
]
