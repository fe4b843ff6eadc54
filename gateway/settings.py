"""The settings of one deployment: what there is to set, and what holds when nothing is said.

Later sources win: built-in values, then `config.toml`, then the environment (`TOOLGATE_` and the name in capitals).
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from gateway.kit.egress_policy import EgressPolicy
from gateway.kit.mail import MailSecurity, SmtpServer
from gateway.kit.notations import (
    SQLITE,
    AllowedHosts,
    BindAddress,
    Count,
    DatabaseUrl,
    Directory,
    HostName,
    KeyRing,
    MailAddress,
    Networks,
    ProxyUrl,
    PublicOrigin,
    Seconds,
    StrongSecret,
    UrlMap,
    is_loopback,
)
from gateway.kit.sources import Given, Key, SettingsError, nested, read_early, read_environment, read_toml
from gateway.kit.urls import normal_url

__all__ = ["ENVIRONMENT_PREFIX", "IntegrationSettings", "Settings", "SettingsError", "load_settings"]

ENVIRONMENT_PREFIX = "TOOLGATE_"
_DEFAULT_FILE = Path("config.toml")
_MEBIBYTE = 1024 * 1024
_SMTP_PORTS: Mapping[MailSecurity, int] = {"starttls": 587, "tls": 465, "none": 25}


def _default_public_url(given: Mapping[str, Any]) -> str:
    host = given["host"] if is_loopback(given["host"]) else "127.0.0.1"
    return f"http://[{host}]:{given['port']}" if ":" in host else f"http://{host}:{given['port']}"


def _default_database_url(given: Mapping[str, Any]) -> SecretStr:
    return SecretStr(f"{SQLITE}{given['data_dir'] / 'toolgate.db'}")


def _default_smtp_port(given: Mapping[str, Any]) -> int:
    return _SMTP_PORTS[given["smtp_security"]]


class IntegrationSettings(BaseModel):
    """How this deployment reaches one provider, and the OAuth app that it shows there."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    client_id: str | None = Field(default=None, min_length=1)
    client_secret: SecretStr | None = None
    urls: UrlMap = Field(default_factory=dict[str, str])

    @model_validator(mode="after")
    def _secret_belongs_to_an_app(self) -> Self:
        if self.client_secret is not None and self.client_id is None:
            raise ValueError("client_secret is set without client_id; set both, as the provider shows them")
        return self


class Settings(BaseModel):
    """Everything that is decided before the process starts. Secrets are masked in its repr."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=True)

    host: BindAddress = "127.0.0.1"
    port: Count = Field(default=8080, ge=1, le=65535)
    public_url: PublicOrigin = Field(default_factory=_default_public_url)
    trusted_proxies: Networks = ()

    data_dir: Directory = Path("data")
    database_url: DatabaseUrl = Field(default_factory=_default_database_url)
    encryption_keys: KeyRing = ()
    service_key: StrongSecret | None = None

    egress_allow: AllowedHosts = ()
    egress_proxy: ProxyUrl | None = None

    smtp_host: HostName | None = None
    smtp_security: MailSecurity = "starttls"
    smtp_port: Count = Field(default_factory=_default_smtp_port, ge=1, le=65535)
    smtp_username: str | None = Field(default=None, min_length=1)
    smtp_password: SecretStr | None = None
    mail_from: MailAddress | None = None

    rate_limit_per_minute: Count = Field(default=600, ge=1)
    mcp_body_max_bytes: Count = Field(default=_MEBIBYTE, ge=1024, le=64 * _MEBIBYTE)
    tool_timeout_seconds: Seconds = Field(default=50.0, gt=0, le=300)
    tool_result_max_bytes: Count = Field(default=_MEBIBYTE // 4, ge=1024, le=64 * _MEBIBYTE)

    log_format: Literal["auto", "text", "json"] = "auto"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    integrations_dir: Directory | None = None
    integrations: Mapping[str, IntegrationSettings] = Field(default_factory=dict[str, IntegrationSettings])

    @property
    def key_file(self) -> Path:
        """Where the encryption keys are kept when none are configured."""
        return self.data_dir / "encryption.key"

    @property
    def is_https(self) -> bool:
        """Whether people reach the gateway by https."""
        return normal_url(self.public_url).origin.scheme == "https"

    @property
    def is_local(self) -> bool:
        """Whether the public URL names this machine only; browsers can be given no Secure cookies then."""
        return is_loopback(normal_url(self.public_url).origin.host)

    @property
    def url_map(self) -> Mapping[str, str]:
        """URL prefix → where it is reached instead, of all integrations; the longest prefix wins."""
        return {source: target for each in self.integrations.values() for source, target in each.urls.items()}

    @property
    def egress_policy(self) -> EgressPolicy:
        """Where outgoing calls may go."""
        proxy = self.egress_proxy.get_secret_value() if self.egress_proxy else None
        return EgressPolicy(allowed_hosts=self.egress_allow, url_map=self.url_map, proxy=proxy)

    @property
    def smtp_server(self) -> SmtpServer | None:
        """Where mail is handed over, None where it can't be."""
        if self.smtp_host is None or self.mail_from is None:
            return None
        return SmtpServer(
            host=self.smtp_host,
            port=self.smtp_port,
            security=self.smtp_security,
            mail_from=self.mail_from,
            username=self.smtp_username,
            password=self.smtp_password.get_secret_value() if self.smtp_password else None,
        )

    @property
    def keeps_mail_for_developers(self) -> bool:
        """Whether mails are shown on a page instead of being sent: only where nobody but this machine sees it."""
        return self.smtp_host is None and is_loopback(self.host) and self.is_local

    @model_validator(mode="after")
    def _mail_can_be_handed_over(self) -> Self:
        if self.smtp_host is not None and self.mail_from is None:
            raise ValueError("smtp_host is set without mail_from; set both, the address that mails come from too")
        if (self.smtp_username is None) != (self.smtp_password is None):
            raise ValueError("smtp_username and smtp_password belong together; set both or neither")
        exposed = self.smtp_host is not None and not is_loopback(self.smtp_host)
        if self.smtp_password is not None and self.smtp_security == "none" and exposed:
            raise ValueError("smtp_security is none, which would send smtp_password in the clear; use starttls or tls")
        return self

    @model_validator(mode="after")
    def _one_target_for_each_prefix(self) -> Self:
        targets: dict[str, str] = {}
        for name, integration in self.integrations.items():
            for source, target in integration.urls.items():
                if targets.setdefault(source, target) != target:
                    raise ValueError(
                        f"integrations.{name}.urls: another integration sends {source} elsewhere; keep one"
                    )
        EgressPolicy(url_map=targets)
        return self


def load_settings(*, config: Path | None = None, environ: Mapping[str, str], integrations: Collection[str]) -> Settings:
    """Read the settings from `config` (`./config.toml` where there is one) and `environ`, which wins.

    `integrations` are the names that may be configured, besides those of the manifests in `integrations_dir`.
    Raises `SettingsError`, whose message never holds a value that might be secret.
    """
    file = config or (_DEFAULT_FILE if _DEFAULT_FILE.exists() else None)
    added = _named_in(read_early("integrations_dir", file=file, environ=environ, prefix=ENVIRONMENT_PREFIX))
    known = _known_keys({*integrations, *added})
    given = read_toml(file, known) if file else {}
    given |= read_environment(environ, ENVIRONMENT_PREFIX, known)
    try:
        return Settings.model_validate(nested(given))
    except ValidationError as error:
        # The original holds the values that were given: it must not travel along as a cause.
        raise SettingsError(_sentence(error, given)) from None


def _known_keys(integrations: Collection[str]) -> frozenset[Key]:
    plain = [(name,) for name in Settings.model_fields if name != "integrations"]
    named = [("integrations", name, field) for name in integrations for field in IntegrationSettings.model_fields]
    return frozenset([*plain, *named])


def _named_in(folder: Any) -> Collection[str]:
    """Return what the manifests there are called, which their files are called after."""
    return {path.stem for path in Path(folder).expanduser().glob("*.yaml")} if isinstance(folder, str) else ()


def _sentence(error: ValidationError, given: Mapping[Key, Given]) -> str:
    """Tell the first thing that is wrong, and where it was written."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    message = first["msg"].removeprefix("Value error, ") + _default_hint(first["type"], first["loc"])
    at = tuple(str(part) for part in first["loc"])
    places = [each.place for key, each in given.items() if at and (key == at[: len(key)] or at == key[: len(at)])]
    return f"{places[0]}: {message[0].lower()}{message[1:]}" if places else message


def _default_hint(kind: str, at: tuple[int | str, ...]) -> str:
    """Where pydantic itself refused a value, say what would hold without it; our own sentences name their fix."""
    default = Settings.model_fields[str(at[0])].default if len(at) == 1 else None
    return f"; without a value it is {default}" if kind != "value_error" and default is not None else ""
