"""A model whose leakage is known: its grammar, its training, and its true leak rates."""
