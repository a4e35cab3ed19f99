"""Environments of their own for what only the measurements need: made on demand under var/, as their locks say."""

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from boot.settings import PROJECT

HOME = PROJECT / "var" / "bench"


def python_of(lock: Path) -> Path:
    """The interpreter that has what a lock names; a lock that changed makes it anew.

    Raises subprocess.CalledProcessError where a package cannot be had.
    """
    folder = HOME / lock.stem
    python, stamp = folder / "bin" / "python", folder / "lock.sha256"
    wanted = sha256(lock.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"Installing {lock.name} into {folder.relative_to(PROJECT)}", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        pip = [str(python), "-m", "pip", "-q", "--disable-pip-version-check", "install"]
        subprocess.run([*pip, "--require-hashes", "-r", str(lock)], check=True)
        stamp.write_text(wanted)
    return python
