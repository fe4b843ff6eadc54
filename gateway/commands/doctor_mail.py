"""What `doctor` sees of the way to the mail server: as far as a mail would go, without sending one."""

from gateway.commands.findings import Finding, failed, ok, skipped, warning
from gateway.kit.mail import MailFailed, knock
from gateway.settings import Settings


async def look_at_mail(settings: Settings) -> Finding:
    """Connect, encrypt and sign in as for a mail."""
    server = settings.smtp_server
    if server is None:
        if settings.keeps_mail_for_developers:
            return skipped("mail", "no mail server; on this machine alone, mails are shown at /dev/mailbox")
        return warning(
            "mail",
            "no mail server: no invitations, and nobody can be asked for a code by e-mail",
            fix="set smtp_host and mail_from, or let every workspace use a hand-off (docs/who-opened-the-link.md)",
        )
    place = f"{server.host}, port {server.port}, {server.security}"
    try:
        await knock(server)
    except MailFailed as error:
        return failed("mail", f"{place}: {error}", fix="correct the smtp_ settings; codes and invitations go nowhere")
    return ok("mail", f"{place}, from {server.mail_from}")
