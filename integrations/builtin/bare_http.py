"""The bare HTTP port for Python actions, with its errors turned into failures."""

from integrations.failures import ActionFailed, InvalidInput, ProviderTimedOut, ProviderUnavailable
from integrations.ports import Http, HttpError, HttpRefused, HttpRequest, HttpResponse, HttpTimedOut, HttpTooLarge


async def send(http: Http, request: HttpRequest, *, pointer: str) -> HttpResponse:
    """The answer to `request`, whatever its status. `pointer` is the input that the address came from.

    Raises:
        InvalidInput: the address may not be reached.
        ActionFailed: there was no usable answer; the class says why.
    """
    try:
        return await http.send(request)
    except HttpError as error:
        raise _failure(error, pointer=pointer) from error


def _failure(error: HttpError, *, pointer: str) -> ActionFailed:
    match error:
        case HttpRefused():
            return InvalidInput(error.message, path=pointer)
        case HttpTimedOut():
            return ProviderTimedOut(error.message)
        case HttpTooLarge():
            return ActionFailed(error.message)
        case _:
            return ProviderUnavailable(error.message)
