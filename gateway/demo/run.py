"""`toolgate demo`: set the stage, tell the story, and go on serving for whoever wants to try it."""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import anyio
from rich.console import Console

from gateway.acme import Acme
from gateway.demo.client_setup import show_client_setup
from gateway.demo.narrator import Narrator, StepFailed
from gateway.demo.stage import Stage, open_stage
from gateway.demo.story import Provisioned, Story
from gateway.demo.your_turn import await_visitor
from gateway.kit.log import configure_logging

LOG_FILE = "gateway.log"

_FAILED = 1
_INTERRUPTED = 130


def demo(*, once: bool) -> int:
    """Run the demo on this process's terminal and return the exit code."""
    os.umask(0o077)
    return anyio.run(run_demo, once, _Output(highlight=False), backend_options={"use_uvloop": True})


class _Output(Console):
    """Standard output, whose reader may leave before the end, as in `toolgate demo | head`."""

    def on_broken_pipe(self) -> None:
        """End as by a signal, so that what was made is removed, and say nothing more."""
        self.quiet = True
        # Otherwise the interpreter tries once more when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        signal.raise_signal(signal.SIGTERM)


async def run_demo(once: bool, console: Console, *, new_acme: Callable[[], Acme] = Acme) -> int:
    """Tell the story on `console`; unless `once`, go on serving until a signal comes.

    Returns 0, 1 where a step failed (its files are kept then), or 130 where a signal came before the end.
    """
    folder = Path(tempfile.mkdtemp(prefix="toolgate-demo-"))
    narrator = Narrator(console)
    with (folder / LOG_FILE).open("w", encoding="utf-8") as log:
        configure_logging(log_format="text", stream=log)
        code = await _perform(folder, narrator, once=once, acme=new_acme())
        if code == _FAILED:
            narrator.facts({"log": str(folder / LOG_FILE)})
        else:
            shutil.rmtree(folder)
    return code


async def _perform(folder: Path, narrator: Narrator, *, once: bool, acme: Acme) -> int:
    code = _INTERRUPTED
    async with open_stage(folder, acme) as stage:
        provisioned = await _tell(stage, narrator)
        code = _FAILED if provisioned is None else 0
        if provisioned is not None and not once:
            show_client_setup(narrator, provisioned)
            await await_visitor(stage, narrator, provisioned)
            await stage.until_stopped()
    return code


async def _tell(stage: Stage, narrator: Narrator) -> Provisioned | None:
    """Tell the story; None where a step failed, which has been told then."""
    narrator.title(
        "Toolgate's story, told by a real server and a real MCP client. Nothing leaves this machine.",
        {"gateway": stage.url, "Acme": f"{stage.acme.url} (a simulated provider: OAuth2 and notes)"},
    )
    provisioned = None
    try:
        provisioned = await Story(stage, narrator).tell()
    except* StepFailed:
        # Told already, where it happened.
        pass
    return provisioned
