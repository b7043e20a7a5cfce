"""Fresh examples are always the same: the tests of this room draw them once for all."""

from __future__ import annotations

from typing import Any

import pytest

from backproof.diagnosis import Fresh
from backproof.inputs.examples import Course, Draw

DRAWN: dict[tuple[Any, ...], list[Draw]] = {}


@pytest.fixture(autouse=True)
def drawn_once(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Remember every round that is drawn, except where the drawing itself is tested."""
    if request.path.stem == "test_evidence":
        return
    draw = Fresh.draw

    def remembered(self: Fresh, course: Course, number: int) -> list[Draw]:
        operation = self.aspect.examination.operation
        key = operation.name, repr(course), self.aspect.name, number
        if key not in DRAWN:
            DRAWN[key] = draw(self, course, number)
        return DRAWN[key]

    monkeypatch.setattr(Fresh, "draw", remembered)
