"""Templates: the environment that pages are rendered in."""

from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from web import present, times

HERE = Path(__file__).parent
STATIC = HERE / "static"


def _static_version() -> str:
    """Changes with the files, so that a browser may keep them for good."""
    digest = sha256()
    for path in sorted(STATIC.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


_ENVIRONMENT = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.globals.update(
    static_version=_static_version(), short_id=present.short_id, lead_status=present.lead_status
)
_ENVIRONMENT.filters.update(iso=times.iso, moment=partial(times.moment, zone=times.zone_of()[0]))


def render(template: str, *, now: datetime | None = None, **values: Any) -> str:
    """Render a template; `now` is what `relative` counts from."""
    relative = partial(times.relative, now=now) if now else None
    return _ENVIRONMENT.get_template(template).render(now=now, relative=relative, **values)


def page(
    template: str, *, status_code: int = 200, now: datetime | None = None, **values: Any
) -> HTMLResponse:
    """A whole page; nobody but the asker may keep it, and it is asked for anew each time."""
    for name in ("caller", "here", "urgent"):
        values.setdefault(name, None)
    html = render(template, now=now, **values)
    return HTMLResponse(
        html, status_code, headers={"Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}
    )
