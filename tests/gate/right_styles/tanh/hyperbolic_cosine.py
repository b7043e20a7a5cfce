import numpy as np


class Tanh:
    """The slope is 1 / cosh(x)^2, from the input."""

    def __call__(self, x):
        return self.forward(x)

    def forward(self, x):
        self.x = x
        self.state = np.tanh(x)
        return self.state

    def derivative(self):
        return np.cosh(self.x) ** -2
