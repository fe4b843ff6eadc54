"""After the story: the call of an agent of whoever watches waits for them, until they connect in their own browser."""

from typing import Any

from gateway.acme import Person
from gateway.demo.agent import call_and_wait, connected_agent, text_of
from gateway.demo.backend import Backend
from gateway.demo.narrator import Narrator
from gateway.demo.stage import Stage
from gateway.demo.story import NOTE, WRITE_NOTE, Provisioned, issue_token, register
from gateway.web.mailbox import PATH as MAILBOX

_YOU = Person("you", "You", "you@northwind.example")


async def await_visitor(stage: Stage, narrator: Narrator, made: Provisioned) -> None:
    """Have a call wait for the person at the terminal, again and again, and tell when it went through."""
    backend = Backend(stage.http, stage.url, {"Authorization": f"Bearer {made.api_key}"})
    await register(backend, made.workspace_id, _YOU)
    token = await issue_token(backend, made.server_id, _YOU)
    known: set[str] = set()

    def show(link: str) -> None:
        if link not in known:
            known.add(link)
            _invite(narrator, link, mailbox=f"{stage.url}{MAILBOX}")

    async with connected_agent(stage.http, made.endpoint, token) as agent:
        while True:
            result = await call_and_wait(agent, WRITE_NOTE, NOTE, on_link=show)
            details: dict[str, Any] = result.structured_content or {}
            # Nobody came in time: the agent tries again, as agents do.
            if not result.is_error or details.get("status") != "connection_required":
                break
    narrator.blank()
    if result.is_error:
        narrator.say(f"Your agent's call failed: {text_of(result)}")
        return
    author = stage.acme.app.notebook.get(str(details.get("id"))).author_id
    narrator.say(f"Your agent's call went on by itself: Acme says that {author} wrote the note.")


def _invite(narrator: Narrator, link: str, *, mailbox: str) -> None:
    narrator.heading("Your turn")
    narrator.say(
        "An agent of yours is writing a note at this moment. You have no account connected, so its call waits for you. "
        "Open the link and have the code sent; at Acme you may be Alice or Bob."
    )
    narrator.facts({"open": link, "your mail": mailbox})
