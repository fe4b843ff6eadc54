import base64
from pathlib import Path

import pytest

from gateway.kit.key_file import add_key, create_key_file, read_key_file
from gateway.kit.private_files import create_private_file, is_open_to_others, make_private_directory
from gateway.settings import SettingsError

CANARY = "c4n4ryc4n4ryc4n4ry"


def test_a_key_file_is_its_owners_alone_and_so_is_its_directory(tmp_path: Path) -> None:
    file = tmp_path / "data" / "encryption.key"
    ring = create_key_file(file)
    assert read_key_file(file) == ring
    assert [len(key) for key in ring] == [32]
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_a_missing_key_file_is_an_empty_ring(tmp_path: Path) -> None:
    assert read_key_file(tmp_path / "encryption.key") == []


def test_a_key_file_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "encryption.key"
    ring = create_key_file(file)
    with pytest.raises(SettingsError, match="File exists"):
        create_key_file(file)
    assert read_key_file(file) == ring


def test_a_new_key_stands_in_front_and_the_old_ones_stay(tmp_path: Path) -> None:
    file = tmp_path / "encryption.key"
    old = create_key_file(file)
    longer = add_key(file, old)
    assert longer[1:] == old
    assert read_key_file(file) == longer
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("content", ["", "\n", CANARY, base64.b64encode(b"short").decode()])
def test_a_damaged_key_file_is_refused_in_one_line_that_quotes_nothing(tmp_path: Path, content: str) -> None:
    file = tmp_path / "encryption.key"
    file.write_text(content)
    with pytest.raises(SettingsError) as refused:
        read_key_file(file)
    assert str(refused.value).startswith(f"{file}: ")
    assert str(refused.value).isprintable()
    assert CANARY not in str(refused.value)


def test_a_directory_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert not make_private_directory(tmp_path)
    assert is_open_to_others(tmp_path)


def test_a_private_file_is_new_or_refused(tmp_path: Path) -> None:
    create_private_file(tmp_path / "x", "1")
    with pytest.raises(FileExistsError):
        create_private_file(tmp_path / "x", "2")
    assert (tmp_path / "x").read_text() == "1"
