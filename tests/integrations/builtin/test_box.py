import pytest

from integrations.catalog import Catalog
from integrations.failures import ActionFailed, CredentialsRejected, NotFound
from integrations.ports import HttpResponse
from integrations.testing import RecordedHttp, credentials, ports

GET_URL = Catalog().get("box").actions["get_file_download_url"]
ADA = credentials("oauth", access_token="t0ken")


async def test_the_address_of_a_file_is_where_box_redirects_to():
    http = RecordedHttp([HttpResponse(302, {"location": "https://dl.boxcloud.example/d/1/x"}, b"")])
    found = await GET_URL.run({"fileId": "12"}, ADA, ports(http))
    assert found.output == {"url": "https://dl.boxcloud.example/d/1/x"}
    assert http.request.url == "https://api.box.com/2.0/files/12/content"
    assert http.request.headers["Authorization"] == "Bearer t0ken"


@pytest.mark.parametrize(("status", "failure"), [(401, CredentialsRejected), (404, NotFound), (202, ActionFailed)])
async def test_without_a_redirect_there_is_no_address(status: int, failure: type[ActionFailed]):
    http = RecordedHttp([HttpResponse(status, {}, b"")])
    with pytest.raises(failure):
        await GET_URL.run({"fileId": "12"}, ADA, ports(http))
