"""What stands behind each action: `python -m tests.integrations.catalog.proofs` writes it down, with the pages.

Each entry is a test that runs the action: the story of an emulator, the call of an official client, or a description
of the API that the provider has published.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from gateway.commands.integration_pages import write_pages
from integrations.catalog import Catalog
from integrations.standing import RECORD, Kind, standings
from tests.integrations.catalog.documents import DOCUMENTS
from tests.integrations.catalog.emulated import github, gmail, google_calendar, google_drive, slack
from tests.integrations.catalog.official_call import Official
from tests.integrations.catalog.officials import OFFICIALS
from tests.integrations.catalog.schemas import SCHEMAS

ROOT: Final = Path(__file__).parents[3]
PAGES: Final = ROOT / "docs" / "integrations"
_NODE: Final[Mapping[str, str]] = json.loads((ROOT / "tests" / "node" / "package.json").read_text())["dependencies"]
_EMULATED: Final = {
    "slack": slack.STEPS,
    "github": github.STEPS,
    "gmail": gmail.STEPS,
    "google-calendar": google_calendar.STEPS,
    "google-drive": google_drive.STEPS,
}


@dataclass(frozen=True)
class Proof:
    """One action, and who else agrees with it."""

    integration: str
    action: str
    kind: Kind
    by: str


def proofs() -> Iterator[Proof]:
    """Yield every proof; an action may have several, the strongest first."""
    for integration, steps in _EMULATED.items():
        for action in dict.fromkeys(step.action for step in steps):
            yield Proof(integration, action, "emulated", f"emulate {_NODE['emulate']}")
    for official in OFFICIALS:
        for action in official.calls:
            kind = "sdk" if official.is_providers_own else "client"
            yield Proof(official.integration, action, kind, _package(official))
    for described in (*DOCUMENTS, *SCHEMAS):
        for action in described.calls:
            yield Proof(described.integration, action, "spec", f"{described.package} {_NODE[described.package]}")


def record() -> str:
    """Return the record as it ships: JSON, one line an action."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for proof in proofs():
        of_integration = found.setdefault(proof.integration, {})
        of_integration.setdefault(proof.action, {"standing": proof.kind, "by": proof.by})
    members = (
        f"  {json.dumps(name)}: {{\n"
        + ",\n".join(f"    {json.dumps(action)}: {json.dumps(entry)}" for action, entry in sorted(actions.items()))
        + "\n  }"
        for name, actions in sorted(found.items())
    )
    return "{\n" + ",\n".join(members) + "\n}\n"


def _package(official: Official) -> str:
    node = official.connect is None
    return f"{official.package} {_NODE[official.package] if node else version(official.package)}"


def main() -> None:
    """Write the record and the pages; say how many actions have which standing."""
    RECORD.write_text(record())
    write_pages(PAGES)
    counted = Counter(standing.kind for each in Catalog() for standing in standings(each).values())
    print(", ".join(f"{count} {kind}" for kind, count in sorted(counted.items())))


if __name__ == "__main__":
    main()
