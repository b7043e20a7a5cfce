"""Shapes and values of the examples: the only room that knows Hypothesis."""
