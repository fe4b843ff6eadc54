"""What a caller hears of, and is asked, while a remote server works for them."""

from collections.abc import Mapping
from typing import Final

from mcp_types import CLIENT_CAPABILITIES_META_KEY, CLIENT_INFO_META_KEY, LOG_LEVEL_META_KEY, PROTOCOL_VERSION_META_KEY
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from gateway.upstreams.conversation import NOBODY, Conversation, NoAnswer
from gateway.upstreams.frames import Notice, Question
from gateway.upstreams.patience import Patience
from integrations.ports import Json

CAPABILITY_OF: Final[Mapping[str, str]] = {
    "elicitation/create": "elicitation",
    "sampling/createMessage": "sampling",
    "roots/list": "roots",
}
"""What servers may ask, and the capability by which a client says that it answers."""
_METHOD_NOT_FOUND: Final = -32601
_OURS: Final = {PROTOCOL_VERSION_META_KEY, CLIENT_INFO_META_KEY, CLIENT_CAPABILITIES_META_KEY, "progressToken"}


class Relay:
    """Stands between one caller and one request to a server."""

    def __init__(self, conversation: Conversation, patience: Patience) -> None:
        self.conversation = conversation
        self.patience = patience

    @property
    def is_modern(self) -> bool:
        """Tell whether the caller speaks a revision without handshake."""
        return self.conversation.protocol_version in MODERN_PROTOCOL_VERSIONS

    @property
    def can_be_asked(self) -> bool:
        """Tell whether the caller answers servers at all."""
        return any(self.conversation.capabilities.get(name) is not None for name in CAPABILITY_OF.values())

    @property
    def log_level(self) -> Json | None:
        """From which level on a caller without handshake wants to hear what the server logs."""
        return self.conversation.meta.get(LOG_LEVEL_META_KEY)

    def meta(self, token: int) -> dict[str, Json]:
        """Return what the caller said beside its request, with our own token for progress in place of theirs."""
        meta = {key: value for key, value in self.conversation.meta.items() if key not in _OURS}
        return {**meta, "progressToken": token} if self._token is not None else meta

    async def notified(self, notice: Notice, token: int) -> None:
        """Pass on what is meant for the caller, and nothing else."""
        match notice.method:
            case "notifications/progress" if self._token is not None and notice.params.get("progressToken") == token:
                self.patience.progressed()
                await self.conversation.notify(notice.method, {**notice.params, "progressToken": self._token})
            case "notifications/message" if self.log_level is not None or not self.is_modern:
                await self.conversation.notify(notice.method, notice.params)
            case _:
                return

    async def asked(self, question: Question) -> Mapping[str, Json]:
        """Put a question of the server to the caller, for whom the time stands. Raises `NoAnswer`."""
        self.refuse(question)
        with self.patience.standing():
            return await self.conversation.ask(question.method, question.params)

    def refuse(self, question: Question) -> None:
        """Raise `NoAnswer` for what the caller has not said to answer."""
        capability = CAPABILITY_OF.get(question.method)
        if capability is None or self.conversation.capabilities.get(capability) is None:
            raise NoAnswer("the client does not answer this", code=_METHOD_NOT_FOUND)

    @property
    def _token(self) -> Json | None:
        return self.conversation.meta.get("progressToken")


def unheard(patience: Patience) -> Relay:
    """Return the relay of requests that are our own."""
    return Relay(NOBODY, patience)
