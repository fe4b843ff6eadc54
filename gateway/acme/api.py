"""Acme's API: who am I, notes, projects, pictures."""

import base64
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.acme.chaos import Counters
from gateway.acme.consent import Client
from gateway.acme.grants import SCOPES, Grants
from gateway.acme.notebook import PROJECTS, NewNote, Notebook
from gateway.acme.people import People, Person
from gateway.acme.picture import identicon
from gateway.acme.wire import ApiError, read_basic, read_object

PICTURES = ("logo", "team")
_MOST_PER_PAGE = 100
_MOST_TITLE = 200
_MOST_TEXT = 10_000


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose credential a call bears, and what it may do; `email` is None for the client itself."""

    id: str
    name: str
    email: str | None
    scope: tuple[str, ...]


class Api:
    """The endpoints; all raise `ApiError`."""

    def __init__(
        self, *, client: Client, people: People, grants: Grants, notebook: Notebook, counters: Counters
    ) -> None:
        self._client = client
        self._people = people
        self._grants = grants
        self._notebook = notebook
        self._counters = counters

    async def me(self, request: Request) -> Response:
        """`GET /me`."""
        caller = self._caller(request, "profile")
        kind = "person" if caller.email else "app"
        return JSONResponse({"id": caller.id, "name": caller.name, "email": caller.email, "type": kind})

    async def list_notes(self, request: Request) -> Response:
        """`GET /notes?limit=&cursor=&author=&project=`: newest first, `next_cursor` is null on the last page."""
        self._caller(request, "notes.read")
        query = request.query_params
        limit = _limit(query.get("limit", "20"))
        notes = self._notebook.page(
            before=_before(query.get("cursor")),
            limit=limit + 1,
            author=query.get("author"),
            project=query.get("project"),
        )
        more = _cursor(notes[limit - 1].number) if len(notes) > limit else None
        return JSONResponse({"items": [note.to_wire() for note in notes[:limit]], "next_cursor": more})

    async def create_note(self, request: Request) -> Response:
        """`POST /notes` with title and, optionally, text and project; honours `Idempotency-Key`."""
        caller = self._caller(request, "notes.write")
        content = _new_note(await read_object(request))
        key = request.headers.get("idempotency-key")
        note = self._notebook.earlier(caller.id, key, content) if key else None
        if note is not None:
            self._counters.idempotent_replays += 1
        else:
            note = self._notebook.create(content, author_id=caller.id, author_name=caller.name, key=key)
            self._counters.notes_created += 1
        return JSONResponse(note.to_wire(), 201)

    async def get_note(self, request: Request) -> Response:
        """`GET /notes/{id}`."""
        self._caller(request, "notes.read")
        return JSONResponse(self._notebook.get(request.path_params["id"]).to_wire())

    async def delete_note(self, request: Request) -> Response:
        """`DELETE /notes/{id}`."""
        caller = self._caller(request, "notes.write")
        self._notebook.delete(request.path_params["id"], by=caller.id)
        return Response(status_code=204)

    async def list_projects(self, request: Request) -> Response:
        """`GET /projects`."""
        self._caller(request, "notes.read")
        return JSONResponse({"items": [{"id": key, "name": name} for key, name in PROJECTS.items()]})

    async def picture(self, request: Request) -> Response:
        """`GET /files/{id}`: a PNG."""
        self._caller(request, "files.read")
        name = request.path_params["id"]
        if name not in PICTURES and self._people.find(name) is None:
            raise ApiError(404, "not_found", "There is no such picture")
        return Response(identicon(name), media_type="image/png")

    def _caller(self, request: Request, scope: str) -> Caller:
        """Who is calling and may do this. Raises `ApiError` (400, 401, 403)."""
        try:
            caller = self._authenticate(request)
        except ApiError:
            self._counters.api_refusals += 1
            raise
        self._counters.api_calls[caller.id] += 1
        if scope not in caller.scope:
            challenge = f'Bearer realm="acme", error="insufficient_scope", scope="{scope}"'
            message = f"This needs the scope {scope}"
            raise ApiError(403, "insufficient_scope", message, challenge=challenge, needed=(scope,))
        return caller

    def _authenticate(self, request: Request) -> Caller:
        header, api_key = request.headers.get("authorization"), request.headers.get("x-api-key")
        if header is not None and api_key is not None:
            raise ApiError(400, "ambiguous_credentials", "Send Authorization or X-Api-Key, not both")
        if api_key is not None:
            return _as_caller(self._people.by_api_key(api_key), "The API key is not known")
        scheme, _, credential = (header or "").partition(" ")
        match scheme.lower():
            case "":
                raise _unauthorized("Send a bearer token, an X-Api-Key or basic auth", challenge='Bearer realm="acme"')
            case "bearer":
                return self._bearer(credential.strip())
            case "basic":
                pair = read_basic(credential)
                return _as_caller(pair and self._people.by_password(*pair), "User name or password is wrong")
            case _:
                raise _unauthorized("Authorization has to be Bearer or Basic")

    def _bearer(self, token: str) -> Caller:
        found = self._grants.find(token)
        if found is None:
            raise _unauthorized(
                "The access token is unknown, expired or revoked",
                challenge='Bearer realm="acme", error="invalid_token"',
            )
        person = self._people.find(found.grant.person) if found.grant.person else None
        if person is None:
            return Caller(self._client.id, self._client.name, None, found.scope)
        return Caller(person.id, person.name, person.email, found.scope)


def _as_caller(person: Person | None, otherwise: str) -> Caller:
    """Somebody who signed in without OAuth may do everything. Raises `ApiError` (401)."""
    if person is None:
        raise _unauthorized(otherwise)
    return Caller(person.id, person.name, person.email, tuple(SCOPES))


def _unauthorized(message: str, *, challenge: str = 'Basic realm="acme"') -> ApiError:
    return ApiError(401, "unauthorized", message, challenge=challenge)


def _limit(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 4 or not 1 <= int(text) <= _MOST_PER_PAGE:
        raise ApiError(422, "invalid_limit", f"limit has to be a number from 1 to {_MOST_PER_PAGE}")
    return int(text)


def _cursor(number: int) -> str:
    return base64.urlsafe_b64encode(f"note:{number}".encode()).decode()


def _before(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    try:
        return int(base64.b64decode(cursor, altchars=b"-_", validate=True).removeprefix(b"note:"))
    except ValueError as error:
        raise ApiError(422, "invalid_cursor", "cursor has to be a next_cursor from an earlier answer") from error


def _new_note(body: dict[str, Any]) -> NewNote:
    unknown = body.keys() - {"title", "text", "project"}
    if unknown:
        raise ApiError(422, "unknown_field", "A note has title, text and project, nothing else")
    title = _text(body, "title", least=1, most=_MOST_TITLE)
    text = _text(body, "text", least=0, most=_MOST_TEXT)
    project = body.get("project")
    if project is not None and (not isinstance(project, str) or project not in PROJECTS):
        raise ApiError(422, "unknown_project", "project has to be the id of a project, see GET /projects")
    return NewNote(title, text, project)


def _text(body: dict[str, Any], name: str, *, least: int, most: int) -> str:
    value = body.get(name, "")
    if not isinstance(value, str) or not least <= len(value) <= most:
        raise ApiError(422, f"invalid_{name}", f"{name} has to be a text of {least} to {most} characters")
    return value
