"""The files of this project: those that git tracks or would track."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def tracked_files() -> list[Path]:
    """Every file of the project that exists, in order; nothing that .gitignore names."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        return _walk()
    listing = [git, "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, capture_output=True, check=True, text=True).stdout.split("\0")
    return sorted(path for name in set(names) if name and (path := ROOT / name).is_file())


def _walk() -> list[Path]:
    """Without git, as in an unpacked archive: all but what begins with a dot or is made by running."""
    made = {"var", "build", "__pycache__"}
    inside = [path for path in ROOT.rglob("*") if path.is_file()]
    parts = {path: path.relative_to(ROOT).parts for path in inside}
    return sorted(p for p in inside if not any(part in made or part.startswith(".") for part in parts[p]))
