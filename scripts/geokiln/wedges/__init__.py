"""Combinations of hyperparameters: made, named, ranked."""
