from modules import ELUModule, LinearModule, SoftMaxModule


class MLP:
    """Linear layers with an ELU after each but the last, whose scores become probabilities."""

    def __init__(self, n_inputs, n_hidden, n_classes):
        widths = [n_inputs, *n_hidden]
        self.layers = []
        for before, after in zip(widths, widths[1:]):
            linear = LinearModule(before, after, input_layer=not self.layers)
            self.layers += [linear, ELUModule(alpha=1.0)]
        self.layers.append(LinearModule(widths[-1], n_classes, input_layer=not self.layers))
        self.softmax = SoftMaxModule()

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return self.softmax.forward(x)

    def backward(self, dout):
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return dout

    def clear_cache(self):
        for layer in self.layers:
            layer.clear_cache()
