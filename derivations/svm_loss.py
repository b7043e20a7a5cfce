"""The multiclass hinge loss (CS231n, assignment 1): max(0, s_j - s_y + Delta) over wrong classes.

Where a score stands exactly at the margin there is no derivative; either side's may be taken.
"""

from derivations.notation import (
    Case,
    ClosedForm,
    Derivation,
    Positive,
    array,
    axes,
    delta,
    let,
    parameter,
    total,
)
from derivations.reduction import reduced

batch, classes = axes("batch classes")
s = batch.index("s")
j, k = classes.indices("j k")
margin = parameter("margin", positive=True)


def derive(reduction: str = "mean", *, at_margin: bool = False) -> Derivation:
    """The violations of the margin, summed over the wrong classes and reduced, and their gradient.

    Each wrong class that violates the margin pulls its score down and the true class's up; with
    `at_margin` one that stands exactly at it does, too.
    """
    x = array("scores", batch, classes)
    y = array("targets", batch, index_into=classes, differentiable=False)
    violation = let("violation", (s, k), x[s, k] - x[s, y[s]] + margin)
    above = Positive(violation[s, k])
    wrong = 1 - delta(y[s], k)
    every = let("every", (s, k), Case(above, violation[s, k], 0))
    hinge = let("hinge", (s, k), wrong * every[s, k])
    counts = 1 - Positive(-violation[s, k]) if at_margin else above
    active = let("active", (s, k), wrong * counts)
    per_sample = let("per_sample", (s,), total(hinge[s, k], k))
    loss, weight = reduced(per_sample, reduction)
    # Left among the others, the true class violates its margin by just the margin.
    left_in = let("left_in", (s,), total(every[s, k], k) - margin)
    bodies = {"compact": loss.body, "true class left in": reduced(left_in, reduction)[0].body}
    if not loss.indices:
        # The hand-out's loops keep one running total over samples and classes.
        size = batch.size if reduction == "mean" else 1
        bodies["one total"] = total(hinge[s, k], s, k) / size
        whole = total(every[s, k], s, k) - batch.size * margin
        bodies["one total, true class left in"] = whole / size
    return Derivation(
        name="svm_loss",
        inputs=(x, y),
        primal=(loss,),
        definitions=(violation, every, hinge, active, per_sample, left_in),
        values=tuple(
            ClosedForm("loss", loss.indices, body, "CS231n, assignment 1", form)
            for form, body in bodies.items()
        ),
        gradients=(
            ClosedForm(
                "scores",
                (s, j),
                weight * (active[s, j] - delta(y[s], j) * total(active[s, k], k)),
                "CS231n, assignment 1",
            ),
        ),
        sources=("CS231n, assignment 1",),
    )
