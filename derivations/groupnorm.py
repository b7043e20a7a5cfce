"""Group normalisation: each sample over groups of channels and all pixels (CS231n, assignment 2).

002's formulas for layer normalisation (Q3.2 a), with a sum over a group's channels, height and
width in place of that over the features, and gamma and beta for each channel. A channel has two
indices, its group and its place among the group's members: so the number of groups is a size
like any other, and the formulas hold for every one.
"""

from sympy import sqrt

from derivations.notation import ClosedForm, Derivation, array, axes, let, parameter, total

batch, groups, members, height, width = axes("batch groups members height width")
n = batch.index("n")
g = groups.index("g")
m, k = members.indices("m k")
i, a = height.indices("i a")
j, b = width.indices("j b")
size = members.size * height.size * width.size
eps = parameter("eps")

# Small ones, no axis always 1: at every size the proof is general, and this check exact but slow.
CHECKED = tuple(
    dict(zip(("batch", "groups", "members", "height", "width"), sizes, strict=True))
    for sizes in ((1, 1, 1, 1, 1), (2, 1, 2, 1, 3), (1, 2, 1, 3, 2))
)


def derive() -> Derivation:
    """The primal, and the gradients of x, gamma and beta."""
    x = array("x", batch, groups, members, height, width)
    gamma = array("gamma", groups, members)
    beta = array("beta", groups, members)
    dy = array("dy", batch, groups, members, height, width)
    here, there = (n, g, m, i, j), (n, g, k, a, b)

    mean = let("mean", (n, g), total(x[there], k, a, b) / size)
    centred = let("centred", here, x[here] - mean[n, g])
    variance = let("variance", (n, g), total(centred[there] ** 2, k, a, b) / size)
    deviation = let("deviation", (n, g), sqrt(variance[n, g] + eps))
    x_hat = let("x_hat", here, centred[here] / deviation[n, g])
    y = let("y", here, gamma[g, m] * x_hat[here] + beta[g, m])

    scale = let("scale", (n, g, m), gamma[g, m] / deviation[n, g])
    folded = x[here] * scale[n, g, m] + (beta[g, m] - mean[n, g] * scale[n, g, m])
    dx_hat = let("dx_hat", here, dy[here] * gamma[g, m])
    sum_dx_hat = total(dx_hat[there], k, a, b)
    mean_dx_hat = let("mean_dx_hat", (n, g), sum_dx_hat / size)
    mean_dx_hat_x_hat = let(
        "mean_dx_hat_x_hat", (n, g), total(dx_hat[there] * x_hat[there], k, a, b) / size
    )
    along = total(dx_hat[there] * centred[there], k, a, b)
    dvariance = let("dvariance", (n, g), -along / deviation[n, g] ** 3 / 2)
    dmean = let("dmean", (n, g), -sum_dx_hat / deviation[n, g])
    left = dx_hat[here] - mean_dx_hat[n, g] - x_hat[here] * mean_dx_hat_x_hat[n, g]
    chain = (
        dx_hat[here] / deviation[n, g]
        + dvariance[n, g] * 2 * centred[here] / size
        + dmean[n, g] / size
    )
    return Derivation(
        name="groupnorm",
        inputs=(x, gamma, beta),
        primal=(y,),
        values=(
            ClosedForm("y", here, y.body, "CS231n, assignment 2"),
            ClosedForm("y", here, folded, "CS231n, assignment 2", "folded"),
        ),
        definitions=(
            mean,
            centred,
            variance,
            deviation,
            x_hat,
            scale,
            dx_hat,
            mean_dx_hat,
            mean_dx_hat_x_hat,
            dvariance,
            dmean,
        ),
        gradients=(
            ClosedForm("x", here, left / deviation[n, g], "002, Q3.2 a, over groups"),
            ClosedForm(
                "x", here, chain, "002, Q3.2 a eq. 2-6, over groups", "chain over variance and mean"
            ),
            ClosedForm(
                "gamma", (g, m), total(dy[here] * x_hat[here], n, i, j), "002, Q3.2 a, over groups"
            ),
            ClosedForm("beta", (g, m), total(dy[here], n, i, j), "002, Q3.2 a, over groups"),
        ),
        sources=("CS231n, assignment 2", "002, Q3.2 a"),
        check_sizes=CHECKED,
    )
