"""1998 beside ours: the paper as data, errors, verdicts, the audit, the basis of all figures."""
