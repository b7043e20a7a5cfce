# The velocities are kept in lists, before they are multiplied by the learning rate; no __call__.
import numpy as np

import batchnorm
import linear


class MLP:
    def __init__(self, input_size, output_size, hiddens, activations, weight_init_fn,
                 bias_init_fn, criterion, lr, momentum=0.0, num_bn_layers=0):
        sizes = [input_size]
        sizes.extend(hiddens)
        sizes.append(output_size)
        self.linear_layers, self.bn_layers = [], None
        for k in range(len(sizes) - 1):
            self.linear_layers.append(
                linear.Linear(sizes[k], sizes[k + 1], weight_init_fn, bias_init_fn)
            )
        if num_bn_layers:
            self.bn_layers = [batchnorm.BatchNorm(sizes[k + 1]) for k in range(num_bn_layers)]
        self.velocities = [
            (np.zeros_like(layer.W), np.zeros_like(layer.b)) for layer in self.linear_layers
        ]
        self.activations, self.criterion = activations, criterion
        self.lr, self.momentum = lr, momentum
        self.train()

    def train(self):
        self.evaluating = False

    def eval(self):
        self.evaluating = True

    def normaliser(self, k):
        if self.bn_layers is not None and k < len(self.bn_layers):
            return self.bn_layers[k]
        return None

    def forward(self, x):
        a = x
        for k in range(len(self.linear_layers)):
            z = self.linear_layers[k](a)
            if self.normaliser(k) is not None:
                z = self.normaliser(k)(z, eval=self.evaluating)
            a = self.activations[k](z)
        self.logits = a
        return a

    def backward(self, labels):
        loss = self.criterion(self.logits, labels)
        slope = self.criterion.derivative()
        k = len(self.linear_layers) - 1
        while k >= 0:
            slope = np.multiply(slope, self.activations[k].derivative())
            if self.normaliser(k) is not None:
                slope = self.normaliser(k).backward(slope)
            slope = self.linear_layers[k].backward(slope)
            k -= 1
        return loss.mean()

    def step(self):
        for k, layer in enumerate(self.linear_layers):
            vW, vb = self.velocities[k]
            vW = self.momentum * vW + layer.dW
            vb = self.momentum * vb + layer.db
            self.velocities[k] = vW, vb
            layer.W -= self.lr * vW
            layer.b -= self.lr * vb
            norm = self.normaliser(k)
            if norm is not None:
                norm.gamma -= self.lr * norm.dgamma
                norm.beta -= self.lr * norm.dbeta

    def zero_grads(self):
        for k, layer in enumerate(self.linear_layers):
            layer.dW *= 0
            layer.db *= 0
            norm = self.normaliser(k)
            if norm is not None:
                norm.dgamma *= 0
                norm.dbeta *= 0
