"""Under which account a server runs that refuses to run as root."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

NOBODY = 65534
SERVER_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
"""All that a server gets of ours: it has no business with our secrets, nor with stray PG* variables."""


@dataclass(frozen=True, slots=True)
class Account:
    """An owner for a server's files, and the means to start programs as that owner."""

    uid: int
    """Who owns the files, as seen from outside."""
    switch: bool = False
    prefix: tuple[str, ...] = ()

    def own(self, folder: Path) -> None:
        """Hand a folder to this account, with all in it if it last belonged to another."""
        if folder.stat().st_uid == self.uid:
            return
        for place, folders, files in os.walk(folder):
            for name in (*folders, *files):
                os.chown(Path(place, name), self.uid, -1, follow_symlinks=False)
        os.chown(folder, self.uid, -1)

    def start(
        self, command: Sequence[str], output: IO[bytes], *, death_signal: str
    ) -> subprocess.Popen[bytes]:
        """Start a server in a session of its own: a Ctrl-C in our terminal is not meant for it."""
        return subprocess.Popen(
            [*self.prefix, *dying_with_us(death_signal), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            **self._surroundings(),
        )

    def run(self, command: Sequence[str], text: str = "") -> subprocess.CompletedProcess[str]:
        """Run a program to its end, with this text as its input."""
        return subprocess.run(
            [*self.prefix, *command],
            input=text,
            capture_output=True,
            text=True,
            check=False,
            **self._surroundings(),
        )

    def _surroundings(self) -> dict[str, Any]:
        switch = {"user": NOBODY, "group": _group(), "extra_groups": []} if self.switch else {}
        return {"env": SERVER_ENVIRONMENT, "cwd": "/", "umask": 0o077, **switch}


def dying_with_us(death_signal: str) -> tuple[str, ...]:
    """The prefix that has the kernel send this signal when the *thread* that starts the program ends.

    So start servers from the main thread. Without setpriv (no Linux) a killed parent leaves its servers.
    """
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", death_signal, "--") if setpriv else ()


def account_for(program: Path, *folders: Path) -> Account:
    """Ourselves, unless we are root: then nobody, as a true user or, behind closed doors, as a mapped one.

    A user namespace maps root to nobody: the server sees that it is not root, and still gets through
    folders that only root may enter. It comes second since many containers forbid it.
    """
    if os.getuid() != 0:
        return Account(uid=os.getuid())
    if all(map(_open_to_others, (program, *folders))):
        return Account(uid=NOBODY, switch=True)
    unshare = shutil.which("unshare") or "unshare"
    return Account(uid=0, prefix=(unshare, "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}", "--"))


def _open_to_others(path: Path) -> bool:
    """Whether anybody may reach the path; what does not exist yet is made by us, open."""
    return all(place.stat().st_mode & 0o001 for place in (path, *path.parents) if place.exists())


def _group() -> int:
    try:
        return pwd.getpwuid(NOBODY).pw_gid
    except KeyError:  # a container without the entry: the number serves as well
        return NOBODY
