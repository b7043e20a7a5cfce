from dataclasses import dataclass

import numpy as np


@dataclass
class Tanh:
    state: np.ndarray = None

    def __call__(self, x):
        return self.forward(x)

    def forward(self, x):
        self.state = np.tanh(x)
        self.slope = np.ones_like(self.state) - np.power(self.state, 2)
        return self.state

    def derivative(self):
        return self.slope
