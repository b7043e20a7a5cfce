import numpy as np


class BatchNorm1d:
    def __init__(self, num_features, alpha=0.9):
        self.alpha = alpha
        self.eps = 1e-8

        self.BW = np.ones((1, num_features))
        self.Bb = np.zeros((1, num_features))
        self.dLdBW = np.zeros((1, num_features))
        self.dLdBb = np.zeros((1, num_features))

        self.running_M = np.zeros((1, num_features))
        self.running_V = np.ones((1, num_features))

    def forward(self, Z, eval=False):
        if eval:
            NZ = (Z - self.running_M) / np.sqrt(self.running_V + self.eps)
            return NZ * self.BW + self.Bb

        M = Z.mean(axis=0, keepdims=True)
        V = Z.var(axis=0, keepdims=True)
        self.S = np.sqrt(V + self.eps)
        self.NZ = (Z - M) / self.S

        self.running_M = (1 - self.alpha) * self.running_M + self.alpha * M
        self.running_V = (1 - self.alpha) * self.running_V + self.alpha * V
        return self.NZ * self.BW + self.Bb

    def backward(self, dLdBZ):
        self.dLdBb = dLdBZ.sum(axis=0, keepdims=True)
        self.dLdBW = (dLdBZ * self.NZ).sum(axis=0, keepdims=True)

        dLdNZ = dLdBZ * self.BW
        return (dLdNZ - dLdNZ.mean(axis=0, keepdims=True)) / self.S
