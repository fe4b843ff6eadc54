"""The notes that everybody at Acme reads and only their authors delete."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from gateway.acme.wire import ApiError
from gateway.kit.clock import Clock, to_wire

PROJECTS = {"prj_apollo": "Apollo", "prj_gemini": "Gemini", "prj_mercury": "Mercury"}
"""Project names by id."""

_MOST_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class NewNote:
    """What somebody wants to write down."""

    title: str
    text: str
    project: str | None


@dataclass(frozen=True, slots=True)
class Note:
    """A note; `number` grows with each one and is what lists are sorted and cut by."""

    id: str
    number: int
    content: NewNote
    author_id: str
    author_name: str
    created_at: datetime

    def to_wire(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "id": self.id,
            "title": self.content.title,
            "text": self.content.text,
            "project": self.content.project,
            "author": {"id": self.author_id, "name": self.author_name},
            "created_at": to_wire(self.created_at),
        }


@dataclass(slots=True)
class Notebook:
    """The newest thousand notes, and the idempotency keys they were made with."""

    clock: Clock
    new_id: Callable[[str], str]
    _notes: OrderedDict[str, Note] = field(default_factory=OrderedDict[str, Note])
    _keys: OrderedDict[tuple[str, str], Note] = field(default_factory=OrderedDict[tuple[str, str], Note])
    _last_number: int = 0

    def page(self, *, before: int | None, limit: int, author: str | None, project: str | None) -> list[Note]:
        """Up to `limit` notes, newest first, that are older than number `before`."""
        found = (
            note
            for note in reversed(self._notes.values())
            if (before is None or note.number < before)
            and author in (None, note.author_id)
            and project in (None, note.content.project)
        )
        return list(islice(found, limit))

    def get(self, note_id: str) -> Note:
        """The note. Raises `ApiError` (404)."""
        note = self._notes.get(note_id)
        if note is None:
            raise ApiError(404, "not_found", "There is no such note")
        return note

    def earlier(self, author_id: str, key: str, content: NewNote) -> Note | None:
        """What this author made with this idempotency key. Raises `ApiError` (409) if it had other content."""
        note = self._keys.get((author_id, key))
        if note is not None and note.content != content:
            raise ApiError(409, "idempotency_conflict", "This Idempotency-Key was used for another note")
        return note

    def create(self, content: NewNote, *, author_id: str, author_name: str, key: str | None) -> Note:
        """Write a note down; `key` is remembered for `earlier`."""
        self._last_number += 1
        note = Note(self.new_id("note_"), self._last_number, content, author_id, author_name, self.clock())
        self._notes[note.id] = note
        if len(self._notes) > _MOST_KEPT:
            self._notes.popitem(last=False)
        if key is not None:
            self._keys[author_id, key] = note
            if len(self._keys) > _MOST_KEPT:
                self._keys.popitem(last=False)
        return note

    def delete(self, note_id: str, *, by: str) -> None:
        """Delete a note. Raises `ApiError`: 404, or 403 for anybody but the author."""
        if self.get(note_id).author_id != by:
            raise ApiError(403, "forbidden", "Only its author can delete a note")
        del self._notes[note_id]
