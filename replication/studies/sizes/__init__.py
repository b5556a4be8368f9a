"""Figure 6, p. 11: how the errors fall with the number of training patterns.

Its experiments are ordinary ones; ``compare.training_sizes`` in params.yaml says which they are.
"""
