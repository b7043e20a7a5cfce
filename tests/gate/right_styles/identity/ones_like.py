import numpy as np


class Identity:
    def __call__(self, x):
        return self.forward(x)

    def forward(self, x):
        self.state = np.array(x)
        return self.state

    def derivative(self):
        return np.ones_like(self.state)
