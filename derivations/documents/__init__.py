"""The equations of the five course documents, as they are written there.

Nothing is mended on the way in: a verdict is of what stands in the document. Notation that is loose
but can be read in one way only is read in that way.
"""

from derivations.documents import document_000, document_004

DOCUMENTS = {"000": document_000.CLAIMS, "004": document_004.CLAIMS}
"""The claims of each document, in its order."""
