"""Layer normalisation over the features of each row (002, Q3.2 a)."""

from sympy import sqrt

from derivations.notation import (
    ClosedForm,
    Derivation,
    Jacobian,
    array,
    axes,
    delta,
    let,
    parameter,
    total,
)

batch, features = axes("batch features")
s, r = batch.indices("s r")
i, j, k = features.indices("i j k")
eps = parameter("eps")


def derive(affine: str = "gamma, beta") -> Derivation:
    """The primal, the gradients of gamma, beta and x, and the Jacobian of x_hat.

    Parameters
    ----------
    affine
        ``"gamma, beta"``, or ``"none"`` for the normalisation alone.
    """
    x = array("x", batch, features)
    gamma = array("gamma", features)
    beta = array("beta", features)
    dy = array("dy", batch, features)
    has_affine = affine != "none"
    size = features.size

    mean = let("mean", (s,), total(x[s, k], k) / size)
    centred = let("centred", (s, j), x[s, j] - mean[s])
    variance = let("variance", (s,), total(centred[s, k] ** 2, k) / size)
    deviation = let("deviation", (s,), sqrt(variance[s] + eps))
    x_hat = let("x_hat", (s, j), centred[s, j] / deviation[s])
    y = let("y", (s, j), gamma[j] * x_hat[s, j] + beta[j] if has_affine else x_hat[s, j])

    dx_hat = let("dx_hat", (s, j), dy[s, j] * gamma[j] if has_affine else dy[s, j])
    mean_dx_hat = let("mean_dx_hat", (s,), total(dx_hat[s, k], k) / size)
    mean_dx_hat_x_hat = let("mean_dx_hat_x_hat", (s,), total(dx_hat[s, k] * x_hat[s, k], k) / size)
    dvariance = let(
        "dvariance", (s,), -total(dx_hat[s, k] * centred[s, k], k) / deviation[s] ** 3 / 2
    )
    dmean = let("dmean", (s,), -total(dx_hat[s, k], k) / deviation[s])

    x_forms = (
        ClosedForm(
            "x",
            (s, j),
            (dx_hat[s, j] - mean_dx_hat[s] - x_hat[s, j] * mean_dx_hat_x_hat[s]) / deviation[s],
            "002, Q3.2 a",
        ),
        ClosedForm(
            "x",
            (s, j),
            dx_hat[s, j] / deviation[s] + dvariance[s] * 2 * centred[s, j] / size + dmean[s] / size,
            "002, Q3.2 a eq. 2-6",
            "chain over variance and mean",
        ),
    )
    affine_forms = (
        ClosedForm("gamma", (j,), total(dy[s, j] * x_hat[s, j], s), "002, Q3.2 a"),
        ClosedForm("beta", (j,), total(dy[s, j], s), "002, Q3.2 a"),
    )
    return Derivation(
        name="layernorm",
        inputs=(x, gamma, beta) if has_affine else (x,),
        primal=(y,),
        definitions=(
            mean,
            centred,
            variance,
            deviation,
            x_hat,
            dx_hat,
            mean_dx_hat,
            mean_dx_hat_x_hat,
            dvariance,
            dmean,
        ),
        gradients=(*x_forms, *(affine_forms if has_affine else ())),
        jacobians=(
            Jacobian(
                x_hat[s, j],
                x[r, i],
                delta(r, s) / deviation[s] * (delta(i, j) - (1 + x_hat[s, j] * x_hat[s, i]) / size),
                "002, Q3.2 a eq. 1",
            ),
        ),
        sources=("002, Q3.2 a",),
    )
