"""AWS's own client for Python."""

from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.config import Config
from botocore.httpsession import URLLib3Session

from integrations.ports import Credentials
from tests.integrations.catalog.official_call import Call, Official

REGION, BUCKET = "eu-central-1", "acme-reports"
KEY = {"access_key_id": "AKIA0000000000000000", "secret_access_key": "secret"}
IN = {"Bucket": BUCKET}
LISTED = b"""<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Contents><Key>a+b</Key><Size>2</Size>
<LastModified>2026-01-31T00:00:00.000Z</LastModified><ETag>"e"</ETag></Contents></ListBucketResult>"""
OF_A_MOMENT = ["X-Amz-Date", "X-Amz-Credential", "X-Amz-Signature"]
"""What depends on when an address is signed: tests/integrations/test_aws_signing.py compares it at one moment."""
COPIED = b"<CopyObjectResult><ETag>e</ETag></CopyObjectResult>"


def client() -> Any:
    """A client that asks each thing once, and adds no checksum where S3 wants none."""
    return boto3.client(
        "s3",
        region_name=REGION,
        aws_access_key_id=KEY["access_key_id"],
        aws_secret_access_key=KEY["secret_access_key"],
        config=Config(
            request_checksum_calculation="when_required", retries={"total_max_attempts": 1}, signature_version="s3v4"
        ),
    )


def connect(address: str) -> Any:
    """A client that goes here once its requests are complete: given another address, it would ask other paths."""
    made = client()

    def send(request: AWSPreparedRequest, **_: Any) -> Any:
        request.url = here(str(request.url), address)
        return URLLib3Session().send(request)

    made.meta.events.register("before-send.s3", send)
    made.follow = lambda url: URLLib3Session().send(AWSRequest("GET", here(url, address)).prepare())
    return made


def here(url: str, address: str) -> str:
    """The same path and query at this address."""
    split = urlsplit(url)
    return f"{address}{split.path}" + (f"?{split.query}" if split.query else "")


def address() -> str:
    """Where it goes of its own accord, told by a request that stays here."""
    made = client()
    told: list[str] = []

    def keep(request: AWSPreparedRequest, **_: Any) -> None:
        split = urlsplit(str(request.url))
        told.append(f"{split.scheme}://{split.netloc}")
        raise InterruptedError

    made.meta.events.register("before-send.s3", keep)
    with suppress(InterruptedError):
        made.delete_object(**IN, Key="a")
    return told[0]


OFFICIAL = Official(
    integration="amazon-s3",
    package="boto3",
    address=address(),
    credentials=Credentials("access_key", {**KEY, "region": REGION, "bucket": BUCKET}),
    connect=connect,
    calls={
        "list-files": Call(
            {"prefix": "reports/Zoë & co/", "maxKeys": 5.0, "cursor": "next="},
            lambda s3: s3.list_objects_v2(**IN, Prefix="reports/Zoë & co/", MaxKeys=5, ContinuationToken="next="),
            (LISTED,),
        ),
        "read-file": Call(
            {"key": "reports/Zoë & co/+1.csv"}, lambda s3: s3.get_object(**IN, Key="reports/Zoë & co/+1.csv")
        ),
        "get-file-info": Call({"key": "a b.csv"}, lambda s3: s3.head_object(**IN, Key="a b.csv")),
        "upload-file": Call(
            {
                "file": {"filename": "a.txt", "content": "SGVsbG8="},
                "fileName": "in/a.txt",
                "acl": "public-read",
                "type": "text/plain",
            },
            lambda s3: s3.put_object(**IN, Key="in/a.txt", Body=b"Hello", ACL="public-read", ContentType="text/plain"),
        ),
        "copyFile": Call(
            {"key": "in/a b.txt", "newKey": "out/c.txt"},
            lambda s3: s3.copy_object(**IN, Key="out/c.txt", CopySource={**IN, "Key": "in/a b.txt"}),
            (COPIED,),
        ),
        "moveFile": Call(
            {"fileKey": "in/a.txt", "folderKey": "out/2026/"},
            lambda s3: (
                s3.copy_object(**IN, Key="out/2026/a.txt", CopySource={**IN, "Key": "in/a.txt"}),
                s3.delete_object(**IN, Key="in/a.txt"),
            ),
            (COPIED, b""),
        ),
        "deleteFile": Call({"key": "in/a.txt"}, lambda s3: s3.delete_object(**IN, Key="in/a.txt"), (b"",)),
        "generate-signed-url": Call(
            {"key": "a b/Zoë+.csv", "expiresIn": 15.0},
            lambda s3: s3.follow(s3.generate_presigned_url("get_object", {**IN, "Key": "a b/Zoë+.csv"}, ExpiresIn=900)),
            only_ours=OF_A_MOMENT,
            only_theirs=OF_A_MOMENT,
            follow="/url",
        ),
        "generate-signed-upload-url": Call(
            {"key": "in/a.csv", "expiresIn": 10080},
            lambda s3: s3.follow(s3.generate_presigned_url("put_object", {**IN, "Key": "in/a.csv"}, ExpiresIn=604800)),
            only_ours=OF_A_MOMENT,
            only_theirs=OF_A_MOMENT,
            follow="/url",
        ),
    },
)
