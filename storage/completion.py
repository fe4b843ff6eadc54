"""Work that must not be left half-way."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import anyio


async def to_completion(work: Coroutine[Any, Any, None]) -> None:
    """Await `work` to its end whoever cancels meanwhile; the cancellation is raised afterwards."""
    task = asyncio.create_task(work)
    cancelled: asyncio.CancelledError | None = None
    # The scope holds off cancel scopes around us, which would cancel every single await anew.
    with anyio.CancelScope(shield=True):
        while not task.done():
            try:
                await asyncio.wait((task,))
            except asyncio.CancelledError as error:
                cancelled = error
    task.result()
    if cancelled is not None:
        raise cancelled
