"""English: phrases and what they mean. Each rule has a name, which its signal carries."""

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple

from ingest.signals.clauses import Clause, clauses
from ingest.signals.days import day_named
from ingest.signals.english_slots import slot_choice
from ingest.signals.english_zones import zone_named_in
from pipeline.signals import Signal, SignalKind

SURE = 0.95
LIKELY = 0.8


class _Rule(NamedTuple):
    kind: SignalKind
    name: str
    phrase: re.Pattern[str]
    unless: re.Pattern[str] | None = None
    """Looked for in the clause before the phrase."""
    stems: tuple[str, ...] = ()
    """The phrase cannot be in a text that has none of these: most texts need not be searched."""

    def may_be_in(self, words: str) -> bool:
        """Whether a text is worth a search."""
        return any(stem in words for stem in self.stems)


def _any(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{phrase})" for phrase in phrases))


_POLITE = re.compile(
    r"\b(?:please|pls|plz|kindly|thanks?(?: you)?|thank you|thx|just|now|immediately|asap|hi|hello|hey|yes|ok|sir|all ready|already)\b"
)
_NEGATED = re.compile(
    r"(?<!why )(?<!can you )\b(?:don't|dont|do not|no need to|never|not|didn't|won't|can't|cannot)\b"
)
_NEVER = re.compile(r"(?!)")

_WHOLE_OPT_OUT = re.compile(
    r"(?:stopp?(?: ?all| it| this)?|unsubscribe(?: me)?|unsub|quit|cancel|end|opt[ -]?out|revoke|remove(?: me)?)"
)
_CLAUSE_OPT_OUT = re.compile(
    r"(?:stopp?(?: ?all| it| this)?|unsubscribe(?: me)?|unsub|opt[ -]?out|remove me)"
)
_TO_US = r"(?:me|us|my|this|these|our|here)\b"

_OPT_OUT = (
    _Rule(
        SignalKind.OPT_OUT,
        "unsubscribe",
        _any(r"\bunsubs?c?r?i?b\w*", r"\bopt (?:me |us )?out\b"),
        _NEGATED,
        stems=("unsub", "opt "),
    ),
    _Rule(
        SignalKind.OPT_OUT,
        "remove_me",
        _any(
            r"\b(?:remove|delete|erase|drop) (?:me|us|my (?:e-?mail|name|number|phone|address|contact|info|data|details)|this (?:number|e-?mail|address))",
            r"\b(?:take|get) (?:me|us|my .{1,20}|this (?:number|e-?mail|address)) (?:off|out of)\b",
            r"\bdo[ -]not[ -](?:call|contact|text|e-?mail) list\b",
        ),
        _NEGATED,
        stems=("remove", "delete", "erase", "drop", "take ", "get ", "list"),
    ),
    _Rule(
        SignalKind.OPT_OUT,
        "stop_sending",
        _any(
            r"\bstop (?:texting|e-?mailing|messaging|contacting|sending(?! (?:it|that|them) to)|spamming|bothering|writing|harassing|pestering|sms|reaching out)",
            r"\b(?:stop|quit) calling(?! (?:it|this|that|him|her|them))",
            r"\bquit (?:texting|e-?mailing|messaging|contacting)",
            r"\bmake (?:it|this|these|them) stop\b",
            r"\bcease (?:and desist|(?:all |any )?(?:further )?(?:communications?|contact|messages|e-?mails|texts|calls))\b",
            r"\bcancel my subscription\b",
            r"\bstop (?:all |the |these |those |with the |your )?(?:texts|messages|e-?mails|calls|spam)\b",
        ),
        re.compile(r"\b(?:don't|dont|do not|can't|never|please don't)\b"),
        stems=("stop", "quit ", "cease", "cancel my"),
    ),
    _Rule(
        SignalKind.OPT_OUT,
        "do_not_contact",
        _any(
            rf"\b(?:do not|don't|dont|never)(?: ever)? contact {_TO_US}",
            r"\b(?:do not|don't|dont|never)(?: ever)? (?:text|e-?mail|message|call|sms|write|bother|send)\b.{0,50}\b(?:again|any ?more|any longer)\b",
            r"\b(?:do not|don't|dont|never) ever (?:text|e-?mail|message|call)\b",
            r"^(?:do not|don't|dont) (?:text|e-?mail|message|sms) (?:me|us|this number)$",
            r"\bno longer (?:wish|want|care) to (?:receive|get|hear|be (?:contacted|e-?mailed|texted))",
            r"\b(?:do not|don't|dont) (?:want|wish) (?:to (?:receive|get|hear)|any) .{0,30}\b(?:messages|e-?mails|texts|calls|from you|this)\b",
            r"\bno more (?:messages|texts|e-?mails|calls|sms|spam)\b",
            r"\blose my number\b",
            r"\bleave (?:me|us) alone\b",
        ),
        stems=(
            "contact",
            "text",
            "mail",
            "message",
            "call",
            "sms",
            "write",
            "bother",
            "send",
            "wish",
            "want",
            "care",
            "no more",
            "lose my",
            "alone",
        ),
    ),
)

_BOUNCE = _Rule(
    SignalKind.BOUNCE,
    "delivery_failed",
    _any(
        r"\bdelivery has failed\b",
        r"^undeliver(?:able|ed)\b",
        r"\bmail delivery (?:failed|subsystem)\b",
        r"\bcould not be delivered\b",
        r"\bwasn't delivered to\b",
        r"\baddress not found\b",
        r"\bdelivery status notification\b",
        r"\b5[0-5]\d[ -]5\.\d\.\d",
        r"\bmailbox is full\b",
        r"\bdoes not exist\.?$",
    ),
    stems=("deliver", "not found", "5.", "mailbox is full", "does not exist"),
)
_OUT_OF_OFFICE = _Rule(
    SignalKind.OUT_OF_OFFICE,
    "away",
    _any(
        r"\b(?:am|i'm|will be|currently|be) (?:currently )?(?:out of (?:the )?office|away from (?:my|the) desk|ooo)\b",
        r"^(?:out of (?:the )?office|ooo)\b(?! (?:management|service))",
        r"\bi(?:'m| am) away (?:from|until|till|with)\b",
        r"\bon (?:annual|maternity|paternity|parental|sick|medical) leave\b",
        r"\b(?:am|i'm|be) on (?:vacation|holiday|pto|leave)\b",
        r"\blimited access to (?:my )?e-?mail\b",
    ),
    stems=("office", "ooo", "away", "leave", "vacation", "holiday", "pto", "limited access"),
)
_AUTO_REPLY = _Rule(
    SignalKind.AUTO_REPLY,
    "automatic",
    _any(
        r"\bautomat(?:ed|ic) (?:response|reply|message|e-?mail)\b",
        r"^auto(?:matic|mated)?[ -]?reply\b",
        r"\b(?:mailbox|inbox|address) is not monitored\b",
        r"\bwe(?: have|'ve) received your (?:message|request|e-?mail|inquiry|enquiry)\b",
        r"\bticket (?:#?\w+ )?has been (?:created|opened)\b",
        r"\bdo not reply to this\b",
        r"\bi'm driving (?:right )?now\b",
        r"\bthank(?:s| you) for (?:contacting|reaching out|your (?:e-?mail|message|inquiry)).{0,40}\b(?:we|our team|someone) (?:will|shall)\b",
        r"\bwe will (?:respond|reply|get back to you) within\b",
        r"\bdo not disturb while driving\b",
        r"\bno longer (?:work|works|with|employed)\b.{0,60}\b(?:contact|reach)\b",
    ),
    stems=(
        "do not reply",
        "auto",
        "not monitored",
        "received your",
        "ticket",
        "thank",
        "will respond",
        "will reply",
        "get back to you within",
        "driving",
        "no longer",
    ),
)
_UNTIL = re.compile(r"\b(?:back|return(?:ing)?)\b(.{0,40})|\b(?:until|till|through)\b(.{0,40})")

_NOT_INTERESTED = (
    _Rule(
        SignalKind.NOT_INTERESTED,
        "not_interested",
        _any(
            r"\b(?:not|no longer|isn't|aren't|never) (?:really |at all |that |currently |particularly )?int(?:e|er|ere)?rest(?:ed)?\b",
            r"\b(?:no|zero|not any) interest\b",
        ),
        re.compile(r"\b(?:not saying|not that|was|were|why|before)\b"),
        stems=("rest",),
    ),
    _Rule(
        SignalKind.NOT_INTERESTED,
        "declines",
        _any(
            r"\balready (?:have|work with|working with|use|using|got) (?:a|an|someone|somebody|another|one)\b",
            r"\bwent with (?:another|someone|somebody|a different)\b",
            r"\b(?:i'll|we'll|i will|we will|gonna|going to) pass\b",
            r"\b(?:it's a|hard) no\b",
            r"\b(?:isn't|not) (?:really )?a (?:good |great )?fit\b",
            r"^(?:nah |no )?we're (?:all )?(?:good|set)$",
            r"\bdecided (?:not to|against)\b",
            r"\b(?:to|must|will) decline\b",
            r"\bin[- ]house\b",
            r"\bsold the (?:business|company)\b",
            r"\btoo expensive\b",
            r"\bnot for (?:me|us)$",
        ),
        stems=(
            "already",
            "went with",
            "pass",
            " no",
            "not for",
            "fit",
            "we're",
            "decided",
            "decline",
            "house",
            "sold",
            "expensive",
        ),
    ),
)
_WHOLE_NO = re.compile(r"(?:no|nope|nah|pass|hard pass)(?: thanks| thank you)?")
_CLAUSE_NO = re.compile(r"(?:no|nope|nah) (?:thanks|thank you|thx)")

_SNOOZE = _Rule(
    SignalKind.SNOOZE,
    "later",
    _any(
        r"\b(?:try|text|e-?mail|message|ping|contact|remind|hit|ask) (?:me|us)\b",
        r"\b(?:check|circle|get|come|reach|touch) (?:back|base|out|in)\b",
        r"\b(?:follow up|reconnect|revisit)\b",
        r"\blet's (?:talk|chat|connect|speak)\b",
        r"\bcall (?:me|us) (?:back )?(?:after|in a|in \w+ (?:days|weeks|months)|next)\b",
        r"\bnot until\b",
        r"\bmaybe (?:in|next|after|around|early|late)\b",
        r"\b(?:busy|swamped|slammed)\b",
        r"\bopens in\b",
    ),
    stems=(
        "ask ",
        "try ",
        "text ",
        "mail ",
        "message ",
        "ping ",
        "contact ",
        "remind ",
        "hit ",
        "back",
        "base",
        "reach out",
        "check in",
        "follow up",
        "reconnect",
        "revisit",
        "let's",
        "call ",
        "not until",
        "maybe",
        "busy",
        "swamped",
        "slammed",
        "opens in",
    ),
)
_SNOOZE_UNDATED = _any(
    r"^not (?:right )?now\b",
    r"\bmaybe later\b",
    r"\bbad tim(?:e|ing)\b",
    r"\bnot (?:a|the) (?:good|best|right) time\b",
    r"\bdown the road\b",
    r"\bsome other time\b",
)

_REQUESTS = (
    _Rule(
        SignalKind.MEETING_REQUESTED,
        "meeting",
        _any(
            r"\b(?:can|could|shall|let's|want to|like to|love to|happy to|we) (?:we |us )?(?:meet|book|schedule|set up|arrange|reschedule|chat)\b",
            r"\bavailable to (?:meet|talk|chat)\b",
            r"\b(?:calendar|booking|scheduling) link\b",
            r"\b(?:your|the) (?:calendly|calendar)\b",
            r"\b(?:book|schedule|set up|arrange|move|reschedule|change) (?:a|an|our|my|the|another) (?:meeting|appointment|demo|consult\w*|zoom|session|time|slot)\b",
            r"\bset something up\b",
            r"\bany (?:openings?|availability|slots?|times)\b",
            r"\bdo you have (?:anything|something|any|other|another|more)\b.{0,20}\b(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday|times?|slots?|week)\b",
            r"\bwhat times?\b",
            r"\bother times\b",
            r"\byour availability\b",
        ),
        re.compile(r"\b(?:don't|do not|had|was|were|no need)\b"),
        stems=(
            "meet",
            "book",
            "schedul",
            "set up",
            "arrange",
            "chat",
            "link",
            "calend",
            "available to",
            "move ",
            "change ",
            "set something",
            "any ",
            "do you have",
            "what time",
            "other times",
            "availability",
        ),
    ),
    _Rule(
        SignalKind.CALL_REQUESTED,
        "call",
        _any(
            r"^(?:please |pls )?(?:can you |could (?:you|someone|somebody) |would you |feel free to )?(?:call|phone|ring) (?:me|us)\b(?! (?:bob|mr|ms|after|in a|in \w+ (?:days|weeks|months)|next))",
            r"\b(?:could|can) (?:someone|somebody|you) (?:call|phone|ring) (?:me|us)\b",
            r"\b(?:give (?:me|us) a|hop on a(?: quick)?|jump on a(?: quick)?) (?:call|ring|buzz)\b",
            r"\btalk on the phone\b",
        ),
        re.compile(r"\b(?:don't|do not|never|missed|they)\b"),
        stems=("call", "phone", "ring", "buzz"),
    ),
    _Rule(
        SignalKind.INFORMATION_REQUESTED,
        "information",
        _any(
            r"\bhow much\b",
            r"\bwhat(?:'s| is| are)? (?:the |your )?(?:pric\w+|cost|rates?|fees?)\b",
            r"\bwhat (?:do you charge|does it cost|exactly do you)\b",
            r"\b(?:send|share|give)\b.{0,20}\b(?:info|information|details|pricing|brochure|case studies|deck)\b",
            r"\b(?:tell me|learn|know|hear) more\b",
            r"\bdo you have (?:a |any |some )?(?:brochure|case studies|examples|pricing|website)\b",
            r"\bhow does (?:it|this|that) work\b",
            r"\bwhat (?:exactly )?do you (?:offer|do|sell)\b",
            r"\bwhat (?:exactly )?is it (?:that )?you\b",
            r"\bwhat it costs\b",
            r"\bwhat's included\b",
            r"\bdo you have (?:a |any |some )?deck\b",
        ),
        re.compile(r"\b(?:don't|do not|no)\b"),
        stems=("how ", "what", "send", "share", "give", "more", "do you have", "deck"),
    ),
)


_RULES = (*_OPT_OUT, *_NOT_INTERESTED, *_REQUESTS)


def read(words: str, said_at: datetime) -> Iterator[Signal]:
    """Read a person's or a machine's own words, in lower case."""
    pieces = list(clauses(words))
    yield from _machine(words, said_at)
    yield from _whole(words)
    rules = [rule for rule in _RULES if rule.may_be_in(words)]
    later = _SNOOZE.may_be_in(words)
    for piece in pieces:
        yield from _wishes(piece, rules)
        yield from _snooze(piece, said_at, later=later)
        if zone := zone_named_in(piece.text):
            yield Signal(kind=SignalKind.TIMEZONE, confidence=LIKELY, rule="zone_named", zone=zone)
    if choice := slot_choice(pieces):
        yield Signal(kind=SignalKind.SLOT_ACCEPTED, confidence=SURE, rule="slot_named", choice=choice)


def _machine(words: str, said_at: datetime) -> Iterator[Signal]:
    """Messages that no person wrote: a whole line decides, not a clause."""
    away = _OUT_OF_OFFICE.may_be_in(words) and _OUT_OF_OFFICE.phrase.search(words)
    rules = [
        rule
        for rule in (_BOUNCE, _AUTO_REPLY)
        if rule.may_be_in(words) and not (away and rule is _AUTO_REPLY)
    ]
    if not away and not rules:
        return
    for line in words.split("\n"):
        for rule in rules:
            if rule.phrase.search(line):
                yield Signal(kind=rule.kind, confidence=SURE, rule=rule.name)
        if away and _OUT_OF_OFFICE.phrase.search(line) and not line.endswith("?"):
            until = _back_on(words, said_at)
            yield Signal(
                kind=SignalKind.OUT_OF_OFFICE, confidence=SURE, rule=_OUT_OF_OFFICE.name, until=until
            )


def _back_on(words: str, said_at: datetime) -> date | None:
    """The day of return: what follows "back" says more than what follows "until"."""
    best = None
    for sentence in re.split(r"[.\n]\s+|,\s+(?=back)|\band (?=will|i'll)", words):
        for found in _UNTIL.finditer(sentence):
            day = day_named(found[1] or found[2], said_at)
            best = day if day is not None and (best is None or found[1]) else best
    return best


def _whole(words: str) -> Iterator[Signal]:
    bare = _bare(words)
    if _WHOLE_OPT_OUT.fullmatch(bare):
        yield Signal(kind=SignalKind.OPT_OUT, confidence=1.0, rule="keyword")
    if _WHOLE_NO.fullmatch(re.sub(r"\W+", " ", words).strip()):
        yield Signal(kind=SignalKind.NOT_INTERESTED, confidence=LIKELY, rule="no")


def _bare(words: str) -> str:
    """Without politeness, marks and pictures."""
    return " ".join(re.sub(r"[^\w -]+", " ", _POLITE.sub(" ", words)).split())


def _wishes(piece: Clause, rules: Sequence[_Rule]) -> Iterator[Signal]:
    if _CLAUSE_OPT_OUT.fullmatch(_bare(piece.text)):
        yield Signal(kind=SignalKind.OPT_OUT, confidence=SURE, rule="keyword")
    if _CLAUSE_NO.fullmatch(piece.text):
        yield Signal(kind=SignalKind.NOT_INTERESTED, confidence=LIKELY, rule="no")
    for rule in rules:
        found = rule.phrase.search(piece.text)
        if found and not (rule.unless or _NEVER).search(piece.text[: found.start()]):
            yield Signal(kind=rule.kind, confidence=SURE if rule in _OPT_OUT else LIKELY, rule=rule.name)


def _snooze(piece: Clause, said_at: datetime, *, later: bool) -> Iterator[Signal]:
    if _SNOOZE_UNDATED.search(piece.text):
        yield Signal(
            kind=SignalKind.SNOOZE, confidence=LIKELY, rule="undated", until=day_named(piece.text, said_at)
        )
    elif later and _SNOOZE.phrase.search(piece.sentence) and (until := day_named(piece.sentence, said_at)):
        yield Signal(kind=SignalKind.SNOOZE, confidence=LIKELY, rule=_SNOOZE.name, until=until)
