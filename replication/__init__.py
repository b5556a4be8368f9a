"""Gradient-Based Learning Applied to Document Recognition (1998), replicated.

    data/raw --prepare--> data/prepared --train--> results/runs --evaluate--> results/metrics.json
      --compare (with data/paper)--> results/verdicts.csv --report--> results/report/index.html
                                     '--audit--> results/audit.csv

Imports run downwards only:

    __main__       the command line
    stages/        prepare train evaluate compare audit report: a pure function and a thin main
    report/        charts and the page
    comparison/    statistics, verdicts, readings: published against replicated
    evaluation/    errors and rejection: answers in, tables out
    systems/       one module a classifier: fit, answers, cost; the replicates of an experiment
    learning/      criteria, Appendix C, the compiled kernels, one replicate's training
    networks/      a network as a table of layers; the torch reference
    mnist/         the file format, the three databases, distortions
    paper          data/paper, typed
    settings       params.yaml, typed and checked
    artifacts      every file that crosses a stage border
    sources        which files a module really uses
    errors         the one exception users see
"""
