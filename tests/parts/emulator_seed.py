"""What the emulated providers hold when they start: two people, what each owns, what they share, and one OAuth app each."""

from dataclasses import dataclass
from typing import Any, Literal

Service = Literal["slack", "github", "google"]
Person = Literal["alice", "bob"]

PEOPLE: dict[Person, str] = {"alice": "Alice Doe", "bob": "Bob Roe"}
# Where the emulators send people back to; the guard puts the real address in its place.
REDIRECT_URI = "http://127.0.0.1:1/callback"


@dataclass(frozen=True, slots=True)
class OAuthApp:
    """A client that a provider knows."""

    client_id: str
    client_secret: str
    scopes: tuple[str, ...]
    """What `issue_token` asks for unless told otherwise."""


APPS: dict[Service, OAuthApp] = {
    "slack": OAuthApp(
        "toolgate-slack",
        "slack-secret-for-tests",
        (
            "bookmarks:read",
            "bookmarks:write",
            "channels:history",
            "channels:join",
            "channels:manage",
            "channels:read",
            "channels:write",
            "chat:write",
            "files:read",
            "files:write",
            "groups:history",
            "groups:read",
            "groups:write",
            "im:history",
            "im:read",
            "im:write",
            "mpim:history",
            "mpim:read",
            "pins:read",
            "pins:write",
            "reactions:read",
            "reactions:write",
            "search:read",
            "usergroups:read",
            "usergroups:write",
            "users.profile:read",
            "users.profile:write",
            "users:read",
            "users:read.email",
        ),
    ),
    "github": OAuthApp("toolgate-github", "github-secret-for-tests", ("repo", "read:user", "user:email")),
    "google": OAuthApp(
        "toolgate-google",
        "google-secret-for-tests",
        ("openid", "email", "profile", "https://mail.google.com/"),
    ),
}


def email_of(person: Person) -> str:
    """The person's address, which is also the Google account."""
    return f"{person}@example.com"


def reading_token(service: Service, person: Person) -> str:
    """A token of the person's that the emulator itself knows from the start: for looking past the guard."""
    return f"seeded-{service}-{person}"


def seed_of(service: Service) -> dict[str, Any]:
    """The seed of one service in emulate's own shape, with the tokens for `reading_token`."""
    content = {"slack": _slack, "github": _github, "google": _google}[service]()
    tokens = {
        reading_token(service, person): {
            "login": email_of(person) if service == "google" else person,
            "scopes": list(APPS[service].scopes),
        }
        for person in PEOPLE
    }
    return {"service": content, "tokens": tokens}


def _slack() -> dict[str, Any]:
    app = APPS["slack"]
    scopes = list(app.scopes)
    return {
        "team": {"name": "Acme", "domain": "acme"},
        "users": [{"name": name, "real_name": real, "email": email_of(name)} for name, real in PEOPLE.items()],
        "channels": [{"name": "general", "topic": "Everything"}, {"name": "random", "topic": "Anything else"}],
        "strict_scopes": True,
        "tokens": [{"token": reading_token("slack", name), "user": name, "scopes": scopes} for name in PEOPLE],
        "oauth_apps": [
            {
                "client_id": app.client_id,
                "client_secret": app.client_secret,
                "app_id": "A000000001",
                "name": "Toolgate",
                "redirect_uris": [REDIRECT_URI],
                "scopes": scopes,
                "user_scopes": scopes,
                "bot_name": "toolgate",
            }
        ],
    }


def _github() -> dict[str, Any]:
    app = APPS["github"]
    members = [{"login": "alice", "role": "admin"}, {"login": "bob", "role": "member"}]
    own = [{"owner": name, "name": f"{name}-notes", "private": True, "auto_init": True} for name in PEOPLE]
    return {
        "users": [{"login": name, "name": real, "email": email_of(name)} for name, real in PEOPLE.items()],
        "orgs": [{"login": "acme", "name": "Acme", "members": members}],
        "repos": [*own, {"owner": "acme", "name": "shared", "auto_init": True}],
        "oauth_apps": [
            {
                "client_id": app.client_id,
                "client_secret": app.client_secret,
                "name": "Toolgate",
                "redirect_uris": [REDIRECT_URI],
            }
        ],
    }


def _google() -> dict[str, Any]:
    app = APPS["google"]
    return {
        "users": [{"email": email_of(name), "name": real} for name, real in PEOPLE.items()],
        "oauth_clients": [
            {"client_id": app.client_id, "client_secret": app.client_secret, "redirect_uris": [REDIRECT_URI]}
        ],
        "messages": [
            {
                "id": f"msg_{name}_{number}",
                "user_email": email_of(name),
                "from": "carol@example.com",
                "to": email_of(name),
                "subject": f"{subject} for {name}",
                "body_text": f"Dear {name}, this is about {subject.lower()}.",
                "label_ids": ["INBOX", "UNREAD"],
            }
            for name in PEOPLE
            for number, subject in enumerate(("Invoices", "Lunch"), start=1)
        ],
    }
