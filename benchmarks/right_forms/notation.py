"""What every form takes and returns."""

from collections.abc import Callable

import numpy as np

Array = np.ndarray
Answer = tuple[Array | tuple[Array, ...], dict[str, Array]]
Form = Callable[..., Answer]
