"""A cache that is exact: an entry is gone the moment something it was made of has changed.

Every entry names its topics, such as ("mcp_server", id). `drop(topic)` removes all entries of a topic; an entry whose
loading was under way when one of its topics was dropped is handed to its caller but not kept.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

import anyio

Topic: TypeAlias = tuple[str, str]
Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@dataclass(slots=True)
class _Entry(Generic[Value]):
    value: Value
    topics: tuple[Topic, ...]


class ExactCache(Generic[Key, Value]):
    """Maps keys to values loaded on demand; the least recently used entry goes when `capacity` is reached."""

    def __init__(self, *, capacity: int) -> None:
        self._capacity = capacity
        self._entries: OrderedDict[Key, _Entry[Value]] = OrderedDict()
        self._keys_by_topic: dict[Topic, set[Key]] = {}
        self._loading: dict[Key, anyio.Lock] = {}
        self._dropped_while_loading: list[set[Topic]] = []

    def peek(self, key: Key) -> Value | None:
        """Return the value if it is here, loading nothing."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry.value

    async def get(
        self, key: Key, load: Callable[[], Awaitable[Value]], topics: Callable[[Value], Iterable[Topic]]
    ) -> Value:
        """Return the value for `key`, loading it once however many ask; what `load` raises is not kept."""
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
            return entry.value
        lock = self._loading.setdefault(key, anyio.Lock())
        try:
            async with lock:
                entry = self._entries.get(key)
                return entry.value if entry is not None else await self._load(key, load, topics)
        finally:
            if lock.statistics().tasks_waiting == 0 and not lock.statistics().locked:
                self._loading.pop(key, None)

    def drop(self, topic: Topic) -> None:
        """Forget everything that was made of `topic`."""
        for dropped in self._dropped_while_loading:
            dropped.add(topic)
        for key in list(self._keys_by_topic.get(topic, ())):
            self._forget(key)

    def clear(self) -> None:
        """Forget everything; loads under way keep nothing either."""
        for dropped in self._dropped_while_loading:
            dropped.add(_EVERYTHING)
        self._entries.clear()
        self._keys_by_topic.clear()

    def __len__(self) -> int:
        return len(self._entries)

    async def _load(
        self, key: Key, load: Callable[[], Awaitable[Value]], topics: Callable[[Value], Iterable[Topic]]
    ) -> Value:
        dropped: set[Topic] = set()
        self._dropped_while_loading.append(dropped)
        try:
            value = await load()
        finally:
            # By identity: two loads may have seen the same drops, and equal sets would be confused.
            self._dropped_while_loading[:] = [other for other in self._dropped_while_loading if other is not dropped]
        entry = _Entry(value, tuple(dict.fromkeys(topics(value))))
        if _EVERYTHING not in dropped and dropped.isdisjoint(entry.topics):
            self._keep(key, entry)
        return value

    def _keep(self, key: Key, entry: _Entry[Value]) -> None:
        self._entries[key] = entry
        for topic in entry.topics:
            self._keys_by_topic.setdefault(topic, set()).add(key)
        while len(self._entries) > self._capacity:
            self._forget(next(iter(self._entries)))

    def _forget(self, key: Key) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        for topic in entry.topics:
            keys = self._keys_by_topic[topic]
            keys.discard(key)
            if not keys:
                del self._keys_by_topic[topic]


_EVERYTHING: Topic = ("*", "*")
