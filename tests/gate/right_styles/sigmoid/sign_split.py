import numpy as np


class Sigmoid:
    def __call__(self, x):
        return self.forward(x)

    def forward(self, x):
        out = np.empty(x.shape)
        positive = x >= 0
        out[positive] = 1 / (1 + np.exp(-x[positive]))
        grown = np.exp(x[~positive])
        out[~positive] = grown / (1 + grown)
        self.state = out
        return out

    def derivative(self):
        return self.state * (1 - self.state)
