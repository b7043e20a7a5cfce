import math

import numpy as np

# NumPy has no error function; SciPy's would do, where it is installed.
erfc = np.vectorize(math.erfc, otypes=[float])


class Identity:
    def forward(self, Z):
        self.A = Z
        return self.A

    def backward(self, dLdA):
        return dLdA


class Sigmoid:
    def forward(self, Z):
        # exp(-|Z|) never overflows; each sign gets the form that divides by at least 1.
        e = np.exp(-np.abs(Z))
        self.A = np.where(Z >= 0, 1, e) / (1 + e)
        return self.A

    def backward(self, dLdA):
        return dLdA * self.A * (1 - self.A)


class Tanh:
    def forward(self, Z):
        self.A = np.tanh(Z)
        return self.A

    def backward(self, dLdA):
        return dLdA * (1 - self.A**2)


class ReLU:
    def forward(self, Z):
        self.positive = Z > 0
        return np.where(self.positive, Z, 0)

    def backward(self, dLdA):
        return np.where(self.positive, dLdA, 0)


class GELU:
    def forward(self, Z):
        self.Z = Z
        # (1 + erf(Z / sqrt 2)) / 2, without the difference of nearly equal numbers far below 0.
        self.cdf = erfc(-Z / math.sqrt(2)).astype(Z.dtype) / 2
        return Z * self.cdf

    def backward(self, dLdA):
        pdf = np.exp(-(self.Z**2) / 2) / math.sqrt(2 * math.pi)
        return dLdA * (self.cdf + self.Z * pdf)


class Softmax:
    def forward(self, Z):
        exponentials = np.exp(Z - Z.max(axis=1, keepdims=True))
        self.A = exponentials / exponentials.sum(axis=1, keepdims=True)
        return self.A

    def backward(self, dLdA):
        dLdZ = np.empty_like(dLdA)
        for row, (a, slope) in enumerate(zip(self.A, dLdA)):
            jacobian = np.diag(a) - np.outer(a, a)
            dLdZ[row] = jacobian @ slope
        return dLdZ
