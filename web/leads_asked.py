"""Which leads a page is asked for: conditions in the URL, none of which is personal data."""

from typing import Annotated

from fastapi import Depends, Query

from db.reads.lead_list import Filters
from db.reads.scope import Scope
from pipeline.words import Provider, Source
from web.asked import id_in
from web.conditions import Conditions, said_in
from web.problems import Problem

Word = Annotated[str, Query(max_length=80)]
YES_NO = {"": None, "yes": True, "no": False}


class LeadsAsked(Conditions):
    """The conditions of a list of leads."""

    def filters(self) -> Filters:
        """What the list is narrowed to; raises Problem for what cannot be asked."""
        said = self.values.get
        provider, source = said("provider"), said("source")
        try:
            return Filters(
                status=said("status"),
                provider=Provider(provider) if provider else None,
                source=Source(source) if source else None,
                upcoming=YES_NO[said("upcoming", "")],
                stub=YES_NO[said("stub", "")],
            )
        except (ValueError, KeyError):
            raise Problem(422, "bad-field", "There is no such filter.") from None

    def scope(self, reach: Scope) -> Scope | None:
        """One client's leads, or everybody's within reach; None if the client is out of it."""
        return reach.narrowed(id_in(self.values.get("client", "")))


def asked_in(
    status: Word = "",
    provider: Word = "",
    source: Word = "",
    upcoming: Word = "",
    stub: Word = "",
    client: Word = "",
) -> LeadsAsked:
    """A dependency: what the URL asks for; raises Problem for what cannot be printed."""
    given = said_in(locals())
    if not all(value.isprintable() for value in given.values()):
        raise Problem(422, "bad-field", "There is no such filter.")
    return LeadsAsked(given)


Asked = Annotated[LeadsAsked, Depends(asked_in)]
