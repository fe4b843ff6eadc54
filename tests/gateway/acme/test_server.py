import asyncio
import json
import signal
import sys

import httpx2
import pytest

from gateway.acme import Acme, run_acme


async def test_after_the_block_nobody_answers() -> None:
    async with run_acme() as running, httpx2.AsyncClient(trust_env=False) as http:
        assert (await http.get(f"{running.url}me")).status_code == 401
    async with httpx2.AsyncClient(trust_env=False) as http:
        with pytest.raises(httpx2.ConnectError):
            await http.get(f"{running.url}me")


async def test_the_port_can_be_taken_again_with_the_same_state() -> None:
    acme = Acme()
    token = acme.issue_token("alice")["access_token"]
    async with run_acme(acme) as running:
        port = int(running.url.rstrip("/").rpartition(":")[2])
    async with run_acme(acme, port=port) as again, httpx2.AsyncClient(trust_env=False) as http:
        assert again.url == running.url
        assert (await http.get(f"{again.url}me", headers={"authorization": f"Bearer {token}"})).status_code == 200


async def test_a_port_in_use_is_an_error_that_can_be_caught() -> None:
    async with run_acme() as running:
        with pytest.raises(OSError, match="in use"):
            async with run_acme(port=int(running.url[:-1].rpartition(":")[2])):
                pass


async def test_a_slow_answer_does_not_hold_up_the_end() -> None:
    acme = Acme()
    acme.chaos.api.slow_seconds = 60
    async with asyncio.timeout(10):
        async with run_acme(acme) as running, httpx2.AsyncClient(trust_env=False) as http:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(running.url[:-1].rpartition(":")[2]))
            writer.write(b"GET /me HTTP/1.1\r\nHost: acme\r\n\r\n")
            await writer.drain()
            assert (await http.get(f"{running.url}_chaos")).status_code == 200
        assert b" 200 " not in await reader.read()
    writer.close()


async def test_signals_stay_with_the_program_around_it() -> None:
    before = signal.getsignal(signal.SIGINT)
    async with run_acme():
        assert signal.getsignal(signal.SIGINT) is before


async def test_an_error_in_the_block_comes_out_of_it() -> None:
    with pytest.raises(RuntimeError, match="inside"):
        async with run_acme():
            raise RuntimeError("inside")


async def test_a_host_that_is_not_loopback_is_refused() -> None:
    with pytest.raises(ValueError, match="loopback only"):
        async with run_acme(host="0.0.0.0"):
            pass


async def test_the_settings_map_leads_the_fixed_name_to_the_port() -> None:
    async with run_acme() as running:
        assert running.urls == {"https://api.acme.example/": running.url}


async def test_it_runs_on_its_own_and_says_where() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "gateway.acme", stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    where = json.loads(await process.stdout.readline())
    key = where["people"][0]["api_key"]
    async with httpx2.AsyncClient(trust_env=False) as http:
        assert (await http.get(f"{where['url']}me", headers={"x-api-key": key})).json()["id"] == "alice"
    process.terminate()
    assert await process.wait() == 0
