"""What the paper publishes, typed: the files of ``data/paper``, checked as they are read.

Every published value used by the code comes from here, none is a literal elsewhere.
"""

from replication.paper.choices import Choice as Choice
from replication.paper.choices import Status as Status
from replication.paper.choices import format_value as format_value
from replication.paper.claims import CONTRADICTIONS as CONTRADICTIONS
from replication.paper.claims import RESTORE as RESTORE
from replication.paper.claims import Claim as Claim
from replication.paper.claims import Contradiction as Contradiction
from replication.paper.claims import Role as Role
from replication.paper.claims import Statement as Statement
from replication.paper.codes import FIRST_CHARACTER as FIRST_CHARACTER
from replication.paper.codes import Codes as Codes
from replication.paper.document import Paper as Paper
from replication.paper.document import load as load
