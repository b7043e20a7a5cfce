"""Two answers in the notation of derivations/, for those who would rather write Python.

The second forgets the sum over the samples. Judge them with `backproof audit examples/keys/key.py`.
"""

from derivations.claims import Claim, setting
from derivations.notation import array, axes, let, partial, total
from derivations.tensor import Tensor, tensor

samples, inputs, outputs = axes("samples inputs outputs")
s, i, k = samples.index("s"), outputs.index("i"), inputs.index("k")

x, weight = array("x", samples, inputs), array("weight", outputs, inputs)
bias, dy = array("bias", outputs), array("dy", samples, outputs)
y = let("y", (s, i), total(x[s, k] * weight[i, k], k) + bias[i])
loss = let("loss", (), total(dy[s, i] * y[s, i], s, i))
within = setting(x, weight, bias, dy, definitions=(y, loss))

by_weight = Tensor((outputs.size, inputs.size), lambda a, b: partial(loss[()], weight[a, b]))

CLAIMS = (
    Claim("dW", "dW = dY^T X", by_weight, tensor(dy).T @ tensor(x), within, "linear"),
    Claim("db", "db_i = dY_{si}", partial(loss[()], bias[i]), dy[s, i], within, "linear"),
)
