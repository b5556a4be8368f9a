"""Gradient-Based Learning Applied to Document Recognition (1998), replicated.

    data/raw --prepare--> data/prepared --train--> results/runs --evaluate--> results/metrics.json
      --compare (with data/paper)--> results/verdicts.csv --report--> results/report/index.html
                                     '--audit--> results/audit.csv

Imports run downwards only: the contract in pyproject.toml says in which order.
"""
