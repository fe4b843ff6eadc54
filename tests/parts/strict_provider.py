"""A strict OAuth provider on this machine: npm's oidc-provider, and the test's hands on it."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.parts.node import Node
from tests.parts.ports import free_port

MANIFEST = Path(__file__).with_name("strict_provider.yaml")
ADDRESS = "https://id.strict.example"
CLIENT_ID, CLIENT_SECRET = "toolgate-strict", "strict-secret-for-tests"
_LAUNCHER = Path(__file__).parents[1] / "node" / "strict_provider.mjs"


@dataclass(frozen=True, slots=True)
class Books:
    """What happened at the provider since it began."""

    codes: int
    """Authorization codes that were redeemed."""
    refreshes: int
    refreshes_refused: int
    revocations: int
    served: dict[str, int]
    """API calls that were answered, by whose account."""
    refused: int
    """API calls without a token that lives."""


class StrictProvider:
    """The provider; anybody can sign in there, under any name."""

    def __init__(self, process: "subprocess.Popen[str]", url: str) -> None:
        self.url = url
        self._process = process

    @property
    def url_map(self) -> dict[str, str]:
        """The `urls` setting that leads the integration here."""
        return {ADDRESS: self.url}

    @property
    def app(self) -> dict[str, str]:
        """The settings of our app there."""
        return {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}

    def register_redirect_uri(self, uri: str) -> None:
        """Let people be sent back to `uri`; exact comparison."""
        self.tell("redirect", uri=uri)

    def set_lifetime(self, seconds: int) -> None:
        """New access tokens live this long."""
        self.tell("lifetime", seconds=seconds)

    def revoke(self, person: str) -> None:
        """End every grant of this person, as they would in the provider's settings."""
        self.tell("revoke", person=person)

    def wait_for_revocation(self) -> None:
        """Wait until one grant has been revoked by its client."""
        self.tell("revocation")

    def books(self) -> Books:
        """Return the books as they are now."""
        told = self.tell("books")
        refused = told["refreshesRefused"]
        return Books(
            told["codes"], told["refreshes"], refused, told["revocations"], dict(told["served"]), told["refused"]
        )

    def tell(self, command: str, **what: Any) -> Any:
        """Have the program do something; returns its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"command": command, **what}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the strict provider has ended; its error stands above"
        return json.loads(line)


@pytest.fixture
def strict_provider(node: Node) -> Iterator[StrictProvider]:
    """A fresh provider at which nobody has signed in."""
    port = free_port()
    command = [str(node.binary), str(_LAUNCHER)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=node.environment) as process:
        provider = StrictProvider(process, f"http://127.0.0.1:{port}")
        provider.tell("start", port=port, clientId=CLIENT_ID, clientSecret=CLIENT_SECRET)
        yield provider
        assert process.stdin is not None
        process.stdin.close()
