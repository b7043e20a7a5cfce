"""Carnegie Mellon 11-785, homework 1 part 1: a file of declarations for each of its interfaces."""

from backproof.candidates.dialects import mytorch_2021, mytorch_2022, mytorch_2025
from backproof.candidates.dialects.dialect import Dialect

MYTORCH = Dialect(
    name="mytorch",
    editions=(mytorch_2025.EDITION, mytorch_2022.EDITION, mytorch_2021.EDITION),
)
