"""Settings of a workspace integration on the wire (contract 1.2). They are kept exactly as sent."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from gateway.api.models import Body
from integrations.requests import Method

NamespaceKey = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"\S")]


class AdvancedCode(Body):
    """How long code may run, and what outlives a run."""

    timeout_seconds: int = Field(default=300, ge=1, le=300)
    sandbox_persistence: Literal["ephemeral", "persistent"] = "ephemeral"
    storage_mount_scope: Literal["none", "end_user", "workspace", "external"] = "none"
    storage_external_id: NamespaceKey | None = None

    @model_validator(mode="after")
    def _external_storage_is_named(self) -> "AdvancedCode":
        if self.storage_mount_scope == "external" and self.storage_external_id is None:
            raise ValueError("storageExternalId is required with storageMountScope `external`")
        return self


class Persistence(Body):
    """Whose state a built-in integration works with."""

    scope: Literal["end_user", "workspace", "external"] = "end_user"
    external_id: NamespaceKey | None = None

    @model_validator(mode="after")
    def _external_state_is_named(self) -> "Persistence":
        if self.scope == "external" and self.external_id is None:
            raise ValueError("externalId is required with scope `external`")
        return self


class LocalBrowser(Body):
    """Which browser a local agent drives."""

    runtime: Literal["chrome_extension", "managed_profile"] = "chrome_extension"


class AnyRequestTool(Body):
    """A tool that sends requests to any endpoint of the integration's API; without it there is none."""

    methods: list[Method] = Field(default=["GET"], min_length=1, max_length=5, description="What it may send.")


class IntegrationSettings(Body):
    """What the workspace's owner decides for an integration; callers can't change it."""

    advanced_code: AdvancedCode | None = None
    persistence: Persistence | None = None
    local_browser: LocalBrowser | None = None
    any_request: AnyRequestTool | None = None
    lookup_tools: bool = Field(default=True, description="Whether agents get tools that list values for inputs.")
