"""What is replicated: networks, engine, MNIST, the systems of the comparison, settings and runs."""
