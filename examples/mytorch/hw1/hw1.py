import numpy as np

from batchnorm import BatchNorm
from linear import Linear


class MLP:
    """Linear layers, each followed by its activation; batch norm in between on the first ones."""

    def __init__(
        self,
        input_size,
        output_size,
        hiddens,
        activations,
        weight_init_fn,
        bias_init_fn,
        criterion,
        lr,
        momentum=0.0,
        num_bn_layers=0,
    ):
        self.train_mode = True
        self.activations = activations
        self.criterion = criterion
        self.lr = lr
        self.momentum = momentum

        widths = [input_size, *hiddens, output_size]
        self.linear_layers = [
            Linear(before, after, weight_init_fn, bias_init_fn)
            for before, after in zip(widths, widths[1:])
        ]
        self.bn_layers = [BatchNorm(width) for width in widths[1 : num_bn_layers + 1]]

    def __call__(self, x):
        return self.forward(x)

    def train(self):
        self.train_mode = True

    def eval(self):
        self.train_mode = False

    def forward(self, x):
        for n, (linear, activation) in enumerate(zip(self.linear_layers, self.activations)):
            x = linear(x)
            if n < len(self.bn_layers):
                x = self.bn_layers[n](x, eval=not self.train_mode)
            x = activation(x)
        self.output = x
        return x

    def zero_grads(self):
        for linear in self.linear_layers:
            linear.dW.fill(0)
            linear.db.fill(0)
        for bn in self.bn_layers:
            bn.dgamma.fill(0)
            bn.dbeta.fill(0)

    def backward(self, labels):
        self.total_loss(labels)
        delta = self.criterion.derivative()
        for n in reversed(range(len(self.linear_layers))):
            delta = delta * self.activations[n].derivative()
            if n < len(self.bn_layers):
                delta = self.bn_layers[n].backward(delta)
            delta = self.linear_layers[n].backward(delta)

    def step(self):
        for linear in self.linear_layers:
            # What is left of the last step, and a step down the slope.
            linear.momentum_W = self.momentum * linear.momentum_W - self.lr * linear.dW
            linear.momentum_b = self.momentum * linear.momentum_b - self.lr * linear.db
            linear.W += linear.momentum_W
            linear.b += linear.momentum_b
        for bn in self.bn_layers:
            bn.gamma -= self.lr * bn.dgamma
            bn.beta -= self.lr * bn.dbeta

    def total_loss(self, labels):
        return self.criterion(self.output, labels).sum()

    def error(self, labels):
        return np.count_nonzero(self.output.argmax(axis=1) != labels.argmax(axis=1))
