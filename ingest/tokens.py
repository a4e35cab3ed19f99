"""Our own token in a provider's tracking: the id of the lead that a link was made for (RULES 1)."""

import re
from uuid import UUID

_TOKEN = re.compile(r"(?:lead:)?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})", re.ASCII)


def token_in(*texts: str | None) -> UUID | None:
    """The first lead id among some texts."""
    for text in texts:
        if text and (token := _TOKEN.fullmatch(text.strip())):
            return UUID(token[1])
    return None
