"""Signatures of ours, made again by AWS's own signer."""

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import botocore.auth
import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from integrations.aws_signing import AwsSigner
from integrations.catalog import Catalog
from integrations.failures import CredentialsRejected, NotFound, RateLimited
from integrations.ports import HttpRequest, HttpResponse
from integrations.testing import Moment, RecordedHttp, credentials, ports

NOW = datetime(2026, 11, 21, 9, 30, 5, tzinfo=UTC)
KEY = Credentials("AKIA0000000000000000", "a secret/+=")
S3 = AwsSigner(KEY.access_key, KEY.secret_key, "eu-central-1")
HOST = "https://acme-reports.s3.eu-central-1.amazonaws.com"
REQUESTS = [
    HttpRequest("GET", f"{HOST}/"),
    HttpRequest("GET", f"{HOST}/?list-type=2&prefix=a%2Fb%20c&empty="),
    HttpRequest("GET", f"{HOST}/reports/Zo%C3%AB%20%26%20co/%2B1~.csv"),
    HttpRequest("PUT", f"{HOST}/a.txt", {"Content-Type": "text/plain", "X-Amz-Acl": "private"}, b"Hello"),
    HttpRequest("DELETE", f"{HOST}/a//b/", {"Accept": "*/*", "User-Agent": "Toolgate"}),
]


@pytest.fixture(autouse=True)
def signing_at_one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: NOW)


def signed_by_theirs(auth: SigV4Auth, request: HttpRequest, headers: Mapping[str, str]) -> AWSRequest:
    made = AWSRequest(request.method, request.url, dict(headers), data=request.body or b"")
    auth.add_auth(made)
    return made


@pytest.mark.parametrize("request_", REQUESTS, ids=[f"{request.method} {request.url[50:]}" for request in REQUESTS])
def test_a_signature_is_the_one_that_awss_own_signer_makes(request_: HttpRequest):
    headers = dict(S3.signed(request_, NOW).headers)
    theirs = signed_by_theirs(S3SigV4Auth(KEY, "s3", "eu-central-1"), request_, request_.headers)
    mine, its = parsed(headers["Authorization"]), parsed(theirs.headers["Authorization"])
    assert mine["Credential"] == its["Credential"]
    # Theirs signs every header but a few; ours the ones that matter, so its signer is given just these.
    chosen = {name: value for name, value in headers.items() if name.lower() in mine["SignedHeaders"].split(";")}
    theirs = signed_by_theirs(S3SigV4Auth(KEY, "s3", "eu-central-1"), request_, chosen)
    assert mine == parsed(theirs.headers["Authorization"])


def parsed(authorization: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in authorization.removeprefix("AWS4-HMAC-SHA256 ").split(", "))


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_signed_address_is_the_one_that_awss_own_signer_makes(method: str):
    request = HttpRequest(method, f"{HOST}/reports/Zo%C3%AB%20%26%20co/%2B1.csv")
    theirs = signed_by_theirs(S3SigV4QueryAuth(KEY, "s3", "eu-central-1", expires=900), request, {})
    assert sorted(parse_qsl(urlsplit(S3.presigned(method, request.url, NOW, expires_seconds=900)).query)) == sorted(
        parse_qsl(urlsplit(str(theirs.url)).query)
    )


def test_other_services_have_their_path_encoded_once_more():
    request = HttpRequest("GET", "https://es.eu-central-1.amazonaws.com/a%20b/c")
    signed = AwsSigner(KEY.access_key, KEY.secret_key, "eu-central-1", "es").signed(request, NOW)
    chosen = {name: value for name, value in signed.headers.items() if name != "Authorization"}
    theirs = signed_by_theirs(SigV4Auth(KEY, "es", "eu-central-1"), request, chosen)
    assert parsed(signed.headers["Authorization"]) == parsed(theirs.headers["Authorization"])


@pytest.fixture
def bucket() -> dict[str, str]:
    return {
        "access_key_id": KEY.access_key,
        "secret_access_key": KEY.secret_key,
        "region": "eu-central-1",
        "bucket": "acme-reports",
    }


@pytest.mark.parametrize(("action", "method"), [("generate-signed-url", "GET"), ("generate-signed-upload-url", "PUT")])
async def test_an_address_to_share_is_made_without_asking_anybody(action: str, method: str, bucket: dict[str, str]):
    http = RecordedHttp([])
    arguments = {"key": "reports/a b.csv", "expiresIn": 15.0}
    made = (
        await Catalog()
        .get("amazon-s3")
        .actions[action]
        .run(arguments, credentials("access_key", **bucket), ports(http, moment=Moment(NOW)))
    )
    theirs = signed_by_theirs(
        S3SigV4QueryAuth(KEY, "s3", "eu-central-1", expires=900), HttpRequest(method, f"{HOST}/reports/a%20b.csv"), {}
    )
    assert sorted(parse_qsl(urlsplit(made.output["url"]).query)) == sorted(parse_qsl(urlsplit(str(theirs.url)).query))
    assert urlsplit(made.output["url"]).path == "/reports/a%20b.csv"


@pytest.mark.parametrize(
    ("status", "code", "failure"),
    [
        (403, "SignatureDoesNotMatch", CredentialsRejected),
        (404, "NoSuchKey", NotFound),
        (503, "SlowDown", RateLimited),
    ],
)
async def test_s3_says_in_xml_what_went_wrong(status: int, code: str, failure: type[Exception], bucket: dict[str, str]):
    body = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>Because.</Message></Error>'.encode()
    http = RecordedHttp([HttpResponse(status, {"content-type": "application/xml"}, body)] * 3)
    with pytest.raises(failure, match="Because"):
        await (
            Catalog()
            .get("amazon-s3")
            .actions["read-file"]
            .run({"key": "a.txt"}, credentials("access_key", **bucket), ports(http))
        )
