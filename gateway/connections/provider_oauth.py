"""OAuth at a provider: the person's browser goes there to approve, and comes back with a code (RFC 6749 4.1, 9700)."""

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from gateway.connections.account_proof import AccountProof
from gateway.connections.attaching import NewAccount
from gateway.connections.connect_methods import callback_address, held_scopes, required_app, scopes_to_ask
from gateway.connections.connect_steps import ConnectSteps, StepKind
from gateway.connections.oauth_apps import OAuthApp, OAuthApps
from gateway.connections.portals import Offer, Portal
from gateway.connections.registrations import Registrations
from gateway.connections.token_answers import AppRejected, ClientUnknown, TokenRefused, Transient
from gateway.connections.token_endpoint import ask, code_request
from gateway.kit.clock import Clock
from gateway.kit.urls import normal_url
from integrations import template
from integrations.auth_methods import OAuth2
from integrations.failures import ActionFailed, CredentialsRejected, InvalidInput
from integrations.kept_values import NotOne
from integrations.ports import Http, HttpRefused, Json

_LONGEST_SHOWN: Final = 300
_APP_REFUSED: Final = frozenset(
    {
        "invalid_request",
        "unauthorized_client",
        "unsupported_response_type",
        "invalid_scope",
        # Beyond RFC 6749 4.1.2.1, as providers say it.
        "invalid_client",
        "invalid_client_id",
        "redirect_uri_mismatch",
        "bad_redirect_uri",
        "application_suspended",
    }
)
_PASSES: Final = frozenset({"server_error", "temporarily_unavailable"})


class ConnectFailed(Exception):
    """No account was connected. `message` is a sentence for the person; `blames_app` where an operator has to act."""

    def __init__(self, message: str, *, blames_app: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.blames_app = blames_app


@dataclass(frozen=True, slots=True)
class Hop:
    """What a browser began, now that it is back."""

    token: str = field(repr=False)
    offer_key: str
    method_key: str
    verifier: str | None = field(repr=False)
    scopes: list[str]
    inputs: Mapping[str, Json] = field(repr=False)
    issuer: str | None = None
    """Whose page it was, where the integration says so: another's answer is not redeemed there (RFC 9700 4.4)."""


class ProviderOAuth:
    """Sends browsers to providers and redeems what they bring back."""

    def __init__(
        self,
        *,
        apps: OAuthApps,
        registrations: Registrations,
        steps: ConnectSteps,
        proof: AccountProof,
        http: Http,
        mapped: Callable[[str], str],
        public_url: str,
        clock: Clock,
    ) -> None:
        """`mapped` sends an address through the settings' map, for the browser that `http` does not carry."""
        self._apps = apps
        self._registrations = registrations
        self._steps = steps
        self._proof = proof
        self._http = http
        self._mapped = mapped
        self._public_url = public_url
        self._clock = clock

    def has_app(self, portal: Portal, offer: Offer) -> bool:
        """Tell whether there is an app to show the provider: one that the tenant has chosen, or the deployment's."""
        is_registered = any(isinstance(each, OAuth2) and each.client is not None for each in offer.methods)
        chosen = app_id_of(portal, offer) is not None
        return chosen or is_registered or self._apps.configured(offer.integration.name) is not None

    async def begin(
        self, portal: Portal, offer: Offer, method: OAuth2, *, browser: str, inputs: Mapping[str, Json]
    ) -> str:
        """Return the address at the provider where the person approves.

        Raises `NoOAuthApp`, `ConnectFailed` (what the person entered does not make an address).
        """
        await self._registrations.ensure(portal.scope, offer.integration.name, method)
        app = await self._app(portal, offer)
        held = held_scopes(offer.held, offer.integration, method)
        scopes = scopes_to_ask(method, offer.integration, enabled=offer.enabled_actions, held=held)
        verifier = secrets.token_urlsafe(48) if method.authorize.pkce != "off" else None
        hop = Hop(portal.token, offer.key, method.key, verifier, list(scopes), inputs, method.issuer)
        address = self._authorize_address(offer, method, inputs)
        state = await self._steps.begin(
            StepKind.HOP,
            {name: getattr(hop, name) for name in Hop.__dataclass_fields__},
            scope=portal.scope,
            workspace_id=portal.workspace.id,
            browser=browser,
            integration_name=offer.integration.name,
        )
        query = {
            "response_type": "code",
            "client_id": app.client_id,
            "redirect_uri": callback_address(self._public_url, offer.integration.name),
            "state": state,
            **({method.authorize.scope_param: method.authorize.scope_separator.join(scopes)} if scopes else {}),
            **_challenge(method, verifier),
            **method.authorize.params,
        }
        return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"

    async def arrive(self, integration_name: str, state: str, *, browser: str) -> Hop:
        """Return what the browser began, once. Raises `StepLost`."""
        return Hop(**await self._steps.take(StepKind.HOP, state, browser=browser, integration_name=integration_name))

    async def redeem(self, portal: Portal, offer: Offer, hop: Hop, answer: Mapping[str, str]) -> NewAccount:
        """Turn the provider's answer (the callback's query) into an account. Raises `ConnectFailed`, `NoOAuthApp`."""
        method = next((each for each in offer.methods if each.key == hop.method_key), None)
        if not isinstance(method, OAuth2):
            raise ConnectFailed(f"{offer.title} is no longer connected this way. Please start again.")
        self._check_issuer(offer, method, hop, answer)
        app = await self._app(portal, offer)
        api = offer.integration.manifest.api
        now = self._clock()
        try:
            request = code_request(
                method,
                app,
                code=_code(offer, answer),
                redirect_uri=callback_address(self._public_url, offer.integration.name),
                verifier=hop.verifier,
                values=hop.inputs,
                hosts=api.hosts if api is not None else (),
            )
            tokens = await ask(self._http, request, clock=self._clock)
        except TokenRefused as error:
            if isinstance(error, ClientUnknown) and await self._registrations.anew(
                portal.scope, offer.integration, app
            ):
                raise ConnectFailed(
                    f"{offer.title} no longer knew this installation, which has registered there again. "
                    "Please start again."
                ) from error
            raise _refused(offer, error) from error
        brought = {name: answer[sent] for name, sent in method.keep_from_callback.items() if sent in answer}
        values = {**hop.inputs, **brought, **tokens.values}
        try:
            values = await self._proof.completed(offer.integration, method, values)
            account = await self._proof.of(offer.integration, method, values, token_answer=tokens.answer)
        except NotOne as error:
            raise ConnectFailed(f"{offer.title} gave access, but {error.message}. Please start again.") from error
        except ActionFailed as error:
            raise ConnectFailed(_unproven(offer, error)) from error
        return NewAccount(
            method_key=method.key,
            values=values,
            account_id=account.id if account else None,
            account_label=account.label if account else None,
            granted_scopes=list(tokens.scopes) if tokens.scopes is not None else hop.scopes,
            oauth_app_id=app.id,
            obtained_at=now,
            expires_at=now + timedelta(seconds=tokens.expires_in) if tokens.expires_in is not None else None,
        )

    async def _app(self, portal: Portal, offer: Offer) -> OAuthApp:
        app_id = app_id_of(portal, offer)
        return await required_app(
            self._apps, portal.scope, offer.integration, oauth_app_id=app_id, public_url=self._public_url
        )

    def _authorize_address(self, offer: Offer, method: OAuth2, inputs: Mapping[str, Json]) -> str:
        api = offer.integration.manifest.api
        try:
            address = template.address(method.authorize.url, inputs, api.hosts if api is not None else ())
            return self._mapped(address)
        except (InvalidInput, HttpRefused) as error:
            raise ConnectFailed(f"This does not lead to {offer.title}: {error.message}") from error

    def _check_issuer(self, offer: Offer, method: OAuth2, hop: Hop, answer: Mapping[str, str]) -> None:
        """Hold `iss`, where the provider says it, against where the person was sent (RFC 9207)."""
        issuer = answer.get("iss")
        if method.issuer != hop.issuer:
            raise ConnectFailed(f"{offer.title} has moved meanwhile, so its answer was not used. Please start again.")
        if method.issuer is not None:
            if issuer not in {method.issuer} | (set() if method.names_issuer else {None}):
                raise _of_another_server(offer)
            return
        if issuer is None:
            return
        api = offer.integration.manifest.api
        try:
            address = template.address(method.authorize.url, hop.inputs, api.hosts if api is not None else ())
            expected = {normal_url(each).origin for each in (address, self._mapped(address))}
            is_right = normal_url(issuer).origin in expected
        except (ValueError, InvalidInput, HttpRefused):
            is_right = False
        if not is_right:
            raise _of_another_server(offer)


def app_id_of(portal: Portal, offer: Offer) -> str | None:
    """Return the id of the tenant's own OAuth app, where one is chosen."""
    if portal.session is not None:
        return portal.session.oauth_app_id
    return None if offer.instance is None else offer.instance.oauth_app_id


def unique_parameters(query: str) -> dict[str, str]:
    """Return a callback's parameters; those that appear twice are left out (RFC 6749 3.1), and so are masses of them."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=50)
    except ValueError:
        return {}
    names = [name for name, _ in pairs]
    return {name: value for name, value in pairs if names.count(name) == 1}


def _of_another_server(offer: Offer) -> ConnectFailed:
    return ConnectFailed(f"This answer did not come from {offer.title}, so it was not used. Please start again.")


def _challenge(method: OAuth2, verifier: str | None) -> dict[str, str]:
    match method.authorize.pkce, verifier:
        case "S256", str():
            digest = hashlib.sha256(verifier.encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            return {"code_challenge": challenge, "code_challenge_method": "S256"}
        case "plain", str():
            return {"code_challenge": verifier, "code_challenge_method": "plain"}
        case _:
            return {}


def _code(offer: Offer, answer: Mapping[str, str]) -> str:
    error, code = answer.get("error"), answer.get("code")
    if error is None and code:
        return code
    said = plain_words(answer.get("error_description") or error or "")
    match error:
        case "access_denied":
            raise ConnectFailed(f"You did not allow access at {offer.title}, so nothing was connected.")
        case str() if error in _APP_REFUSED:
            raise _app_refused(offer, said)
        case str() if error in _PASSES:
            raise _not_now(offer, said)
        case _:
            raise ConnectFailed(f"{offer.title} did not allow access{f': {said}' if said else ''}.")


def _refused(offer: Offer, error: TokenRefused) -> ConnectFailed:
    said = plain_words(error.message)
    match error:
        case AppRejected():
            return _app_refused(offer, said)
        case Transient():
            return _not_now(offer, said)
        case _:
            return ConnectFailed(f"{offer.title} did not accept the approval ({said}). Please try again.")


def _app_refused(offer: Offer, said: str) -> ConnectFailed:
    sentence = f"{offer.title} does not accept this installation ({said}). Please tell whoever runs it."
    return ConnectFailed(sentence, blames_app=True)


def _not_now(offer: Offer, said: str) -> ConnectFailed:
    return ConnectFailed(f"{offer.title} could not be asked just now ({said}). Please try again.")


def _unproven(offer: Offer, error: ActionFailed) -> str:
    said = plain_words(error.message)
    if isinstance(error, CredentialsRejected):
        return f"{offer.title} gave access and then refused it ({said}). Please try again."
    return f"{offer.title} gave access but could not be asked whose account it is ({said}). Please try again."


def plain_words(text: Any) -> str:
    """Return a provider's words on one line, in bounds, without a full stop at the end."""
    words = " ".join("".join(each if each.isprintable() else " " for each in str(text)).split())
    return words[:_LONGEST_SHOWN].rstrip(".")
