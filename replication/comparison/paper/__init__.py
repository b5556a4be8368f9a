"""What the paper publishes, typed: the files of ``data/paper``, checked as they are read.

Every published value used by the code comes from here, none is a literal elsewhere.
"""

from replication.comparison.paper.choices import Choice as Choice
from replication.comparison.paper.choices import Status as Status
from replication.comparison.paper.choices import format_value as format_value
from replication.comparison.paper.claims import CONTRADICTIONS as CONTRADICTIONS
from replication.comparison.paper.claims import Claim as Claim
from replication.comparison.paper.claims import Contradiction as Contradiction
from replication.comparison.paper.claims import Role as Role
from replication.comparison.paper.claims import Statement as Statement
from replication.comparison.paper.document import Paper as Paper
from replication.comparison.paper.document import load as load
