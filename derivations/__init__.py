"""Closed forms of the five course documents, in SymPy, and the proofs that they are derivatives.

One operation per file: primal, closed forms, sources. `notation` is the language they are written
in, `proof` proves them for every size with `differentiation` and `normal_form`, `exact` checks each
proof at explicit sizes.
"""
