import base64
import re
import tomllib
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.settings import ENVIRONMENT_PREFIX, IntegrationSettings, Settings, SettingsError, load_settings

ROOT = Path(__file__).parents[2]
NAMES = ["slack", "google-sheets", "github"]
KEY = base64.b64encode(b"k" * 32).decode()
OTHER_KEY = base64.b64encode(b"o" * 32).decode()
SERVICE_KEY = "service-key-of-at-least-32-characters"
CANARY = "c4n4ryc4n4ryc4n4ry"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run where no config.toml of a developer lies."""
    monkeypatch.chdir(tmp_path)


def from_environment(**variables: str) -> Settings:
    environ = {ENVIRONMENT_PREFIX + name: value for name, value in variables.items()}
    return load_settings(environ=environ, integrations=NAMES)


def from_file(tmp_path: Path, text: str, **variables: str) -> Settings:
    file = tmp_path / "gateway.toml"
    file.write_text(text, encoding="utf-8")
    environ = {ENVIRONMENT_PREFIX + name: value for name, value in variables.items()}
    return load_settings(config=file, environ=environ, integrations=NAMES)


def refusal_of(**variables: str) -> str:
    with pytest.raises(SettingsError) as refused:
        from_environment(**variables)
    return str(refused.value)


def test_without_any_configuration_everything_has_a_value(tmp_path: Path) -> None:
    settings = from_environment()
    assert settings.public_url == "http://127.0.0.1:8080"
    assert settings.data_dir == tmp_path / "data"
    assert settings.database_url.get_secret_value() == f"sqlite+aiosqlite:///{tmp_path}/data/toolgate.db"
    assert settings.key_file == tmp_path / "data/encryption.key"
    assert settings.egress_policy.allowed_hosts == ()


def test_the_environment_wins_over_the_file_and_the_file_over_the_built_in_value(tmp_path: Path) -> None:
    settings = from_file(tmp_path, 'port = 9000\nlog_level = "debug"', PORT="9001")
    assert (settings.port, settings.log_level, settings.log_format) == (9001, "debug", "auto")


def test_config_toml_of_the_working_directory_is_read(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("port = 9002")
    assert from_environment().port == 9002


def test_an_empty_variable_counts_as_unset(tmp_path: Path) -> None:
    assert from_file(tmp_path, "port = 9000", PORT="", SERVICE_KEY="").port == 9000


def test_variables_of_others_are_not_read() -> None:
    assert load_settings(environ={"PORT": "1", "TOOLGATES": "x"}, integrations=NAMES).port == 8080


def test_lists_are_written_with_commas_in_the_environment_and_as_lists_in_toml(tmp_path: Path) -> None:
    networks = (IPv4Network("10.0.0.0/8"), IPv6Network("::1/128"))
    assert from_environment(TRUSTED_PROXIES="10.0.0.0/8, ::1").trusted_proxies == networks
    assert from_file(tmp_path, 'trusted_proxies = ["10.0.0.0/8", "::1"]').trusted_proxies == networks


def test_the_key_ring_keeps_its_order_in_either_base64_alphabet_and_from_a_file(tmp_path: Path) -> None:
    wild = bytes([251, 255] * 16)
    ring = [base64.urlsafe_b64encode(wild).decode().rstrip("="), KEY]
    (tmp_path / "ring").write_text("\n".join(ring) + "\n")
    for settings in (from_environment(ENCRYPTION_KEYS=",".join(ring)), from_environment(ENCRYPTION_KEYS_FILE="ring")):
        assert [key.get_secret_value() for key in settings.encryption_keys] == [wild, b"k" * 32]


def test_a_provider_is_configured_by_its_folded_name(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\n")
    settings = from_environment(
        INTEGRATIONS_GOOGLE_SHEETS_CLIENT_ID="id", INTEGRATIONS_GOOGLE_SHEETS_CLIENT_SECRET_FILE="secret"
    )
    google = settings.integrations["google-sheets"]
    assert google.client_id == "id"
    assert google.client_secret
    assert google.client_secret.get_secret_value() == "s3cret"


def test_file_and_environment_add_up_within_one_provider(tmp_path: Path) -> None:
    settings = from_file(tmp_path, '[integrations.slack]\nclient_id = "id"', INTEGRATIONS_SLACK_CLIENT_SECRET="s")
    assert settings.integrations["slack"].client_id == "id"
    assert settings.integrations["slack"].client_secret


def test_url_maps_of_all_providers_are_one_map_and_allowed_as_targets(tmp_path: Path) -> None:
    settings = from_file(
        tmp_path,
        '[integrations.slack]\nurls = {"https://slack.com/api/" = "http://127.0.0.1:4601/api/"}',
        INTEGRATIONS_GITHUB_URLS="https://api.github.com/=http://127.0.0.1:4602/, https://github.com/=http://127.0.0.1:4603/",
    )
    assert len(settings.url_map) == 3
    target = settings.egress_policy.target("https://slack.com/api/chat.postMessage")
    assert target.url == "http://127.0.0.1:4601/api/chat.postMessage"


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("https://Tools.Example.com/", "https://tools.example.com"),
        ("https://tools.example.com:443", "https://tools.example.com"),
        ("https://tools.example.com:8443", "https://tools.example.com:8443"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://tools.localhost", "http://tools.localhost"),
        ("http://[::1]:80/", "http://[::1]"),
        ("http://127.9.9.9:1", "http://127.9.9.9:1"),
    ],
)
def test_the_public_url_is_kept_in_normal_form(written: str, normal: str) -> None:
    assert from_environment(PUBLIC_URL=written).public_url == normal


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("http://tools.example.com", "plain http is for this machine only"),
        ("http://10.0.0.1:8080", "plain http is for this machine only"),
        ("http://localhost.example.com", "plain http is for this machine only"),
        ("https://example.com/tools", "without a path"),
        ("https://example.com/?a=b", "without a path"),
        ("https://example.com/#", "without a path"),
        ("https://me:pw@example.com", "user name or password"),
        ("example.com", "write it like https://"),
        ("ftp://example.com", "write it like https://"),
        ("https://exam ple.com", "write it like https://"),
        ("https://example.com:0", "write it like https://"),
        ("https://example.com:99999", "write it like https://"),
        ("http://127.1", "write it like https://"),
        ("https://", "write it like https://"),
    ],
)
def test_a_public_url_that_is_no_https_origin_is_refused_with_the_fix(written: str, reason: str) -> None:
    message = refusal_of(PUBLIC_URL=written)
    assert message.startswith("TOOLGATE_PUBLIC_URL: ")
    assert reason in message


@pytest.mark.parametrize(("host", "url"), [("::1", "http://[::1]:8080"), ("0.0.0.0", "http://127.0.0.1:8080")])
def test_the_public_url_follows_host_and_port_only_on_this_machine(host: str, url: str) -> None:
    settings = from_environment(HOST=host)
    assert settings.public_url == url
    assert settings.is_local


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("PORT", "eighty", "valid integer"),
        ("PORT", "0", "greater than or equal to 1"),
        ("PORT", "70000", "less than or equal to 65535"),
        ("HOST", "127.1", "an address of this machine"),
        ("HOST", "http://x", "an address of this machine"),
        ("DATABASE_URL", "postgres://u:p@db/x", "has to begin with sqlite+aiosqlite:/// or postgresql+asyncpg://"),
        ("DATABASE_URL", "sqlite+aiosqlite:///:memory:", "has to name a file that lasts"),
        ("ENCRYPTION_KEYS", "c2hvcnQ=", "32 bytes in base64"),
        ("ENCRYPTION_KEYS", "not base64!", "32 bytes in base64"),
        ("ENCRYPTION_KEYS", f"{KEY},{KEY}", "twice"),
        ("SERVICE_KEY", "short", "at least 24 characters"),
        ("TRUSTED_PROXIES", "10.0.0.1/8", "host bits set"),
        ("TRUSTED_PROXIES", "proxy.example.com", "is a name"),
        ("EGRESS_ALLOW", "https://example.com", "alone"),
        ("EGRESS_ALLOW", "10.0.0.1/8", "host bits set"),
        ("EGRESS_PROXY", "socks5://proxy:1080", "http://proxy.example.com:3128"),
        ("TOOL_TIMEOUT_SECONDS", "nan", "less than or equal to 300"),
        ("TOOL_TIMEOUT_SECONDS", "inf", "less than or equal to 300"),
        ("LOG_FORMAT", "xml", "'auto', 'text' or 'json'"),
        ("INTEGRATIONS_SLACK_CLIENT_SECRET", "s", "without client_id"),
        ("INTEGRATIONS_SLACK_URLS", "https://slack.com/api/", "https://from.example/="),
        ("INTEGRATIONS_SLACK_URLS", "slack.com=localhost", "not an absolute http or https one"),
        ("PROT", "8080", "did you mean TOOLGATE_PORT?"),
        ("INTEGRATIONS_SLAK_CLIENT_ID", "x", "did you mean TOOLGATE_INTEGRATIONS_SLACK_CLIENT_ID?"),
        ("INTEGRATIONS_SLACK_CLIENT_IDS", "x", "did you mean TOOLGATE_INTEGRATIONS_SLACK_CLIENT_ID?"),
        ("SERVICE_KEY_FILE", "/nowhere/key", "No such file or directory"),
    ],
)
def test_a_bad_variable_is_named_with_the_reason(variable: str, value: str, reason: str) -> None:
    message = refusal_of(**{variable: value})
    assert message.startswith(f"TOOLGATE_{variable}: ")
    assert reason in message
    assert message.isprintable()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("prot = 8080", "prot in {file}: there is no such setting; did you mean port?"),
        ("public-url = 'x'", "public-url in {file}: there is no such setting; did you mean public_url?"),
        ("port = true", "port in {file}: has to be a number, not true or false"),
        ("host = 3", "host in {file}: input should be a valid string; without a value it is 127.0.0.1"),
        ("[integrations.slak]", "integrations.slak in {file}: there is no such setting; did you mean slack?"),
        ("integrations = 3", "integrations in {file}: has to be a table; write it as a section [integrations]"),
        ("port = ", "{file}: not TOML: Invalid value (at end of document)"),
        (
            "[integrations.slack]\nclient_id = 7",
            "integrations.slack.client_id in {file}: input should be a valid string",
        ),
    ],
)
def test_a_mistake_in_the_file_is_named_with_key_and_file(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SettingsError) as refused:
        from_file(tmp_path, text)
    assert str(refused.value) == message.format(file=tmp_path / "gateway.toml")


def test_a_file_that_was_named_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"absent\.toml: No such file"):
        load_settings(config=tmp_path / "absent.toml", environ={}, integrations=NAMES)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b'host = "\xe9"')
    with pytest.raises(SettingsError, match="save the file as UTF-8"):
        from_environment()


def test_one_prefix_is_not_sent_to_two_places() -> None:
    message = refusal_of(
        INTEGRATIONS_SLACK_URLS="https://example.com/=http://127.0.0.1:1/",
        INTEGRATIONS_GITHUB_URLS="https://example.com/=http://127.0.0.1:2/",
    )
    assert "another integration sends https://example.com/ elsewhere" in message


def test_a_value_is_not_given_both_plainly_and_by_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(SERVICE_KEY)
    message = refusal_of(SERVICE_KEY=SERVICE_KEY, SERVICE_KEY_FILE="key")
    assert message == "TOOLGATE_SERVICE_KEY_FILE: TOOLGATE_SERVICE_KEY is set as well; keep one of the two"


def test_no_secret_is_in_a_repr() -> None:
    settings = from_environment(
        SERVICE_KEY=SERVICE_KEY,
        ENCRYPTION_KEYS=KEY,
        DATABASE_URL=f"postgresql+asyncpg://u:{CANARY}@db/x",
        EGRESS_PROXY=f"http://u:{CANARY}@proxy:3128",
        INTEGRATIONS_SLACK_CLIENT_ID="id",
        INTEGRATIONS_SLACK_CLIENT_SECRET=CANARY,
    )
    for text in (repr(settings), str(settings), repr(settings.egress_policy)):
        assert not any(secret in text for secret in (SERVICE_KEY, KEY, CANARY, "kkkk"))


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SERVICE_KEY", CANARY),
        ("ENCRYPTION_KEYS", CANARY),
        ("DATABASE_URL", f"mysql://u:{CANARY}@db/x"),
        ("EGRESS_PROXY", f"https://u:{CANARY}@proxy"),
        ("EGRESS_ALLOW", f"u:{CANARY}@host"),
        ("PUBLIC_URL", f"https://u:{CANARY}@host"),
        ("SMTP_PASSWORD", CANARY),
        ("SMTP_HOST", f"smtp://u:{CANARY}@host"),
        ("INTEGRATIONS_SLACK_CLIENT_SECRET", CANARY),
        ("INTEGRATIONS_SLACK_URLS", f"https://u:{CANARY}@a/=https://b/"),
    ],
)
def test_no_secret_is_in_a_refusal_or_what_caused_it(variable: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        from_environment(**{variable: value})
    seen: BaseException | None = refused.value
    while seen is not None:
        assert CANARY not in f"{seen} {seen!r}"
        assert seen.__suppress_context__ or seen.__context__ is None
        seen = seen.__cause__


@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_is_written_a_refusal_is_one_printable_line(name: str, value: str) -> None:
    variables = {"TOOLGATE_" + name: value, "TOOLGATE_PUBLIC_URL": value, "TOOLGATE_EGRESS_ALLOW": value}
    try:
        load_settings(environ=variables, integrations=NAMES)
    except SettingsError as refused:
        assert str(refused).isprintable()  # noqa: PT017 -- not every text is refused


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_the_mail_servers_port_follows_from_how_the_way_there_is_kept(security: str, port: int) -> None:
    server = from_environment(SMTP_HOST="mail.example", MAIL_FROM="a@b.example", SMTP_SECURITY=security).smtp_server
    assert server is not None
    assert (server.host, server.port, server.mail_from) == ("mail.example", port, "a@b.example")
    assert from_environment().smtp_server is None


@pytest.mark.parametrize(
    ("variables", "hint"),
    [
        ({"SMTP_HOST": "mail.example"}, "mail_from"),
        ({"SMTP_HOST": "mail.example:25", "MAIL_FROM": "a@b.example"}, "SMTP_HOST"),
        ({"SMTP_HOST": "smtp://mail.example", "MAIL_FROM": "a@b.example"}, "SMTP_HOST"),
        ({"MAIL_FROM": "Acme <a@b.example>"}, "toolgate@example.com"),
        ({"MAIL_FROM": "a@b.example\r\nBcc: c@d.example"}, "MAIL_FROM"),
        ({"SMTP_PASSWORD": "x"}, "smtp_username"),
        (
            {
                "SMTP_HOST": "mail.example",
                "MAIL_FROM": "a@b.example",
                "SMTP_SECURITY": "none",
                "SMTP_USERNAME": "u",
                "SMTP_PASSWORD": "x",
            },
            "in the clear",
        ),
    ],
)
def test_a_mail_server_that_could_not_work_is_refused(variables: dict[str, str], hint: str) -> None:
    assert hint in refusal_of(**variables)


def test_mails_are_kept_for_developers_only_where_nobody_but_this_machine_sees_them() -> None:
    assert from_environment().keeps_mail_for_developers
    assert not from_environment(HOST="0.0.0.0").keeps_mail_for_developers
    assert not from_environment(PUBLIC_URL="https://tools.example").keeps_mail_for_developers
    assert not from_environment(SMTP_HOST="mail.example", MAIL_FROM="a@b.example").keeps_mail_for_developers


def settings_of_the_example() -> set[str]:
    """Return the keys of config.example.toml, each line that sets one being commented out or not."""
    lines = (ROOT / "config.example.toml").read_text(encoding="utf-8").splitlines()
    setting = re.compile(r"#? ?(\[|[a-z_]+ = )")
    document = tomllib.loads("\n".join(line.removeprefix("# ") for line in lines if setting.match(line)))
    provider = document.pop("integrations")["slack"]
    return set(document) | {f"integrations.NAME.{name}" for name in provider}


def settings_there_are() -> set[str]:
    plain = Settings.model_fields.keys() - {"integrations"}
    return plain | {f"integrations.NAME.{name}" for name in IntegrationSettings.model_fields}


def test_the_example_file_has_every_setting_and_no_other() -> None:
    assert settings_of_the_example() == settings_there_are()


def test_the_example_file_as_it_stands_changes_nothing() -> None:
    example = load_settings(config=ROOT / "config.example.toml", environ={}, integrations=NAMES)
    assert example == from_environment()


def test_the_configuration_page_has_every_setting_its_variable_and_its_value() -> None:
    page = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-zA-Z_.]+)` \| `([A-Z_]+)` \| (.*?) \|", page, flags=re.MULTILINE)
    assert {name for name, _, _ in rows} == settings_there_are()
    for name, variable, value in rows:
        assert variable == ENVIRONMENT_PREFIX + name.replace(".", "_").upper()
        default = Settings.model_fields[name].default if name in Settings.model_fields else None
        if isinstance(default, str | int | float):
            assert value == f"`{default}`"
