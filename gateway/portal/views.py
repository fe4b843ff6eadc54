"""What the pages show of a portal and its accounts: from rows and manifests to words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.connections.choice import Strategy, is_active
from gateway.connections.connect_methods import ConnectMethod, held_scopes, scopes_to_ask, usable_actions
from gateway.connections.missing_scopes import lacking_scopes
from gateway.connections.portals import Offer, Portal
from gateway.portal.addresses import page_address
from gateway.tenancy.branding import shown_name
from integrations.auth_methods import BasicAuth, ClientCredentials, Custom, OAuth2, SecretText, TokenExchange


class Standing(StrEnum):
    """How things stand with one account."""

    CONNECTED = "connected"
    WANTS_MORE = "wants-more"
    """Connected, and what has been enabled since needs permissions that were not given."""
    BROKEN = "broken"
    NOT_CONNECTED = "not-connected"


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and for whom."""

    organization: str
    workspace: str
    person: str | None
    """None where the account will belong to nobody in particular."""


@dataclass(frozen=True, slots=True)
class OfferView:
    """One account, in words."""

    title: str
    provider: str
    """Whose account it is, however the workspace calls it."""
    initial: str
    standing: Standing
    state: str
    account: str | None
    reason: str | None
    """Why it has to be connected again."""
    address: str
    action: str
    """What the way to its page is called."""


@dataclass(frozen=True, slots=True)
class MethodView:
    """One way to connect: what it makes possible, and what the provider will ask to allow."""

    key: str
    title: str
    description: str | None
    help_url: str | None
    is_oauth: bool
    tools: Sequence[str]
    scopes: Sequence[str]
    """In words, where the manifest has them."""
    new_scopes: Sequence[str]
    """Those among them that are not held yet, where an account is connected."""


def asker(portal: Portal) -> Asker:
    """Say who asks and for whom."""
    return Asker(shown_name(portal.organization, portal.workspace), portal.workspace.name, person(portal))


def person(portal: Portal) -> str | None:
    """Return what the end user is called on pages."""
    if portal.end_user is not None:
        known = portal.end_user
        return known.display_name or known.email or known.external_id or "you"
    return portal.session.end_user_external_id if portal.session is not None else None


def standing_of(offer: Offer) -> Standing:
    """Tell how things stand with an account."""
    if offer.held is None:
        return Standing.NOT_CONNECTED
    if not is_active(offer.held):
        return Standing.BROKEN
    return Standing.WANTS_MORE if offer.held.missing_scopes else Standing.CONNECTED


def offer_view(portal: Portal, offer: Offer) -> OfferView:
    """Show one account."""
    standing, held = standing_of(offer), offer.held
    return OfferView(
        title=offer.title,
        provider=offer.integration.title,
        initial=next((each for each in offer.title if each.isalnum()), "·").upper(),
        standing=standing,
        state=_state(offer, standing),
        account=account_name(offer),
        reason=held.last_error if held is not None and standing is Standing.BROKEN else None,
        address=page_address(portal, offer),
        action=_ACTIONS[standing],
    )


_ACTIONS = {
    Standing.CONNECTED: "Manage",
    Standing.WANTS_MORE: "Review",
    Standing.BROKEN: "Reconnect",
    Standing.NOT_CONNECTED: "Connect",
}


def account_name(offer: Offer) -> str | None:
    """Return what a person recognises the connected account by, where the provider says it."""
    return None if offer.held is None else offer.held.account_label


def _state(offer: Offer, standing: Standing) -> str:
    name = account_name(offer)
    match standing:
        case Standing.CONNECTED:
            return f"Connected as {name}" if name else "Connected"
        case Standing.WANTS_MORE:
            return f"Connected as {name}, and new permissions are wanted" if name else "New permissions are wanted"
        case Standing.BROKEN:
            return f"{name} has to be connected again" if name else "Has to be connected again"
        case Standing.NOT_CONNECTED if _has_shared(offer):
            return "Not connected; the shared account is used until you connect yours"
        case Standing.NOT_CONNECTED:
            return "Not connected"


def _has_shared(offer: Offer) -> bool:
    instance = offer.instance
    return (
        instance is not None
        and instance.connection_strategy == Strategy.PER_USER_WITH_FALLBACK
        and instance.connection_id is not None
    )


def method_view(offer: Offer, method: ConnectMethod) -> MethodView:
    """Show one way to connect."""
    actions = usable_actions(offer.integration, offer.enabled_actions, method.key)
    scopes: Sequence[str] = ()
    granted: Sequence[str] | None = None
    if isinstance(method, OAuth2):
        is_in_use = offer.held is not None and offer.held.auth_method_key == method.key
        granted = offer.held.granted_scopes if is_in_use and offer.held is not None else None
        held = held_scopes(offer.held, offer.integration, method)
        scopes = scopes_to_ask(method, offer.integration, enabled=offer.enabled_actions, held=held)
    return MethodView(
        key=method.key,
        title=method.title or _USUAL_TITLES[type(method)],
        description=method.description,
        help_url=method.help_url,
        is_oauth=isinstance(method, OAuth2),
        # Before its tools were listed, a remote MCP server has nothing but what asks people to come here.
        tools=[action.title for action in actions if offer.integration.is_listed],
        scopes=_in_words(offer, scopes),
        new_scopes=_in_words(offer, lacking_scopes(method, scopes, granted)) if granted is not None else [],
    )


def _in_words(offer: Offer, scopes: Iterable[str]) -> Sequence[str]:
    titles = offer.integration.manifest.scope_titles
    return list(dict.fromkeys(titles.get(scope, scope) for scope in scopes))


_USUAL_TITLES: dict[type[ConnectMethod], str] = {
    OAuth2: "Sign in",
    SecretText: "API key",
    BasicAuth: "User name and password",
    Custom: "Access data",
    ClientCredentials: "Client id and secret",
    TokenExchange: "Access data",
}
