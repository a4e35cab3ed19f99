"""The command `apptrail`."""

import typer

from scripts import audits, clients, connections, deliver, leads, migration, processes, tokens, up

app = typer.Typer(
    name="apptrail",
    help="The appointment history of an agency's leads, from what Calendly and GoHighLevel say.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("up")(up.up)
app.command("web")(processes.web)
app.command("worker")(processes.worker)
app.command("clock")(processes.clock)
app.add_typer(clients.app, name="client")
app.add_typer(connections.app, name="connection")
app.add_typer(tokens.app, name="token")
app.add_typer(leads.app, name="leads")
app.command("deliver")(deliver.deliver)
app.command("migrate-appointments")(migration.migrate_appointments)
app.command("audit-rollups")(audits.audit_rollups)
app.command("rebuild")(audits.rebuild)
