from dataclasses import dataclass, field
from typing import Callable, Optional

import numpy as np


@dataclass
class Linear:
    in_feature: int
    out_feature: int
    weight_init_fn: Callable
    bias_init_fn: Callable
    W: np.ndarray = field(init=False)
    b: np.ndarray = field(init=False)
    dW: Optional[np.ndarray] = field(init=False, default=None)
    db: Optional[np.ndarray] = field(init=False, default=None)
    cache: Optional[np.ndarray] = field(init=False, default=None, repr=False)

    def __post_init__(self):
        self.W = self.weight_init_fn(self.in_feature, self.out_feature)
        self.b = self.bias_init_fn(self.out_feature)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return self.forward(x)

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.cache = x
        return x.dot(self.W) + self.b

    def backward(self, delta: np.ndarray) -> np.ndarray:
        batch, _ = delta.shape
        self.dW = self.cache.T.dot(delta) / batch
        self.db = delta.mean(axis=0)[None]
        return delta.dot(self.W.T)
