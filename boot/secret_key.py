"""The secret key that an embedded installation makes for itself and keeps in a file."""

import os
import secrets
from pathlib import Path


def kept_key(path: Path) -> str:
    """The key in `path`, made on first use with mode 600.

    Several processes may come first at once. The file is written whole beside its place and then linked
    to it: the first link wins, and everybody reads the winner's key.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
        _link(draft, path)
    return path.read_text(encoding="ascii").strip()


def _link(draft: Path, path: Path) -> None:
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass  # another process was first; its key is the one
    finally:
        draft.unlink()
