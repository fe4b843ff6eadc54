"""The command line: `toolgate`, or `python -m gateway`.

Each command imports what it needs when it runs, so that asking for help loads neither web server nor database.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from gateway import __version__
from gateway.kit.imports import imports_for_good

app = typer.Typer(
    name="toolgate",
    help="A self-hosted gateway that gives agents the right person's accounts over MCP.",
    no_args_is_help=True,
    add_completion=False,
    # A traceback with local variables would show secrets.
    pretty_exceptions_enable=False,
)
keys = typer.Typer(help="API keys of product backends, and the keys that credentials are sealed with.")
integrations = typer.Typer(help="What third parties can do here.")
app.add_typer(keys, name="keys", no_args_is_help=True)
app.add_typer(integrations, name="integrations", no_args_is_help=True)

Config = Annotated[
    Path | None, typer.Option("--config", "-c", help="TOML file; ./config.toml where there is one.", show_default=False)
]
OfOrganization = Annotated[
    str | None,
    typer.Option("--organization", "-o", help="Slug or id; may be left out while there is one.", show_default=False),
]


def main() -> None:
    """Run the command line; what an operator can fix is one line on standard error and exit code 1."""
    from gateway.commands import CommandFailed
    from gateway.kit.sources import SettingsError

    try:
        app(prog_name="toolgate")
    except (CommandFailed, SettingsError) as error:
        sys.exit(f"toolgate: {error}")


@app.callback(invoke_without_command=True)
def toolgate(version: Annotated[bool, typer.Option("--version", help="Show the version and leave.")] = False) -> None:
    """What holds for every command."""
    if version:
        print(f"toolgate {__version__}")
        raise typer.Exit


@app.command()
def serve(config: Config = None) -> None:
    """Run the gateway until it is stopped."""
    with imports_for_good():
        from gateway.commands.serve import serve as run

    run(config)


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="Leave after the story, and remove what it made.")] = False,
) -> None:
    """Start a gateway with a provider simulator and tell its story with a real MCP client."""
    from gateway.demo import demo as run

    raise typer.Exit(run(once=once))


@app.command()
def migrate(config: Config = None) -> None:
    """Bring the database to the schema of this release; `serve` does it too."""
    from gateway.commands.migrate import migrate as run

    run(config)


@app.command()
def check_config(config: Config = None) -> None:
    """Read the settings and tell what would hold, secrets masked."""
    from gateway.commands.check_config import check_config as run

    run(config)


@app.command()
def doctor(
    config: Config = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document instead of text.")] = False,
) -> None:
    """Check a deployment the way its clients see it; exit code 1 where something fails."""
    from gateway.commands.doctor import doctor as run

    raise typer.Exit(run(config, as_json=as_json))


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    organization: OfOrganization = None,
    days: Annotated[int | None, typer.Option(min=1, help="Days until it expires.", show_default=False)] = None,
    config: Config = None,
) -> None:
    """Make an API key for a whole organization and show it, once. The first one makes an organization too."""
    from gateway.commands.api_keys import create

    create(config, name=name, organization=organization, days=days)


@keys.command("list")
def list_keys(organization: OfOrganization = None, config: Config = None) -> None:
    """List the API keys of one or all organizations."""
    from gateway.commands.api_keys import list_all

    list_all(config, organization=organization)


@keys.command("revoke")
def revoke_key(key_id: Annotated[str, typer.Argument(metavar="ID")], config: Config = None) -> None:
    """Delete an API key; it opens nothing from then on."""
    from gateway.commands.api_keys import revoke

    revoke(config, key_id=key_id)


@keys.command("rotate")
def rotate_key_ring(config: Config = None) -> None:
    """Put a new encryption key in front of the ring; takes effect with the next start."""
    from gateway.commands.key_ring import rotate

    rotate(config)


@keys.command("reseal")
def reseal(config: Config = None) -> None:
    """Seal every credential anew under the first key of the ring, so that the older ones can go."""
    from gateway.commands.key_ring import reseal as run

    run(config)


@integrations.command("check")
def check_integrations(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH...]", exists=True, help="Manifests, or folders of them; integrations_dir."),
    ] = None,
    config: Config = None,
) -> None:
    """Find what is wrong with manifests, by file and line; exit code 1 where anything is."""
    from gateway.commands.integrations import check

    raise typer.Exit(check(config, paths or []))


@integrations.command("setup")
def set_up_integration(
    name: Annotated[str, typer.Argument(metavar="NAME", help="An integration, or a provider of only one.")],
    manifest: Annotated[
        bool, typer.Option("--manifest", help="Only the app manifest, for those who take one.")
    ] = False,
    config: Config = None,
) -> None:
    """Tell how to register an OAuth app at a provider: callback address, scopes, steps, settings."""
    from gateway.commands.integrations_setup import setup

    setup(config, name, only_manifest=manifest)


@integrations.command("list")
def list_integrations(config: Config = None) -> None:
    """List the integrations that this deployment has."""
    from gateway.commands.integrations import list_all

    list_all(config)


@integrations.command("verify")
def verify_integration(
    name: Annotated[str, typer.Argument(metavar="NAME", help="An integration.")],
    *,
    live: Annotated[
        bool, typer.Option("--live", help="Try what only reads, with an account of yours; asks for its credential.")
    ] = False,
    auth_method: Annotated[
        str | None, typer.Option("--auth-method", metavar="KEY", help="How the credential was made; the usual way.")
    ] = None,
    inputs: Annotated[
        list[str] | None, typer.Option("--input", metavar="NAME=VALUE", help="An input that actions need; repeatable.")
    ] = None,
    config: Config = None,
) -> None:
    """Tell how far each action is proven; exit code 1 where one fails that was tried."""
    from gateway.commands.integrations_verify import verify

    raise typer.Exit(verify(config, name, live=live, auth_method=auth_method, inputs=inputs or []))


@integrations.command("import")
def import_integration(
    source: Annotated[
        str, typer.Argument(metavar="DOCUMENT", help="An OpenAPI document: a file, or an https address.")
    ],
    *,
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="What the integration is called here.")],
    tags: Annotated[list[str] | None, typer.Option("--tag", help="Only operations of this tag; repeatable.")] = None,
    operations: Annotated[list[str] | None, typer.Option("--operation", help="Only this id; repeatable.")] = None,
    paths: Annotated[list[str] | None, typer.Option("--path", help="Only paths like `/repos/*`; repeatable.")] = None,
    base_url: Annotated[
        str | None, typer.Option("--base-url", help="The API's address, if not the first server.")
    ] = None,
    save: Annotated[
        Path | None, typer.Option("--save", help="Keep the manifest as this file, or in this folder.")
    ] = None,
    config: Config = None,
) -> None:
    """Make an integration of an OpenAPI document: show its tools, what each costs a model, and what is left out."""
    from gateway.commands.integrations_import import Choice, import_openapi

    choice = Choice(tags or (), operations or (), paths or ())
    import_openapi(config, source, name=name, choice=choice, base_url=base_url, save=save)


@integrations.command("docs")
def write_integration_pages(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", file_okay=False, help="Where the pages are written.")],
) -> None:
    """Write a page for each integration, with its actions, how each is proven, and what has to be set up."""
    from gateway.commands.integration_pages import write_pages

    write_pages(folder)


if __name__ == "__main__":
    main()
