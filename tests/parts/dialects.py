"""How each provider really speaks where its emulator is silent or too kind: refusals, limits, sign-in rules, revocation."""

from typing import Any, ClassVar, Protocol

from starlette.responses import JSONResponse, Response

from tests.parts.emulator_seed import Service
from tests.parts.issued_tokens import AccessToken, Grant, IssuedTokens, Refusal, SignIn

Json = dict[str, Any]


class Dialect(Protocol):
    """One provider's ways. Paths are the emulator's."""

    service: ClassVar[Service]
    authorize_path: ClassVar[str]
    token_path: ClassVar[str]
    open_paths: ClassVar[tuple[str, ...]]
    """Prefixes that need no access token."""
    token_field: ClassVar[str | None]
    """The field of a form or query that may hold the access token in place of the header."""
    revoke_path: ClassVar[str]
    revoke_field: ClassVar[str]
    """Where the token to revoke stands; where the call carries it as its credential too, that one counts."""
    answers_tokens_as_form: ClassVar[bool]
    """Whether the token endpoint answers form-encoded unless JSON is asked for."""
    url_map: ClassVar[dict[str, str]]
    """Prefixes of the real provider's addresses → the emulator's paths."""

    def refuse(self, reason: Refusal) -> Response:
        """The answer to a call without a good token."""
        ...

    def rate_limited(self, retry_after_seconds: int) -> Response:
        """The answer to one call too many."""
        ...

    def token_error(self, error: str) -> Response:
        """The token endpoint's refusal."""
        ...

    def enter(self, answer: Json, sign_in: SignIn, books: IssuedTokens) -> Json:
        """Enter the tokens of the emulator's answer into the books; returns the answer the real provider would give."""
        ...

    def revocation_done(self) -> Response:
        """The answer to a revocation."""
        ...


class Slack:
    """Errors are answers with status 200; one bot token per team; asking for user scopes only installs no bot."""

    service: ClassVar[Service] = "slack"
    authorize_path: ClassVar[str] = "/oauth/v2/authorize"
    token_path: ClassVar[str] = "/api/oauth.v2.access"
    open_paths: ClassVar[tuple[str, ...]] = ("/oauth/", "/upload/")
    token_field: ClassVar[str | None] = "token"
    revoke_path: ClassVar[str] = "/api/auth.revoke"
    revoke_field: ClassVar[str] = "token"
    answers_tokens_as_form: ClassVar[bool] = False
    url_map: ClassVar[dict[str, str]] = {"https://slack.com/": "/"}

    _ERRORS: ClassVar[dict[Refusal, str]] = {
        Refusal.MISSING: "not_authed",
        Refusal.UNKNOWN: "invalid_auth",
        Refusal.EXPIRED: "token_expired",
        Refusal.REVOKED: "token_revoked",
    }

    def refuse(self, reason: Refusal) -> Response:
        return JSONResponse({"ok": False, "error": self._ERRORS[reason]})

    def rate_limited(self, retry_after_seconds: int) -> Response:
        headers = {"Retry-After": str(retry_after_seconds)}
        return JSONResponse({"ok": False, "error": "ratelimited"}, status_code=429, headers=headers)

    def token_error(self, error: str) -> Response:
        names = {"redirect_uri_mismatch": "bad_redirect_uri", "invalid_grant": "invalid_code"}
        return JSONResponse({"ok": False, "error": names.get(error, error)})

    def enter(self, answer: Json, sign_in: SignIn, books: IssuedTokens) -> Json:
        if person_token := answer["authed_user"].get("access_token"):
            books.issue(AccessToken(person_token, person_token, Grant(sign_in.client_id)))
        if not sign_in.asked.get("scope"):
            return {
                key: answer[key] for key in answer if key not in {"access_token", "bot_user_id", "scope", "token_type"}
            }
        bot = books.live_token_starting("xoxb-", sign_in.client_id)
        if bot is None:
            bot = AccessToken(answer["access_token"], answer["access_token"], Grant(sign_in.client_id))
            books.issue(bot)
        # A second person who installs the app gets the team's token; the emulator would mint another.
        bot.emulator_token = answer["access_token"]
        return {**answer, "access_token": bot.value}

    def revocation_done(self) -> Response:
        return JSONResponse({"ok": True, "revoked": True})


class GitHub:
    """Token answers are form-encoded unless JSON is asked for; tokens don't expire."""

    service: ClassVar[Service] = "github"
    authorize_path: ClassVar[str] = "/login/oauth/authorize"
    token_path: ClassVar[str] = "/login/oauth/access_token"
    open_paths: ClassVar[tuple[str, ...]] = ("/login/", "/_emulate/", "/avatars/")
    token_field: ClassVar[str | None] = None
    revoke_path: ClassVar[str] = "/applications/"
    revoke_field: ClassVar[str] = "access_token"
    answers_tokens_as_form: ClassVar[bool] = True
    url_map: ClassVar[dict[str, str]] = {"https://api.github.com/": "/", "https://github.com/login/": "/login/"}

    def refuse(self, reason: Refusal) -> Response:
        message = "Requires authentication" if reason is Refusal.MISSING else "Bad credentials"
        return self._problem(401, message)

    def rate_limited(self, retry_after_seconds: int) -> Response:
        response = self._problem(429, "You have exceeded a secondary rate limit.")
        response.headers["Retry-After"] = str(retry_after_seconds)
        return response

    def token_error(self, error: str) -> Response:
        names = {"invalid_grant": "bad_verification_code"}
        return JSONResponse({"error": names.get(error, error), "error_description": "The code or its use is wrong."})

    def enter(self, answer: Json, sign_in: SignIn, books: IssuedTokens) -> Json:
        token = answer["access_token"]
        books.issue(AccessToken(token, token, Grant(sign_in.client_id)))
        return answer

    def revocation_done(self) -> Response:
        return Response(status_code=204)

    def _problem(self, status: int, message: str) -> Response:
        body = {"message": message, "documentation_url": "https://docs.github.com/rest", "status": str(status)}
        return JSONResponse(body, status_code=status)


class Google:
    """Access tokens live an hour; a refresh token comes only to whom asks for offline access."""

    service: ClassVar[Service] = "google"
    authorize_path: ClassVar[str] = "/o/oauth2/v2/auth"
    token_path: ClassVar[str] = "/oauth2/token"
    open_paths: ClassVar[tuple[str, ...]] = ("/o/oauth2/", "/oauth2/v3/certs", "/.well-known/")
    token_field: ClassVar[str | None] = None
    revoke_path: ClassVar[str] = "/oauth2/revoke"
    revoke_field: ClassVar[str] = "token"
    answers_tokens_as_form: ClassVar[bool] = False
    url_map: ClassVar[dict[str, str]] = {
        "https://accounts.google.com/o/oauth2/": "/o/oauth2/",
        "https://oauth2.googleapis.com/": "/oauth2/",
        "https://openidconnect.googleapis.com/v1/userinfo": "/oauth2/v2/userinfo",
        "https://www.googleapis.com/": "/",
        "https://gmail.googleapis.com/": "/",
    }

    def refuse(self, reason: Refusal) -> Response:
        what = "is missing required" if reason is Refusal.MISSING else "had invalid"
        response = self._problem(401, "UNAUTHENTICATED", f"Request {what} authentication credentials.")
        response.headers["WWW-Authenticate"] = 'Bearer realm="https://accounts.google.com/", error="invalid_token"'
        return response

    def rate_limited(self, retry_after_seconds: int) -> Response:
        response = self._problem(429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric 'Queries'.")
        response.headers["Retry-After"] = str(retry_after_seconds)
        return response

    def token_error(self, error: str) -> Response:
        body = {"error": error, "error_description": "Token has been expired or revoked, or was never given."}
        return JSONResponse(body, status_code=400)

    def enter(self, answer: Json, sign_in: SignIn, books: IssuedTokens) -> Json:
        if sign_in.asked.get("access_type") != "offline":
            answer = {key: answer[key] for key in answer if key != "refresh_token"}
        grant = books.grant_of_refresh_token(sign_in.asked.get("refresh_token", ""))
        grant = grant or Grant(sign_in.client_id, refresh_token=answer.get("refresh_token"))
        if books.lifetime_seconds is not None:
            answer = {**answer, "expires_in": int(books.lifetime_seconds)}
        books.issue(AccessToken.expiring(answer["access_token"], grant, lifetime_seconds=answer["expires_in"]))
        return answer

    def revocation_done(self) -> Response:
        return JSONResponse({})

    def _problem(self, status: int, name: str, message: str) -> Response:
        return JSONResponse({"error": {"code": status, "message": message, "status": name}}, status_code=status)


DIALECTS: dict[Service, Dialect] = {"slack": Slack(), "github": GitHub(), "google": Google()}
