import numpy as np


class ReLU:
    """(x + |x|) / 2 has no branch, and its sign is the slope."""

    def __call__(self, x):
        return self.forward(x)

    def forward(self, x):
        self.state = (x + np.abs(x)) / 2
        return self.state

    def derivative(self):
        return np.sign(self.state)
