"""Who has an account at Acme, and how they sign in without OAuth."""

import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """One account. Its API key and password follow from the id, so that a rehearsal can be typed from memory."""

    id: str
    name: str
    email: str

    @property
    def api_key(self) -> str:
        """What this person sends as `X-Api-Key`."""
        return f"acme-key-{self.id}"

    @property
    def password(self) -> str:
        """What this person sends in basic auth, with the id as user name."""
        return f"acme-password-{self.id}"


ALICE = Person("alice", "Alice Adams", "alice@acme.example")
BOB = Person("bob", "Bob Brown", "bob@acme.example")


class People:
    """The accounts there are; they don't change while Acme runs."""

    def __init__(self, people: Iterable[Person]) -> None:
        self._by_id = {person.id: person for person in people}
        self._by_key = {person.api_key: person for person in self._by_id.values()}

    def __iter__(self) -> Iterator[Person]:
        return iter(self._by_id.values())

    def find(self, person_id: str) -> Person | None:
        """The person with this id."""
        return self._by_id.get(person_id)

    def by_api_key(self, key: str) -> Person | None:
        """Whose key this is."""
        return self._by_key.get(key)

    def by_password(self, person_id: str, password: str) -> Person | None:
        """The person, if the password is right."""
        person = self._by_id.get(person_id)
        right = person is not None and hmac.compare_digest(person.password.encode(), password.encode())
        return person if right else None
