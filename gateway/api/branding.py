"""How pages and mails look to end users, as organizations and workspaces set it over REST."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from gateway.api.models import Answer, Body, omitted
from gateway.tenancy.branding import MAX_LOGO_BYTES, held_branding
from gateway.tenancy.return_addresses import MAX_LENGTH

_BASE64_OF_LOGO = (MAX_LOGO_BYTES // 3 + 1) * 4
_Name = Annotated[str, Field(min_length=1, max_length=100)]


class BrandingChanges(Body):
    """How pages and mails look; what is absent keeps its value, null clears."""

    name: _Name | None = Field(default=None, description="Who asks; the organization's name if absent.")
    logo: Annotated[str, Field(max_length=_BASE64_OF_LOGO + 100)] | None = Field(
        default=None, description="`data:image/png;base64,…`, or jpeg, webp, svg+xml; at most 64 KiB of picture."
    )
    accent_color: Annotated[str, Field(max_length=7)] | None = Field(default=None, description="`#rrggbb`.")
    support_url: Annotated[str, Field(max_length=MAX_LENGTH)] | None = Field(
        default=None, description="Where people find help: an https or mailto address."
    )
    mail_sender_name: _Name | None = Field(default=None, description="Sender of mails; the name if absent.")


class Branding(Answer):
    """How pages and mails look, as far as it has been set."""

    name: str | None = omitted()
    logo: str | None = omitted()
    accent_color: str | None = omitted()
    support_url: str | None = omitted()
    mail_sender_name: str | None = omitted()

    @classmethod
    def of(cls, settings: Mapping[str, Any] | None) -> "Branding | None":
        """Show the branding among these settings; None where nothing has been set."""
        held = held_branding(settings)
        fields = {name: held.get(field.alias or name) for name, field in cls.model_fields.items()}
        return cls.model_validate(fields) if held else None
