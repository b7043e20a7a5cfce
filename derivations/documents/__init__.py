"""The equations of the five course documents, as they are written there.

Nothing is mended on the way in: a verdict is of what stands in the document. Notation that is loose
but can be read in one way only is read in that way.
"""

from collections.abc import Mapping

from derivations.claims import AnyClaim
from derivations.documents import (
    document_000,
    document_001,
    document_002,
    document_003,
    document_004,
)

DOCUMENTS: Mapping[str, tuple[AnyClaim, ...]] = {
    "000": document_000.CLAIMS,
    "001": document_001.CLAIMS,
    "002": document_002.CLAIMS,
    "003": document_003.CLAIMS,
    "004": document_004.CLAIMS,
}
"""The claims of each document, in its order."""
