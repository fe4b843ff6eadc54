"""What to paste into real MCP clients, while the demo goes on serving."""

import json
from typing import Any

from gateway.demo.narrator import Narrator
from gateway.demo.story import Provisioned

_NAME = "toolgate-demo"
_HOSTED_GUIDE = "docs/public-address.md"


def show_client_setup(narrator: Narrator, made: Provisioned) -> None:
    """Show how to go on: over REST, with a client on this machine, with a hosted one."""
    narrator.heading("Now it is yours: the gateway goes on serving until you press Ctrl-C")
    narrator.facts(
        {
            "API page": f"{made.url}/docs",
            "API key": made.api_key,
            "workspace": made.workspace_id,
            "MCP endpoint": made.endpoint,
            "Alice's token": made.alices_token,
        }
    )
    narrator.heading("Clients on this machine")
    for title, text in (
        ("Claude Code:", claude_code(made)),
        ("Cursor, in ~/.cursor/mcp.json (or .cursor/mcp.json of a project):", json.dumps(cursor(made), indent=2)),
        ("VS Code, in .vscode/mcp.json:", json.dumps(vs_code(made), indent=2)),
    ):
        narrator.say(title)
        narrator.paste(text)
        narrator.blank()
    narrator.say('Then ask, for example: "Write a note in Acme that we meet on Friday, and show me all notes."')
    narrator.heading("Hosted clients (claude.ai, ChatGPT)")
    narrator.say(
        "They call from outside, so they need a public https address instead of this one: "
        f"{_HOSTED_GUIDE} shows how. The address is all that they are given: people sign in."
    )


def claude_code(made: Provisioned) -> str:
    """Return the command; options that take several values come last, or they would take in the address."""
    return f'claude mcp add --transport http {_NAME} {made.endpoint} --header "{_AUTHORIZATION}: {_bearer(made)}"'


def cursor(made: Provisioned) -> dict[str, Any]:
    """Return the configuration file."""
    return {"mcpServers": {_NAME: {"url": made.endpoint, "headers": {_AUTHORIZATION: _bearer(made)}}}}


def vs_code(made: Provisioned) -> dict[str, Any]:
    """Return the configuration file."""
    server = {"type": "http", "url": made.endpoint, "headers": {_AUTHORIZATION: _bearer(made)}}
    return {"servers": {_NAME: server}}


_AUTHORIZATION = "Authorization"


def _bearer(made: Provisioned) -> str:
    return f"Bearer {made.alices_token}"
