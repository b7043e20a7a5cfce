"""The perceptron that documents 000 and 001 differentiate: a single sample, x_tilde = W x + b.

What its layers compute is what the catalog's operations compute, for one sample and in the
documents' letters. A loss above a hidden layer is any: its derivative there is an array.
"""

from collections.abc import Mapping

import sympy as sp

from derivations import cross_entropy, leaky_relu, linear, relu, softmax
from derivations.claims import setting
from derivations.notation import Array, Axis, Definition, array, axes, let, partial, total
from derivations.tensor import Tensor, tensor

classes, width, width_below = axes("d_N d_l d_{l-1}")
i, j, k = classes.indices("i j k")
row, column = width.indices("i j")
below = width_below.index("k")


def of_one_sample(
    definition: Definition, name: str, letters: Mapping[str, str], along: Mapping[Axis, Axis]
) -> Definition:
    """What an operation of the catalog computes, without the batch, in other letters.

    Parameters
    ----------
    definition
        What the operation computes.
    name
        What the documents call it.
    letters
        What the documents call the arrays that it is made of.
    along
        The documents' axes for the operation's.
    """
    sample = Axis("batch").index("s")
    sizes = {theirs.size: ours.size for theirs, ours in along.items()}

    def entry(indexed: sp.Indexed) -> sp.Expr:
        at = (index for index in indexed.indices if index != sample)
        return sp.IndexedBase(letters[indexed.base.name])[tuple(at)]

    body = definition.body.replace(lambda e: isinstance(e, sp.Indexed), entry)
    free = (index.xreplace(sizes) for index in definition.indices if index != sample)
    return let(name, tuple(free), body.xreplace(sizes))


def derivative(of: Definition, by: Array | Definition) -> Tensor:
    """The axes of what is differentiated, then those of what by; of a number, a row."""
    above, beneath = tensor(of), tensor(by)
    return Tensor(
        (*above.shape, *beneath.shape),
        lambda *at: partial(of[at[: above.rank]], by[at[above.rank :]]),
        column=None if above.rank else False,
    )


# The last layer, softmax, and the cross-entropy with a target.
logits, target = array("x_tilde", classes), array("t", classes)
probabilities = of_one_sample(
    softmax.derive().output, "x", {"x": "x_tilde"}, {softmax.classes: classes}
)
loss = of_one_sample(
    cross_entropy.derive().definitions[0],
    "L",
    {"probabilities": "x", "targets": "t"},
    {cross_entropy.classes: classes},
)
last_layer = setting(logits, target, definitions=(probabilities, loss))

# A hidden layer's activation, and a loss above it.
hidden, dx = array("x_tilde", width), array("dx", width)
rectified = of_one_sample(relu.derive().output, "x", {"x": "x_tilde"}, {relu.features: width})
leaky = of_one_sample(
    leaky_relu.derive().output, "x", {"x": "x_tilde"}, {leaky_relu.features: width}
)
loss_above = let("L", (), total(dx[row] * rectified[row], row))
activation = setting(hidden, dx, definitions=(rectified, loss_above))
leaky_activation = setting(hidden, dx, definitions=(leaky, loss_above))
slope = leaky_relu.slope

# An affine layer, and a loss above it.
weight, bias = array("W", width, width_below), array("b", width)
x, dx_tilde = array("x", width_below), array("dx_tilde", width)
affine = of_one_sample(
    linear.derive("W x + b").output,
    "x_tilde",
    {"x": "x", "weight": "W", "bias": "b"},
    {linear.outputs: width, linear.inputs: width_below},
)
loss_of_affine = let("L", (), total(dx_tilde[row] * affine[row], row))
affine_layer = setting(weight, bias, x, dx_tilde, definitions=(affine, loss_of_affine))
