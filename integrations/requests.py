"""The `request` part of a manifest: one HTTP request as data."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, model_validator

from integrations.notation import Many, Model, Name
from integrations.ports import Json

Method: TypeAlias = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

METHODS: Final[tuple[Method, ...]] = ("GET", "POST", "PUT", "PATCH", "DELETE")

Whole: TypeAlias = Annotated[str, Field(pattern=r"^\{[A-Za-z][A-Za-z0-9_]*\}$")]
"""One input that is the body itself: `"{body}"`."""

Values: TypeAlias = Literal["input"] | Many[Name] | Mapping[str, Json]
"""What is sent: `input` (everything not used elsewhere in the request), a list of input names, or a mapping from
wire names to literals and `"{name}"`s. `"{name}"` alone keeps the value's type; an absent optional input is left out.
"""


Files: TypeAlias = Many[Name] | Mapping[str, Whole]
"""Which inputs are files of the form: their names, or a mapping from wire names to `"{name}"`s."""


class RequestTemplate(Model):
    """`{post: chat.postMessage, json: input}`: exactly one method key, whose value is the path below `base_url`."""

    get: str | None = None
    post: str | None = None
    put: str | None = None
    patch: str | None = None
    delete: str | None = None
    query: Values | None = None
    json_: Values | Whole | None = Field(default=None, alias="json")
    form: Values | None = None
    files: Files | None = None
    """Sends the form as multipart/form-data with these files, also where there are none."""
    content: Whole | None = None
    """One input that is the body as it is: a file, or text."""
    headers: Mapping[str, str] = {}
    """Fixed names; values are templates. A header whose optional input is absent is left out."""

    @model_validator(mode="after")
    def _one_method_one_body(self) -> "RequestTemplate":
        given = [method for method in METHODS if getattr(self, method.lower()) is not None]
        if len(given) != 1:
            raise ValueError("a request has exactly one of get, post, put, patch, delete")
        is_form = self.form is not None or self.files is not None
        if [self.json_ is not None, is_form, self.content is not None].count(True) > 1:
            raise ValueError("a request has one body: json, form (with files), or content")
        if self.path.startswith("/") or "://" in self.path or "?" in self.path or "#" in self.path:
            raise ValueError(f"{self.path!r} must be a path below base_url: no leading '/', no '?', no '#', no host")
        return self

    @cached_property
    def method(self) -> Method:
        """The HTTP method."""
        return next(method for method in METHODS if getattr(self, method.lower()) is not None)

    @cached_property
    def path(self) -> str:
        """The path template, relative to the base URL; "" is the base URL itself."""
        return str(getattr(self, self.method.lower()))
