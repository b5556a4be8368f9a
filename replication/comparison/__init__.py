"""1998 beside ours: what is printed, errors, verdicts, the audit, what figures are made with."""
