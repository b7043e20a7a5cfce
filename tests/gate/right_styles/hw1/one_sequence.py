# One list of whatever comes one after the other; gradients are made anew instead of filled.
import numpy as np

from batchnorm import BatchNorm
from linear import Linear


class MLP(object):
    def __init__(self, input_size, output_size, hiddens, activations, weight_init_fn,
                 bias_init_fn, criterion, lr, momentum=0.0, num_bn_layers=0):
        self.train_mode = True
        self.num_bn_layers = num_bn_layers
        self.bn = num_bn_layers > 0
        self.nlayers = len(hiddens) + 1
        self.activations = activations
        self.criterion = criterion
        self.lr = lr
        self.momentum = momentum
        ins, outs = [input_size] + hiddens, hiddens + [output_size]
        self.linear_layers = [
            Linear(i, o, weight_init_fn, bias_init_fn) for i, o in zip(ins, outs)
        ]
        if self.bn:
            self.bn_layers = [BatchNorm(n) for n in outs[:num_bn_layers]]
        self.sequence = []
        for k in range(self.nlayers):
            self.sequence.append(self.linear_layers[k])
            if k < num_bn_layers:
                self.sequence.append(self.bn_layers[k])
            self.sequence.append(activations[k])

    def forward(self, x):
        for part in self.sequence:
            if isinstance(part, BatchNorm):
                x = part.forward(x, not self.train_mode)
            else:
                x = part.forward(x)
        self.output = x
        return self.output

    def zero_grads(self):
        for layer in self.linear_layers:
            layer.dW = np.zeros(layer.W.shape)
            layer.db = np.zeros(layer.b.shape)
        if self.bn:
            for layer in self.bn_layers:
                layer.dgamma = np.zeros(layer.gamma.shape)
                layer.dbeta = np.zeros(layer.beta.shape)

    def step(self):
        for layer in self.linear_layers:
            layer.momentum_W = self.momentum * layer.momentum_W - self.lr * layer.dW
            layer.momentum_b = self.momentum * layer.momentum_b - self.lr * layer.db
            layer.W = layer.W + layer.momentum_W
            layer.b = layer.b + layer.momentum_b
        if self.bn:
            for layer in self.bn_layers:
                layer.gamma = layer.gamma - self.lr * layer.dgamma
                layer.beta = layer.beta - self.lr * layer.dbeta

    def backward(self, labels):
        self.criterion.forward(self.output, labels)
        delta = self.criterion.derivative()
        for part in self.sequence[::-1]:
            if hasattr(part, "derivative"):
                delta = delta * part.derivative()
            else:
                delta = part.backward(delta)
        return delta

    def __call__(self, x):
        return self.forward(x)

    def train(self):
        self.train_mode = True

    def eval(self):
        self.train_mode = False
