"""`python -m gateway.acme [port]`: Acme on its own, for rehearsals; prints where it is as one line of JSON."""

import asyncio
import json
import signal
import sys

from gateway.acme.server import run_acme


async def serve(port: int) -> None:
    """Serve until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with run_acme(port=port) as acme:
        client = acme.app.client
        people = [{"id": p.id, "api_key": p.api_key, "password": p.password} for p in acme.app.people]
        where = {"url": acme.url, "client_id": client.id, "client_secret": client.secret, "people": people}
        sys.stdout.write(json.dumps(where) + "\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
