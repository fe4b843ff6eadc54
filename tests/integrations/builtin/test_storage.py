from base64 import b64encode

import pytest

from integrations.builtin.storage import MAX_FILE_BYTES
from integrations.failures import InvalidInput, NotFound
from tests.integrations.builtin.calling import BuiltIn

PICTURE = bytes(range(256))


@pytest.fixture
def files() -> BuiltIn:
    return BuiltIn("storage")


async def test_a_text_file_is_read_as_it_was_written(files: BuiltIn):
    written = await files.run("write_file", path="data/users.csv", content="id,name\n1,Zoë\n")
    assert written == {
        "path": "data/users.csv",
        "size": 15,
        "contentType": "text/csv",
        "updatedAt": "2026-11-21T12:00:00+00:00",
    }
    read = await files.run("read_file", path="data/users.csv")
    assert (read["content"], read["encoding"]) == ("id,name\n1,Zoë\n", "utf-8")


async def test_a_binary_file_comes_as_base64_unless_text_is_insisted_on(files: BuiltIn):
    encoded = b64encode(PICTURE).decode()
    await files.run("write_file", path="a.bin", content=encoded, contentEncoding="base64", contentType="image/x-icon")
    assert files.state.files["a.bin"].content == PICTURE
    read = await files.run("read_file", path="a.bin")
    assert (read["content"], read["encoding"], read["contentType"]) == (encoded, "base64", "image/x-icon")
    with pytest.raises(InvalidInput, match="base64"):
        await files.run("read_file", path="a.bin", outputEncoding="utf-8")


async def test_text_can_be_asked_for_as_base64(files: BuiltIn):
    await files.run("write_file", path="a.txt", content="hi")
    assert (await files.run("read_file", path="a.txt", outputEncoding="base64"))["content"] == "aGk="


async def test_files_are_listed_by_the_beginning_of_their_path(files: BuiltIn):
    for path in ("a/1.txt", "a/2.txt", "b/1.txt"):
        await files.run("write_file", path=path, content="x")
    assert [file["path"] for file in (await files.run("list_files", prefix="a/"))["files"]] == ["a/1.txt", "a/2.txt"]
    assert (await files.run("list_files"))["count"] == 3
    assert (await files.run("delete_file", path="a/1.txt"))["deleted"] is True
    assert (await files.run("delete_file", path="a/1.txt"))["deleted"] is False


async def test_a_download_url_says_how_long_it_works(files: BuiltIn):
    await files.run("write_file", path="a.txt", content="x")
    link = await files.run("get_download_url", path="a.txt", expiresInSeconds=60.0)
    assert link == {"path": "a.txt", "url": "https://files.example/a.txt?for=60", "expiresInSeconds": 60}
    assert (await files.run("get_download_url", path="a.txt"))["expiresInSeconds"] == 900


@pytest.mark.parametrize("action", ["read_file", "get_download_url"])
async def test_a_file_that_is_not_there_is_not_found(files: BuiltIn, action: str):
    with pytest.raises(NotFound, match=r"nowhere\.txt"):
        await files.run(action, path="nowhere.txt")


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "../secret", "a/../../b", "a//b", "a/", ".", "a/./b", "a\\b", "a\0b", "a\nb", "a/\x7f"],
)
async def test_a_path_stays_inside(files: BuiltIn, path: str):
    for action, more in (("read_file", {}), ("delete_file", {}), ("write_file", {"content": "x"})):
        with pytest.raises(InvalidInput) as caught:
            await files.run(action, path=path, **more)
        assert caught.value.path == "/path"
    assert not files.state.files


@pytest.mark.parametrize("prefix", ["../", "/", "a/../", "\0"])
async def test_a_prefix_stays_inside_too(files: BuiltIn, prefix: str):
    with pytest.raises(InvalidInput) as caught:
        await files.run("list_files", prefix=prefix)
    assert caught.value.path == "/prefix"


@pytest.mark.parametrize("path", ["..hidden", "a..b", "ordner/über uns.txt", "a/.b", "x" * 512])
async def test_unusual_names_are_fine(files: BuiltIn, path: str):
    await files.run("write_file", path=path, content="x")
    assert path in files.state.files


async def test_a_file_too_large_to_keep_is_refused(files: BuiltIn):
    with pytest.raises(InvalidInput, match=str(MAX_FILE_BYTES)):
        await files.run("write_file", path="big", content="x" * (MAX_FILE_BYTES + 1))


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"contentEncoding": "base64"}, "/content"),
        ({"contentType": "text/html\r\nX-Evil: 1"}, "/contentType"),
        ({"contentType": "nonsense"}, "/contentType"),
    ],
)
async def test_what_would_corrupt_a_file_is_refused(files: BuiltIn, more: dict[str, str], path: str):
    with pytest.raises(InvalidInput) as caught:
        await files.run("write_file", path="a.txt", content="not base64!", **more)
    assert caught.value.path == path
