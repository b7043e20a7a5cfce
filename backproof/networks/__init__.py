"""Whole networks, one to a file: which operations they are composed of, and in torch."""
