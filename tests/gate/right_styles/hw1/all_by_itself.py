# The layers only hold their parameters: the network computes everything, and gradients add up
# until they are zeroed.
import numpy as np

from batchnorm import BatchNorm
from linear import Linear


class MLP:
    def __init__(self, input_size, output_size, hiddens, activations, weight_init_fn,
                 bias_init_fn, criterion, lr, momentum=0.0, num_bn_layers=0):
        self.train_mode, self.activations, self.criterion = True, activations, criterion
        self.lr, self.momentum = lr, momentum
        self.linear_layers = []
        self.bn_layers = []
        before = input_size
        for after in list(hiddens) + [output_size]:
            self.linear_layers.append(Linear(before, after, weight_init_fn, bias_init_fn))
            if len(self.bn_layers) < num_bn_layers:
                self.bn_layers.append(BatchNorm(after))
            before = after

    def __call__(self, x):
        return self.forward(x)

    def train(self):
        self.train_mode = True

    def eval(self):
        self.train_mode = False

    def forward(self, x):
        self.inputs, self.norms = [], []
        for n, layer in enumerate(self.linear_layers):
            self.inputs.append(x)
            x = np.einsum("bi,io->bo", x, layer.W) + layer.b
            if n < len(self.bn_layers):
                x = self.normalise(self.bn_layers[n], x)
            x = self.activations[n].forward(x)
        self.output = x
        return x

    def normalise(self, bn, x):
        if not self.train_mode:
            return bn.gamma * (x - bn.running_mean) / np.sqrt(bn.running_var + bn.eps) + bn.beta
        mean = np.mean(x, axis=0, keepdims=True)
        var = np.mean((x - mean) ** 2, axis=0, keepdims=True)
        bn.running_mean = bn.alpha * bn.running_mean + (1 - bn.alpha) * mean
        bn.running_var = bn.alpha * bn.running_var + (1 - bn.alpha) * var
        std = np.sqrt(var + bn.eps)
        norm = (x - mean) / std
        self.norms.append((norm, std))
        return bn.gamma * norm + bn.beta

    def zero_grads(self):
        for layer in self.linear_layers:
            layer.dW.fill(0.0)
            layer.db.fill(0.0)
        for layer in self.bn_layers:
            layer.dgamma.fill(0.0)
            layer.dbeta.fill(0.0)

    def backward(self, labels):
        self.criterion(self.output, labels)
        delta = self.criterion.derivative()
        for n in range(len(self.linear_layers) - 1, -1, -1):
            layer = self.linear_layers[n]
            delta = delta * self.activations[n].derivative()
            if n < len(self.bn_layers):
                bn, (norm, std) = self.bn_layers[n], self.norms[n]
                bn.dgamma += np.sum(delta * norm, axis=0, keepdims=True)
                bn.dbeta += np.sum(delta, axis=0, keepdims=True)
                delta = delta * bn.gamma
                along = norm * np.mean(delta * norm, axis=0, keepdims=True)
                delta = (delta - np.mean(delta, axis=0, keepdims=True) - along) / std
            layer.dW += np.einsum("bi,bo->io", self.inputs[n], delta) / len(delta)
            layer.db += np.mean(delta, axis=0, keepdims=True)
            delta = np.einsum("bo,io->bi", delta, layer.W)

    def step(self):
        for layer in self.linear_layers:
            for name in ("W", "b"):
                velocity = getattr(layer, "momentum_" + name)
                velocity *= self.momentum
                velocity -= self.lr * getattr(layer, "d" + name)
                parameter = getattr(layer, name)
                parameter += velocity
        for layer in self.bn_layers:
            layer.gamma -= self.lr * layer.dgamma
            layer.beta -= self.lr * layer.dbeta
