"""Trainable codes under equations 8 and 9: Section II-C, p. 9.

Under equation 8 all codes fall together, says the paper, and under equation 9 they do not.
"""

from replication.files import Document

COMMAND = "python -m replication collapse"
OUTCOMES = Document("collapse.json", COMMAND)
