"""The command `apptrail`."""

import typer

from scripts import (
    audits,
    booking,
    clients,
    connections,
    dead_letters,
    deliver,
    doctor,
    leads,
    migration,
    operators,
    pausing,
    processes,
    resubscribe,
    retention,
    sweep,
    tokens,
    up,
)

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
connections.app.command("resubscribe")(resubscribe.resubscribe)
app.add_typer(connections.app, name="connection")
app.add_typer(tokens.app, name="token")
app.add_typer(leads.app, name="leads")
app.add_typer(operators.app, name="operator")
app.command("deliver")(deliver.deliver)
app.add_typer(dead_letters.app, name="dead-letters")
app.command("pause")(pausing.pause)
app.command("resume")(pausing.resume)
app.command("release")(pausing.release)
app.command("sweep")(sweep.sweep_)
app.command("doctor")(doctor.doctor)
app.command("migrate-appointments")(migration.migrate_appointments)
app.command("audit-rollups")(audits.audit_rollups)
app.command("rebuild")(audits.rebuild)
app.command("retention")(retention.retention)
app.command("book")(booking.book)
