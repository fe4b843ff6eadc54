"""Claims about the demo's browser: it reads pages as browsers do, and sends what they would send."""

from urllib.parse import parse_qs

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from gateway.demo.visitor import NoSuchButton, Visitor, read

PAGE = """<!doctype html><title>Not read</title><style>p { color: red }</style>
<h1>Who <em>are</em> you?</h1><p>Tea &amp; cake</p> <a href="../other?x=1">Other</a>
<form method="post" action="/sent">
<input type="hidden" name="state" value="a&amp;b"><input name="note"><input type="radio" name="who" value="bob">
<input type="radio" name="who" value="alice" checked><input type="checkbox" name="off">
<button name="decision" value="yes">Let it <b>in</b></button><button>Never mind</button>
</form>"""


def test_a_page_is_read_as_a_person_reads_it() -> None:
    page = read("http://x.example/a/b", 200, PAGE)
    assert page.heading == "Who are you?"
    assert page.text.startswith("Who are you? Tea & cake")
    assert page.links == {"Other": "http://x.example/other?x=1"}
    assert page.forms[0].fields == {"state": "a&b", "note": "", "who": "alice"}


async def shown(_request: Request) -> Response:
    return HTMLResponse(PAGE, headers={"Set-Cookie": "seen=1; Path=/"})


async def sent(request: Request) -> Response:
    form = parse_qs((await request.body()).decode(), keep_blank_values=True)
    held = " ".join(f"{name}={','.join(values)}" for name, values in sorted(form.items()))
    request.app.state.held = f"{request.cookies} {held}"
    return RedirectResponse("/leaving", status_code=303)


async def leaving(_request: Request) -> Response:
    return HTMLResponse('<meta http-equiv="refresh" content="0;url=/end"><h1>One moment</h1>')


async def end(request: Request) -> Response:
    return HTMLResponse(f"<h1>{request.app.state.held}</h1>")


async def test_pressing_a_button_sends_the_form_and_follows_to_the_end() -> None:
    routes = [Route("/", shown), Route("/sent", sent, methods=["POST"]), Route("/leaving", leaving), Route("/end", end)]
    transport = httpx2.ASGITransport(Starlette(routes=routes))
    async with httpx2.AsyncClient(transport=transport) as client:
        visitor = Visitor(client)
        page = await visitor.open("http://x.example/")
        ended = await visitor.press(page, "Let it in", note="hello")
        assert ended.heading == "{'seen': '1'} decision=yes note=hello state=a&b who=alice"
        assert ended.address == "http://x.example/end"
        with pytest.raises(NoSuchButton, match="Who are you"):
            await visitor.press(page, "Elsewhere")
