"""Signatures for AWS and for services that speak like it: Signature Version 4.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from integrations.ports import HttpRequest

_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_UNSIGNED: Final = "UNSIGNED-PAYLOAD"
_MOMENT: Final = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class AwsSigner:
    """Signs requests with a key, for one service in one region."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    region: str
    service: str = "s3"

    def signed(self, request: HttpRequest, now: datetime) -> HttpRequest:
        """`request` with the headers that prove who asks; they hold for 15 minutes around `now` (UTC)."""
        digest = hashlib.sha256(request.body or b"").hexdigest()
        headers = {**request.headers, "X-Amz-Date": now.strftime(_MOMENT), "X-Amz-Content-Sha256": digest}
        signed = _worth_signing(headers, urlsplit(request.url).netloc)
        query = parse_qsl(urlsplit(request.url).query, keep_blank_values=True)
        signature = self._signature(request.method, request.url, query, signed=signed, digest=digest, now=now)
        headers["Authorization"] = (
            f"{_ALGORITHM} Credential={self.access_key_id}/{self._scope(now)}, "
            f"SignedHeaders={';'.join(signed)}, Signature={signature}"
        )
        return replace(request, headers=headers)

    def presigned(self, method: str, url: str, now: datetime, *, expires_seconds: int) -> str:
        """`url` with a signature in its query: whoever has it may do this one thing until it expires."""
        split = urlsplit(url)
        signed = {"host": split.netloc}
        query = [
            *parse_qsl(split.query, keep_blank_values=True),
            ("X-Amz-Algorithm", _ALGORITHM),
            ("X-Amz-Credential", f"{self.access_key_id}/{self._scope(now)}"),
            ("X-Amz-Date", now.strftime(_MOMENT)),
            ("X-Amz-Expires", str(expires_seconds)),
            ("X-Amz-SignedHeaders", ";".join(signed)),
        ]
        signature = self._signature(method, url, query, signed=signed, digest=_UNSIGNED, now=now)
        return urlunsplit(split._replace(query=urlencode([*query, ("X-Amz-Signature", signature)], quote_via=quote)))

    def _scope(self, now: datetime) -> str:
        return f"{now:%Y%m%d}/{self.region}/{self.service}/aws4_request"

    def _signature(
        self,
        method: str,
        url: str,
        query: Sequence[tuple[str, str]],
        *,
        signed: Mapping[str, str],
        digest: str,
        now: datetime,
    ) -> str:
        asked = "\n".join([
            method,
            self._path(url),
            "&".join(sorted(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query)),
            *(f"{name}:{value}" for name, value in signed.items()),
            "",
            ";".join(signed),
            digest,
        ])  # fmt: skip
        hashed = hashlib.sha256(asked.encode()).hexdigest()
        to_sign = "\n".join([_ALGORITHM, now.strftime(_MOMENT), self._scope(now), hashed])
        key = f"AWS4{self.secret_access_key}".encode()
        for part in (f"{now:%Y%m%d}", self.region, self.service, "aws4_request"):
            key = _hmac(key, part)
        return _hmac(key, to_sign).hex()

    def _path(self, url: str) -> str:
        """The path as it is signed: S3 takes it as it is sent, all others encode it once more."""
        path = urlsplit(url).path or "/"
        return path if self.service == "s3" else quote(path, safe="/~")


def _worth_signing(headers: Mapping[str, str], host: str) -> dict[str, str]:
    """What is signed, in order: the host, the type of the body, and everything of AWS's own."""
    lowered = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    chosen = {name: value for name, value in lowered.items() if name.startswith("x-amz-") or name == "content-type"}
    return dict(sorted({**chosen, "host": host}.items()))


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
