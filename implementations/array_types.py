"""The two kinds of array in the signatures: real numbers and class indices.

jaxtyping's own ``Float`` leaves out long double, the precision that tells an unstable program from
a wrong one. NumPy calls that type ``longdouble`` since 2.0, ``float128`` or ``float96`` before.
"""

from typing import TYPE_CHECKING

from jaxtyping import AbstractDtype

if TYPE_CHECKING:
    # What jaxtyping does for its own dtypes: a type checker reads Floating[np.ndarray, "…"] as
    # np.ndarray.
    from typing import Annotated as Floating
    from typing import Annotated as Index
else:

    class Floating(AbstractDtype):
        """Real numbers in single, double or the platform's long double precision."""

        dtypes = ("float32", "float64", "longdouble", "float128", "float96")

    class Index(AbstractDtype):
        """Integers that number the classes from 0."""

        dtypes = (
            *("int8", "int16", "int32", "int64", "intc", "longlong"),
            *("uint8", "uint16", "uint32", "uint64", "uintc", "ulonglong"),
        )


__all__ = ["Floating", "Index"]
