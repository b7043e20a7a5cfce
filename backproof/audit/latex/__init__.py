"""Equations in LaTeX: read, written, and what they mean in index notation."""
