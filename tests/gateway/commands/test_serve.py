import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import httpx2
import pytest
from sqlalchemy.engine import make_url

from tests.gateway.commands.terminal import Serving, Toolgate

MINUTE = 60


def output_of(tmp_path: Path) -> str:
    return (tmp_path / "output").read_text()


def test_an_empty_directory_becomes_a_running_gateway(tmp_path: Path, serving: Serving, port: int) -> None:
    with serving() as process:
        key = (tmp_path / "data/first-api-key").read_text().strip()
        answer = httpx2.get(
            f"http://127.0.0.1:{port}/api/v1/workspaces", headers={"Authorization": f"Bearer {key}"}, trust_env=False
        )
        assert answer.json() == {"workspaces": [], "total": 0}
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=MINUTE) == 0
    data = tmp_path / "data"
    assert data.stat().st_mode & 0o777 == 0o700
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in data.iterdir()} == {
        "encryption.key": "0o600",
        "first-api-key": "0o600",
        "toolgate.db": "0o600",
        "toolgate.db.lock": "0o600",
    }
    said = output_of(tmp_path)
    assert f"Made {data}/encryption.key: back this file up." in said
    assert f"Your first API key is in {data}/first-api-key" in said
    assert f"Toolgate is at http://127.0.0.1:{port}, its API page at http://127.0.0.1:{port}/docs" in said
    assert key not in said


def test_every_line_that_is_logged_is_json_with_the_request_it_belongs_to(
    tmp_path: Path, serving: Serving, port: int
) -> None:
    with serving():
        url = f"http://127.0.0.1:{port}/api/v1/workspaces?secret=c4n4ry"
        httpx2.get(url, headers={"X-Request-Id": "trace-me-1"}, trust_env=False)
    logged = [json.loads(line) for line in output_of(tmp_path).splitlines() if line.startswith("{")]
    (request,) = [line for line in logged if line["event"] == "request" and line["path"] != "/health"]
    assert (request["request_id"], request["path"], request["status"]) == ("trace-me-1", "/api/v1/workspaces", 401)
    assert "c4n4ry" not in output_of(tmp_path)


def test_a_second_start_makes_nothing_new(tmp_path: Path, serving: Serving) -> None:
    with serving() as process:
        process.terminate()
        process.wait(timeout=MINUTE)
    made = {path.name: path.read_bytes() for path in (tmp_path / "data").iterdir() if path.suffix != ".lock"}
    (tmp_path / "data/first-api-key").unlink()
    with serving():
        assert not (tmp_path / "data/first-api-key").exists()
        assert (tmp_path / "data/encryption.key").read_bytes() == made["encryption.key"]
    assert output_of(tmp_path).count("back this file up") == 1


def test_on_a_terminal_the_first_key_is_shown_and_kept_nowhere(
    tmp_path: Path, environment: dict[str, str], port: int
) -> None:
    master, slave = pty.openpty()
    with (tmp_path / "log").open("w") as log:
        command = [sys.executable, "-m", "gateway", "serve"]
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=slave, stderr=log)
        os.close(slave)
        shown = b""
        while b"Toolgate is at" not in shown:
            shown += os.read(master, 4096)
        process.terminate()
        process.wait(timeout=MINUTE)
        os.close(master)
    (key,) = [word for word in shown.decode().split() if word.startswith("wvz_")]
    assert not (tmp_path / "data/first-api-key").exists()
    assert key not in (tmp_path / "log").read_text()


def test_a_second_process_on_the_same_database_is_refused(serving: Serving, refused_start: Toolgate, port: int) -> None:
    with serving() as process:
        ended = refused_start(PORT=str(port - 1))
        assert ended.returncode == 1
        assert f"is in use by process {process.pid}" in ended.stderr
        assert ended.stderr.count("\n") == 1


def test_a_port_that_is_taken_is_told_before_anything_is_made(
    tmp_path: Path, serving: Serving, refused_start: Toolgate, port: int
) -> None:
    with serving():
        ended = refused_start(DATA_DIR="elsewhere")
    assert ended.returncode == 1
    assert ended.stderr == (
        f"toolgate: can't listen on 127.0.0.1, port {port}: Address already in use; "
        "set host to an address of this machine, port to a free one\n"
    )
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("damage", ["missing", "another"])
def test_keys_that_are_not_the_databases_stop_the_start(
    tmp_path: Path, serving: Serving, refused_start: Toolgate, damage: str
) -> None:
    with serving() as process:
        process.terminate()
        process.wait(timeout=MINUTE)
    key_file = tmp_path / "data/encryption.key"
    key_file.unlink()
    if damage == "another":
        key_file.write_text("YW5vdGhlciBrZXksIDMyIGJ5dGVzIGluIGJhc2U2NC4=\n")
    ended = refused_start()
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"toolgate: {key_file}: ")
    assert ended.stderr.count("\n") == 1
    assert key_file.exists() == (damage == "another")


async def test_a_gateway_that_loses_its_database_stops_and_says_so(
    tmp_path: Path, serving: Serving, new_postgres_database: Callable[[], Awaitable[str]]
) -> None:
    """Another process may hold it by then; a supervisor starts this one again because it failed."""
    url = make_url(await new_postgres_database())
    with serving(DATABASE_URL=url.render_as_string(hide_password=False), LOG_FORMAT="json") as process:
        admin = await asyncpg.connect(user="postgres", database="postgres", host=url.query["host"])
        await admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", url.database)
        await admin.close()
        assert process.wait(timeout=MINUTE) == 1
    said = output_of(tmp_path)
    assert "another process may hold it by now: stopping" in said
    assert "toolgate: the database went away while we held it alone; start again when it is back" in said
    assert "Traceback" not in said
