"""`apptrail dead-letters`: what died and why, and posting it again."""

import json
from typing import Any
from uuid import UUID

import typer

from boot.settings import Settings
from db import dead_letters, foresight, replays, suspects
from db.dead_letter_filters import STATES, Filter, seconds_in
from db.dead_letters import NotOpen, UnknownLetter
from db.desk import Database
from db.replays import NotPossible, UnknownReplay
from pipeline.job import KINDS
from scripts import console
from workers.doorbell import Doorbell
from workers.replayer import drive
from workers.ringer import Ringer

app = typer.Typer(no_args_is_help=True, help="Dead letters: jobs that were given up.")

IdArgument = typer.Argument(help="A dead letter's id.")
ReasonOption = typer.Option(..., "--reason", help="Why, for the audit trail.")
ByOption = typer.Option("cli", "--by", envvar="USER", help="Who you are, for the audit trail.")
ClientOption = typer.Option(None, "--client", help="Id or name.")
ProviderOption = typer.Option(None, "--provider")
KindOption = typer.Option(None, "--kind", help=", ".join(KINDS) + ".")
FingerprintOption = typer.Option(None, "--fingerprint", help="As the groups show it.")
LeadOption = typer.Option(None, "--lead")
WhyDiedOption = typer.Option(
    None, "--died-of", help="Its reason: failed, killed_its_worker, parked:no_zone …"
)
OlderOption = typer.Option(None, "--older", help="Older than, as in 30m, 6h or 2d.")
NewerOption = typer.Option(None, "--newer", help="Younger than, as in 30m, 6h or 2d.")


@app.command("list")
def list_(
    client: str | None = ClientOption,
    provider: str | None = ProviderOption,
    kind: str | None = KindOption,
    fingerprint: str | None = FingerprintOption,
    lead: UUID | None = LeadOption,
    died_of: str | None = WhyDiedOption,
    older: str | None = OlderOption,
    newer: str | None = NewerOption,
    state: str = typer.Option("open", help="open, replaying, replayed, discarded or all."),
    groups: bool = typer.Option(True, "--groups/--letters", help="Counts by fingerprint, or letters."),
    limit: int = typer.Option(50, min=1, max=1000, help="Letters at most."),
    after: UUID | None = typer.Option(None, help="Letters after this id."),
    as_json: bool = console.JsonOption,
) -> None:
    """List dead letters, grouped by what they died of unless `--letters` is given."""
    if state not in (*STATES, "all"):
        console.fail(f"--state is one of {', '.join(STATES)}, all.")
    with console.database(console.settings()) as database:
        wanted = _filter(database, client, provider, kind, fingerprint, lead, died_of, older, newer, state)
        found = (
            dead_letters.groups(database, wanted)
            if groups
            else dead_letters.letters(database, wanted, limit, after)
        )
    console.show(found, as_json=as_json)


@app.command("show")
def show(letter: UUID = IdArgument, as_json: bool = console.JsonOption) -> None:
    """Show one letter: where it failed, its notes, its job if it is on its way, and what a replay would do."""
    with console.database(console.settings()) as database:
        try:
            found = dead_letters.letter(database, letter)
        except UnknownLetter:
            console.fail("No dead letter has that id.")
        found["replay_would"] = foresight.foresee(database, Filter(letter_id=letter))
    _define(found, as_json=as_json)


@app.command("note")
def note(
    letter: UUID = IdArgument,
    text: str = typer.Argument(help="What you found. No personal data: notes are kept as they are."),
    by: str = ByOption,
) -> None:
    """Add a note to a letter. Put no names, addresses or numbers of people in it."""
    with console.database(console.settings()) as database:
        try:
            dead_letters.add_note(database, letter, by, text)
        except UnknownLetter:
            console.fail("No dead letter has that id.")
    print("noted")


@app.command("discard")
def discard(letter: UUID = IdArgument, reason: str = ReasonOption, by: str = ByOption) -> None:
    """Close a letter for good. The row stays, with who did it and why.

    What it said may have been true, so the clock asks the client's Calendly and GoHighLevel connections for all
    meetings of its lead; `apptrail dead-letters show` tells what they said.
    """
    with console.database(console.settings()) as database:
        try:
            asked = dead_letters.discard(database, letter, by, reason)
        except UnknownLetter:
            console.fail("No dead letter has that id.")
        except NotOpen:
            console.fail("This letter is not open: it was replayed or discarded already.")
    print(f"discarded; {_asking(asked)}")


def _asking(connections: int) -> str:
    if not connections:
        return "nobody can be asked for its lead's meetings: no lead, or no active Calendly or GoHighLevel connection"
    return f"its lead's meetings are asked for at {connections} connection{'s' if connections > 1 else ''}"


@app.command("quarantined")
def quarantined(as_json: bool = console.JsonOption) -> None:
    """List leads whose jobs wait because their book itself fails; `apptrail release` lets one go on."""
    with console.database(console.settings()) as database:
        rows = suspects.quarantined(database)
    console.show(
        [dict(zip(("client_id", "lead_id", "fingerprint"), row, strict=True)) for row in rows],
        as_json=as_json,
    )


@app.command("replays")
def list_replays(as_json: bool = console.JsonOption) -> None:
    """List the latest replays."""
    with console.database(console.settings()) as database:
        console.show(replays.listed(database), as_json=as_json)


@app.command("stop")
def stop(
    replay: UUID = typer.Argument(help="A replay's id."),
    cancel: bool = typer.Option(False, "--cancel", help="For good, instead of until `replay --resume`."),
    by: str = ByOption,
) -> None:
    """Pause a replay, or cancel it. Jobs that it has posted are carried out."""
    _set_state(replay, "canceled" if cancel else "paused", by)
    print("canceled" if cancel else "paused")


@app.command("replay")
def replay(
    client: str | None = ClientOption,
    provider: str | None = ProviderOption,
    kind: str | None = KindOption,
    fingerprint: str | None = FingerprintOption,
    lead: UUID | None = LeadOption,
    letter: UUID | None = typer.Option(None, "--letter", help="Just this one."),
    died_of: str | None = WhyDiedOption,
    older: str | None = OlderOption,
    newer: str | None = NewerOption,
    dry_run: bool = typer.Option(False, "--dry-run", help="Say what would happen; write nothing."),
    canaries: int = typer.Option(1, "--canary", min=0, help="Letters of each fingerprint that go first."),
    rate: float = typer.Option(
        5.0, min=0.1, max=100_000, help="Letters a second; as fast as workers take them, if that is slower."
    ),
    limit: int | None = typer.Option(None, min=1, help="Letters at most."),
    reason: str | None = typer.Option(None, "--reason", help="Why, for the audit trail. Required."),
    resume: UUID | None = typer.Option(None, "--resume", help="Go on with a replay that was paused or left."),
    by: str = ByOption,
    as_json: bool = console.JsonOption,
) -> None:
    """Post every open letter that matches again, oldest first, once a canary of each fingerprint lives."""
    loaded = console.settings()
    with console.database(loaded) as database:
        if resume is not None:
            _set_state(resume, "running", by)
            _drive(loaded, database, resume, as_json=as_json)
            return
        wanted = _filter(
            database, client, provider, kind, fingerprint, lead, died_of, older, newer, "open", letter
        )
        if dry_run:
            console.show(foresight.foresee(database, wanted, limit), as_json=as_json)
            return
        if not reason:
            console.fail("--reason is missing: say why, for the audit trail.")
        begun = replays.start(
            database, wanted, actor=by, reason=reason, rate=rate, most=limit, canaries=canaries
        )
        _drive(loaded, database, begun, as_json=as_json)


def _drive(loaded: Settings, database: Database, replay_id: UUID, *, as_json: bool) -> None:
    """Step until the replay ends or somebody pauses it, telling how far it is about once a second."""
    bell = Doorbell.connect(loaded.redis_url)
    ringer = Ringer(bell)
    try:
        found = drive(database, replay_id, ringer, tell=lambda far: None if as_json else print(_line(far)))
    finally:
        ringer.close()
        bell.close()
    print(json.dumps(found, default=str) if as_json else _line(found))
    if found["state"] == "stopped" or found["failed_again"]:
        raise typer.Exit(2)


def _line(found: dict[str, Any]) -> str:
    return (
        f"{found['id']}  {found['state']}  {found['posted']}/{found['total']} posted, {found['applied']} applied, "
        f"{found['failed_again']} failed again, {found['eta_seconds']} s left"
    )


def _set_state(replay_id: UUID, state: str, by: str) -> None:
    with console.database(console.settings()) as database:
        try:
            replays.set_state(database, replay_id, state, by)
        except UnknownReplay:
            console.fail("No replay has that id.")
        except NotPossible as ended:
            console.fail(f"This replay has ended: {ended}.")


def _filter(
    database: Database, client: str | None, provider: str | None, kind: str | None, fingerprint: str | None,
    lead: UUID | None, died_of: str | None, older: str | None, newer: str | None, state: str, letter: UUID | None = None,
) -> Filter:  # fmt: skip
    return Filter(
        client_id=None if client is None else console.find_client(database, client).id,
        provider=provider, kind=kind, fingerprint=fingerprint, lead_id=lead, letter_id=letter, reason=died_of,
        state=None if state == "all" else state,
        older=_age(older, "--older"), newer=_age(newer, "--newer"),
    )  # fmt: skip


def _age(text: str | None, option: str) -> float | None:
    try:
        return seconds_in(text)
    except ValueError:
        console.fail(f"{option} is a number with s, m, h or d, as in 30m.")


def _define(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(found, default=str))
        return
    for name, value in found.items():
        print(f"{name + ':':18} {'-' if value is None else value}")
