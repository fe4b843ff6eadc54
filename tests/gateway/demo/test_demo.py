"""`toolgate demo` as somebody meets it: a process of its own, its output, its exit code, and what it leaves behind."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.demo.visitor import Visitor

ROOT = Path(__file__).parents[3]
COMMAND = ("-m", "gateway", "demo")
TROUBLED = """
import sys, anyio
from rich.console import Console
from gateway.acme import Acme, Chaos, Faults
from gateway.demo import run_demo

def acme():
    made = Acme()
    made.chaos.replace(Chaos(api=Faults({faults})))
    return made

async def main():
    return await run_demo(True, Console(highlight=False), new_acme=acme)

sys.exit(anyio.run(main))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the demo may make files."""
    made = tmp_path / "tmp"
    made.mkdir()
    return made


def environment(folder: Path) -> dict[str, str]:
    """What a terminal hands over, and nothing of the test's own."""
    return {"PATH": os.environ["PATH"], "TMPDIR": str(folder), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-P", *arguments],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def running(folder: Path, *arguments: str) -> Generator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-P", *arguments],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def read_until(process: "subprocess.Popen[str]", text: str) -> str:
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if text in line:
            return "".join(lines)
    raise AssertionError(f"{text!r} was never said:\n{''.join(lines)}")


def test_once_tells_the_whole_story_and_leaves_nothing_behind(folder: Path) -> None:
    told = run(folder, *COMMAND, "--once")

    assert told.returncode == 0, told.stdout + told.stderr
    assert told.stderr == ""
    assert re.findall(r"^ ?(\d+)\. ", told.stdout, re.MULTILINE) == [str(number) for number in range(1, 16)]
    assert told.stdout.endswith("Every step did what it says.\n")
    assert "\x1b" not in told.stdout, "plain text where nobody looks at a terminal"
    assert list(folder.iterdir()) == []


def test_the_story_shows_no_secret_in_full(folder: Path) -> None:
    told = run(folder, *COMMAND, "--once").stdout

    assert re.search(r"(wvz|mcpo?|mcpr)_\w{20}", told) is None
    assert "acme_at_" not in told


def test_a_step_that_fails_is_named_and_its_logs_are_kept(folder: Path) -> None:
    failed = run(folder, "-c", TROUBLED.format(faults="server_errors=1000"))

    assert failed.returncode == 1
    assert "11. She goes on to Acme" in failed.stdout
    assert "Step 11 failed: the page says: " in failed.stdout
    assert "Acme is not connected" in failed.stdout
    assert "12. " not in failed.stdout, "nothing is told after a failure"
    assert "Traceback" not in failed.stdout + failed.stderr
    log = Path(failed.stdout.strip().rpartition("log  ")[2])
    assert log.parent.parent == folder
    assert "/connect/callback/acme" in log.read_text()


def test_a_signal_in_the_middle_ends_the_story_at_once_and_cleanly(folder: Path) -> None:
    with running(folder, "-c", TROUBLED.format(faults="slow_seconds=60")) as process:
        read_until(process, "11. ")
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=10)[0]

    assert process.returncode == 130
    assert "Traceback" not in rest
    assert list(folder.iterdir()) == []


def test_it_ends_cleanly_when_nobody_reads_on(folder: Path) -> None:
    command = [sys.executable, "-P", *COMMAND]
    with subprocess.Popen(
        command, cwd=folder, env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 130
    assert list(folder.iterdir()) == []


def test_it_goes_on_serving_what_it_printed_until_a_signal_comes(folder: Path) -> None:
    with running(folder, *COMMAND) as process:
        told = read_until(process, "Hosted clients")
        answer = call_as_configured_for_cursor(told)
        page = fetch(re.findall(r"API page +(\S+)", told)[0])
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=10)[0]

    assert answer["result"]["structuredContent"]["id"] == "alice"
    assert "/api/v1/workspaces" in page
    assert process.returncode == 0
    assert "Traceback" not in rest
    assert list(folder.iterdir()) == []


def test_whoever_watches_connects_an_account_and_the_waiting_call_goes_on(folder: Path) -> None:
    with running(folder, *COMMAND) as process:
        told = read_until(process, "your mail")
        [link] = re.findall(r"open +(http\S+)", told)
        asyncio.run(connect_as_bob(link, mailbox=told.split()[-1]))
        read_until(process, "went on by itself: Acme says that bob wrote the note.")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)

    assert process.returncode == 0
    assert list(folder.iterdir()) == []


async def connect_as_bob(link: str, *, mailbox: str) -> None:
    async with httpx2.AsyncClient(trust_env=False) as client:
        browser = Visitor(client)
        asks = await browser.press(await browser.open(link), "Send the code")
        [code, *_] = re.findall(r"\b\d{3} ?\d{3}\b", (await browser.open(mailbox)).text)
        page = await browser.press(asks, "Continue", code=code)
        consent = await browser.press(page, "Continue to Acme")
        done = await browser.press(consent, "Allow", person="bob")
        assert "bob@acme.example" in done.text


def test_what_is_to_be_pasted_names_the_server_and_the_token(folder: Path) -> None:
    with running(folder, *COMMAND) as process:
        told = read_until(process, "Hosted clients")

    cursor, vs_code = json_blocks(told)
    [server] = cursor["mcpServers"].values()
    assert vs_code["servers"] == {"toolgate-demo": {"type": "http", **server}}
    bearer = server["headers"]["Authorization"]
    assert f'claude mcp add --transport http toolgate-demo {server["url"]} --header "Authorization: {bearer}"' in told


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def json_blocks(told: str) -> list[Any]:
    return [json.loads(block) for block in re.findall(r"^\{\n.*?^\}$", told, re.MULTILINE | re.DOTALL)]


def call_as_configured_for_cursor(told: str) -> Any:
    [server] = json_blocks(told)[0]["mcpServers"].values()
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "acme__whoami", "arguments": {}}}
    request = urllib.request.Request(
        server["url"],
        data=json.dumps(call).encode(),
        headers={"Content-Type": "application/json", **server["headers"]},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)
