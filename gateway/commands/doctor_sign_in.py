"""What `doctor` sees of signing in: the way that a client goes before it sends its person anywhere."""

from typing import Any, Final

from gateway.commands.doctor_client import Client, json_of
from gateway.commands.findings import Finding, failed, ok

_CHECK: Final = "OAuth"
_WELL_KNOWN: Final = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")
_ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "registration_endpoint", "revocation_endpoint")
_FIX: Final = "let the proxy pass /.well-known/ and /oauth/ to the gateway, and leave its answers as they are"


async def look_at_sign_in(client: Client) -> Finding:
    """Go from the metadata to every endpoint that it names; nothing is registered, and nobody is asked."""
    for path in _WELL_KNOWN:
        answer = await client.get(path)
        document = json_of(answer)
        if answer.status != 200 or document.get("issuer") != client.public_url:
            issuer = document.get("issuer")
            seen = f"{path} answers {answer.status} with the issuer {issuer!r}, not {client.public_url}"
            return failed(_CHECK, seen, fix=f"{_FIX}; set public_url")
        for name in _ENDPOINTS:
            if (fault := await _fault(client, name, document.get(name))) is not None:
                return failed(_CHECK, fault, fix=_FIX)
    return ok(_CHECK, f"the issuer is {client.public_url}; every endpoint that clients need answers")


async def _fault(client: Client, name: str, address: Any) -> str | None:
    """Tell what is wrong with an endpoint: each has to refuse an empty request in its own way."""
    if not isinstance(address, str) or not address.startswith(f"{client.public_url}/"):
        return f"the metadata's {name} is {address!r}, which is not below {client.public_url}"
    path = address.removeprefix(client.public_url)
    if name == "authorization_endpoint":
        answer = await client.get(path)
        is_ours = answer.status == 400 and answer.headers.get("content-type", "").startswith("text/html")
    else:
        answer = await client.post(path)
        is_ours = answer.status in (400, 401, 429) and "error" in json_of(answer)
    return None if is_ours else f"{path} answers {answer.status}, and not as the gateway does"
