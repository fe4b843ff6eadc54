"""Imports a document in a process of its own: `python -m tests.integrations.openapi.measured_import FILE NAME`.

Prints JSON: the manifest, what was left out, and what it took.
"""

import json
import sys
import time
from pathlib import Path

from integrations.openapi.document import read_document
from integrations.openapi.importing import Named, Wanted, import_document
from tests.parts.memory import peak_megabytes


def main() -> None:
    """Measure from the document's bytes to a valid manifest, the memory of the whole process."""
    content = Path(sys.argv[1]).read_bytes()
    started = time.perf_counter()
    found = import_document(read_document(content), Named(name=sys.argv[2]), Wanted())
    taken = {"seconds": time.perf_counter() - started, "megabytes": peak_megabytes()}
    print(json.dumps({"manifest": found.manifest, "left_out": found.left_out, "tokens": found.tokens, **taken}))


if __name__ == "__main__":
    main()
