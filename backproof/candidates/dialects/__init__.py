"""The courses' interfaces, by the name that ``--dialect`` takes."""

from collections.abc import Mapping
from types import MappingProxyType

from backproof.candidates.dialects.cs231n import CS231N
from backproof.candidates.dialects.dialect import Dialect
from backproof.candidates.dialects.hlcv import HLCV
from backproof.candidates.dialects.mytorch import MYTORCH
from backproof.candidates.dialects.uva import UVA

DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {dialect.name: dialect for dialect in (MYTORCH, UVA, HLCV, CS231N)}
)
