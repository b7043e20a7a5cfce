import math

import numpy as np


def one(value):
    if value < 0:
        return math.exp(value) / (1 + math.exp(value))
    return 1 / (1 + math.exp(-value))


class Sigmoid:
    """A function of one number, made into one of arrays."""

    function = staticmethod(np.vectorize(one, otypes=[float]))

    def __call__(self, x):
        self.state = self.function(x)
        return self.state

    def forward(self, x):
        return self(x)

    def derivative(self):
        return self.state - np.square(self.state)
