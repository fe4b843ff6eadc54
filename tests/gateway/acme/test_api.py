import struct
import zlib

import httpx2
import pytest

from gateway.acme import Acme
from gateway.acme.notebook import NewNote, Notebook
from gateway.acme.people import ALICE
from tests.gateway.acme.visitor import HandClock, Visitor, bearer, code_of


async def test_each_way_to_sign_in_leads_to_the_same_person(http: httpx2.AsyncClient, alice: dict[str, str]) -> None:
    expected = {"id": "alice", "name": "Alice Adams", "email": "alice@acme.example", "type": "person"}
    assert (await http.get("/me", headers=alice)).json() == expected
    assert (await http.get("/me", headers={"x-api-key": ALICE.api_key})).json() == expected
    assert (await http.get("/me", auth=(ALICE.id, ALICE.password))).json() == expected


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer acme_at_unknown"},
        {"authorization": "Bearer"},
        {"authorization": "Digest abc"},
        {"authorization": "Basic YWxpY2U6d3Jvbmc="},
        {"authorization": "Basic !!!"},
        {"x-api-key": "acme-key-mallory"},
    ],
)
async def test_without_a_good_credential_nothing_opens(
    http: httpx2.AsyncClient, acme: Acme, headers: dict[str, str]
) -> None:
    refused = await http.get("/me", headers=headers)
    assert (refused.status_code, code_of(refused)) == (401, "unauthorized")
    assert refused.headers["www-authenticate"]
    assert acme.counters.api_refusals == 1


async def test_two_credentials_at_once_are_refused(http: httpx2.AsyncClient, alice: dict[str, str]) -> None:
    refused = await http.get("/me", headers={**alice, "x-api-key": "acme-key-bob"})
    assert (refused.status_code, code_of(refused)) == (400, "ambiguous_credentials")


async def test_a_missing_scope_is_named(http: httpx2.AsyncClient, acme: Acme) -> None:
    reader = bearer(acme.issue_token("alice", scope=["notes.read"])["access_token"])
    assert (await http.get("/notes", headers=reader)).status_code == 200
    refused = await http.post("/notes", headers=reader, json={"title": "Hello"})
    assert (refused.status_code, code_of(refused)) == (403, "insufficient_scope")
    assert refused.json()["error"]["needed"] == ["notes.write"]
    assert 'scope="notes.write"' in refused.headers["www-authenticate"]


async def test_a_note_bears_the_name_of_the_account_that_wrote_it(
    http: httpx2.AsyncClient, acme: Acme, alice: dict[str, str], bob: dict[str, str]
) -> None:
    body = {"title": "Hello", "text": "World", "project": "prj_apollo"}
    created = await http.post("/notes", headers=alice, json=body)
    assert created.status_code == 201
    note = created.json()
    assert note == {
        **body,
        "id": note["id"],
        "author": {"id": "alice", "name": "Alice Adams"},
        "created_at": "2026-11-21T00:00:00.000Z",
    }
    assert (await http.get(f"/notes/{note['id']}", headers=bob)).json() == note
    assert acme.counters.api_calls == {"alice": 1, "bob": 1}
    assert acme.counters.notes_created == 1


async def test_only_the_author_deletes_a_note(
    http: httpx2.AsyncClient, alice: dict[str, str], bob: dict[str, str]
) -> None:
    address = "/notes/" + (await http.post("/notes", headers=alice, json={"title": "Mine"})).json()["id"]
    refused = await http.delete(address, headers=bob)
    assert (refused.status_code, code_of(refused)) == (403, "forbidden")
    assert (await http.delete(address, headers=alice)).status_code == 204
    assert (await http.get(address, headers=alice)).status_code == 404
    assert (await http.delete(address, headers=alice)).status_code == 404


async def test_pages_together_hold_every_note_once_also_while_new_ones_come(
    http: httpx2.AsyncClient, alice: dict[str, str]
) -> None:
    titles = [await write(http, alice, f"Note {number}") for number in range(7)]
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        params = {"limit": "3", **({"cursor": cursor} if cursor else {})}
        page = (await http.get("/notes", headers=alice, params=params)).json()
        seen += [note["title"] for note in page["items"]]
        cursor = page["next_cursor"]
        await write(http, alice, "Late")
    assert seen == titles[::-1]


async def test_a_list_that_ends_with_its_page_has_no_next_cursor(
    http: httpx2.AsyncClient, alice: dict[str, str]
) -> None:
    for number in range(3):
        await write(http, alice, f"Note {number}")
    page = (await http.get("/notes", headers=alice, params={"limit": "3"})).json()
    assert (len(page["items"]), page["next_cursor"]) == (3, None)


async def test_lists_can_be_narrowed(http: httpx2.AsyncClient, alice: dict[str, str], bob: dict[str, str]) -> None:
    await http.post("/notes", headers=alice, json={"title": "A", "project": "prj_apollo"})
    await http.post("/notes", headers=bob, json={"title": "B", "project": "prj_apollo"})
    await http.post("/notes", headers=bob, json={"title": "C"})

    async def titles(**params: str) -> list[str]:
        return [note["title"] for note in (await http.get("/notes", headers=alice, params=params)).json()["items"]]

    assert await titles(author="bob") == ["C", "B"]
    assert await titles(project="prj_apollo") == ["B", "A"]
    assert await titles(author="bob", project="prj_apollo") == ["B"]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"limit": "0"}, "invalid_limit"),
        ({"limit": "101"}, "invalid_limit"),
        ({"limit": "ten"}, "invalid_limit"),
        ({"limit": "²"}, "invalid_limit"),
        ({"cursor": "nonsense"}, "invalid_cursor"),
        ({"cursor": "é"}, "invalid_cursor"),
        ({"cursor": ""}, "invalid_cursor"),
    ],
)
async def test_wrong_list_parameters_are_refused(
    http: httpx2.AsyncClient, alice: dict[str, str], params: dict[str, str], code: str
) -> None:
    refused = await http.get("/notes", headers=alice, params=params)
    assert (refused.status_code, code_of(refused)) == (422, code)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "invalid_json"),
        (b'{"title": "a", "title": "b"}', 400, "invalid_json"),
        (b"[]", 422, "invalid_body"),
        (b"{}", 422, "invalid_title"),
        (b'{"title": 7}', 422, "invalid_title"),
        (b'{"title": "' + b"x" * 201 + b'"}', 422, "invalid_title"),
        (b'{"title": "a", "text": null}', 422, "invalid_text"),
        (b'{"title": "a", "project": "prj_unknown"}', 422, "unknown_project"),
        (b'{"title": "a", "project": []}', 422, "unknown_project"),
        (b'{"title": "a", "color": "red"}', 422, "unknown_field"),
        (b'{"title": "' + b"x" * 70_000 + b'"}', 413, "too_large"),
    ],
)
async def test_a_wrong_note_is_refused_and_not_kept(
    http: httpx2.AsyncClient, acme: Acme, alice: dict[str, str], body: bytes, status: int, code: str
) -> None:
    refused = await http.post("/notes", headers=alice, content=body)
    assert (refused.status_code, code_of(refused)) == (status, code)
    assert acme.counters.notes_created == 0


async def test_an_idempotency_key_makes_a_note_once(
    http: httpx2.AsyncClient, acme: Acme, alice: dict[str, str]
) -> None:
    headers = {**alice, "idempotency-key": "k1"}
    first = await http.post("/notes", headers=headers, json={"title": "Once"})
    again = await http.post("/notes", headers=headers, json={"title": "Once"})
    assert first.json() == again.json()
    assert (acme.counters.notes_created, acme.counters.idempotent_replays) == (1, 1)
    other = await http.post("/notes", headers=headers, json={"title": "Other"})
    assert (other.status_code, code_of(other)) == (409, "idempotency_conflict")


async def test_idempotency_keys_of_two_people_do_not_meet(
    http: httpx2.AsyncClient, alice: dict[str, str], bob: dict[str, str]
) -> None:
    mine = await http.post("/notes", headers={**alice, "idempotency-key": "k"}, json={"title": "T"})
    theirs = await http.post("/notes", headers={**bob, "idempotency-key": "k"}, json={"title": "T"})
    assert mine.json()["id"] != theirs.json()["id"]


def test_the_newest_thousand_notes_are_kept(clock: HandClock) -> None:
    numbers = iter(range(2_000))
    notebook = Notebook(clock, lambda prefix: f"{prefix}{next(numbers)}")
    for _ in range(1_001):
        notebook.create(NewNote("T", "", None), author_id="alice", author_name="Alice", key=None)
    kept = notebook.page(before=None, limit=5_000, author=None, project=None)
    assert (len(kept), kept[-1].id) == (1_000, "note_1")


async def test_projects_can_be_looked_up(http: httpx2.AsyncClient, alice: dict[str, str]) -> None:
    answer = (await http.get("/projects", headers=alice)).json()
    assert answer["items"][0] == {"id": "prj_apollo", "name": "Apollo"}


@pytest.mark.parametrize("name", ["logo", "team", "alice"])
async def test_pictures_are_png_files(http: httpx2.AsyncClient, alice: dict[str, str], name: str) -> None:
    answer = await http.get(f"/files/{name}", headers=alice)
    assert answer.headers["content-type"] == "image/png"
    assert decoded_size(answer.content) == (80, 80)


async def test_pictures_differ_by_name(http: httpx2.AsyncClient, alice: dict[str, str]) -> None:
    logo, team = [await http.get(f"/files/{name}", headers=alice) for name in ("logo", "team")]
    assert logo.content != team.content
    assert (await http.get("/files/other", headers=alice)).status_code == 404


async def test_unknown_addresses_and_methods_answer_in_the_same_form(http: httpx2.AsyncClient) -> None:
    unknown, method = await http.get("/nothing"), await http.put("/me")
    assert (unknown.status_code, code_of(unknown)) == (404, "not_found")
    assert (method.status_code, code_of(method)) == (405, "method_not_allowed")


async def test_an_expired_token_is_refused(visitor: Visitor, clock: HandClock) -> None:
    tokens = await visitor.sign_in()
    clock.advance(3599)
    assert (await visitor.me(tokens["access_token"])).status_code == 200
    clock.advance(1)
    refused = await visitor.me(tokens["access_token"])
    assert refused.status_code == 401
    assert 'error="invalid_token"' in refused.headers["www-authenticate"]


async def write(http: httpx2.AsyncClient, headers: dict[str, str], title: str) -> str:
    return (await http.post("/notes", headers=headers, json={"title": title})).json()["title"]


def decoded_size(png: bytes) -> tuple[int, int]:
    """Take a PNG apart, checking every checksum and that there are as many pixels as promised."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    chunks: dict[bytes, bytes] = {}
    rest = png[8:]
    while rest:
        (length,) = struct.unpack(">I", rest[:4])
        kind, body = rest[4:8], rest[8 : 8 + length]
        assert struct.unpack(">I", rest[8 + length : 12 + length]) == (zlib.crc32(kind + body),)
        chunks[kind], rest = body, rest[12 + length :]
    width, height = struct.unpack(">II", chunks[b"IHDR"][:8])
    assert len(zlib.decompress(chunks[b"IDAT"])) == height * (width + 1)
    return width, height
