"""`apptrail up`: everything on this machine, from an empty folder to an open page."""

import asyncio
import shutil
import sys
from pathlib import Path

import typer

from boot.embedded import servers
from boot.settings import PROJECT, Settings, child_environment, counters_folder
from boot.supervisor import read_procfile, supervise
from db import migrate, sign_in
from scripts import console, demo, demo_location


def up(
    scale: list[str] = typer.Option([], help="How many of a process: worker=2."),
) -> None:
    """Start Postgres and Redis (unless DATABASE_URL and REDIS_URL name others), migrate, start every process.

    Ctrl-C stops all that it started.
    """
    loaded = console.settings()
    with servers(loaded) as started:
        migrate.upgrade(loaded.sqlalchemy_url)
        with (
            console.database(loaded) as database,
            console.database(loaded) as witness,
            console.secrets_opened(),
        ):
            shown = demo.ensure(database, witness, console.keyring(loaded), loaded.var)
            location = demo_location.ensure(database, console.keyring(loaded), loaded)
            sign_in.ensure_operator(database, demo.OPERATOR, "admin")
            link = sign_in.make_link(database, demo.OPERATOR)
        _greet(loaded, shown, link)
        _empty(counters_folder(loaded.var))
        asyncio.run(
            supervise(
                {**read_procfile(PROJECT / "Procfile"), **location},
                environment=child_environment(loaded),
                scale=_scale(scale),
                servers=started,
            )
        )


def _empty(folder: Path) -> None:
    """Counters begin at nothing with the processes that keep them."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _greet(loaded: Settings, shown: demo.Shown | None, link: str) -> None:
    command = Path(sys.argv[0])
    command = command.relative_to(Path.cwd()) if command.is_relative_to(Path.cwd()) else command
    print(f"\n  apptrail    {loaded.base_url}")
    print(f"  sign in     {loaded.base_url}/sign-in/{link}   (once, within an hour)")
    if shown is not None:
        body = shown.body.relative_to(Path.cwd()) if shown.body.is_relative_to(Path.cwd()) else shown.body
        print(f"  a lead      {loaded.base_url}/leads/{shown.lead_id}")
        print(f"  a webhook   {command} deliver {demo.CLIENT} calendly {body}")
    print("  stop        Ctrl-C\n", flush=True)


def _scale(given: list[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in given:
        name, _, count = one.partition("=")
        if not count.isdecimal():
            console.fail("--scale: PROCESS=COUNT, as in worker=2.")
        counts[name] = int(count)
    return counts
