"""English: that nobody is there, or not yet: what machines answer, and what asks to wait."""

import re

from ingest.signals.rules import SURE, UNSURE, Rule
from pipeline.signals import SignalKind

BOUNCE = Rule(
    SignalKind.BOUNCE,
    "delivery_failed",
    (
        ("delivery", r"\bdelivery has failed\b"),
        ("undeliverable", r"^undeliver(?:able|ed)\b"),
        ("undeliverable", r"\b(?:was|is) undeliver(?:able|ed)\b"),
        ("delivery", r"\bmail delivery (?:failed|subsystem)\b"),
        ("delivered", r"\bcould not be delivered\b"),
        ("delivered", r"\bwasn't delivered to\b"),
        ("address", r"\baddress not found\b"),
        ("delivery", r"\bdelivery status notification\b"),
        ("5", r"\b5[0-5]\d[ -]5\.\d\.\d"),
        ("mailbox", r"\bmailbox is full\b"),
        ("exist", r"\bdoes not exist\.?$"),
    ),
    confidence=SURE,
)
OUT_OF_OFFICE = Rule(
    SignalKind.OUT_OF_OFFICE,
    "away",
    (
        (
            "office desk ooo",
            r"\b(?:am|i'm|will be|currently|be) (?:currently )?(?:out of (?:the )?office|away from (?:my|the) desk|ooo)\b",
        ),
        ("office ooo", r"^(?:out of (?:the )?office|ooo)\b(?! (?:management|service))"),
        ("away", r"\bi(?:'m| am) away (?:from|until|till|with)\b"),
        ("leave", r"\bon (?:annual|maternity|paternity|parental|sick|medical) leave\b"),
        ("vacation holiday pto leave", r"\b(?:am|i'm|be) on (?:vacation|holiday|pto|leave)\b"),
        ("limited", r"\blimited access to (?:my )?e-?mail\b"),
        ("travelling traveling", r"\b(?:am|i'm|be) travell?ing (?:until|till|through|with)\b"),
    ),
    confidence=SURE,
)
AUTO_REPLY = Rule(
    SignalKind.AUTO_REPLY,
    "automatic",
    (
        ("auto", r"\bautomat(?:ed|ic) (?:response|reply|message|e-?mail)\b"),
        ("auto", r"^auto(?:matic|mated)?[ -]?reply\b"),
        ("monitored", r"\b(?:mailbox|inbox|address) is not monitored\b"),
        (
            "received",
            r"\bwe(?: have|'ve) received your (?:message|request|e-?mail|inquiry|enquiry)\b",
        ),
        ("ticket", r"\bticket (?:#?\w+ )?has been (?:created|opened)\b"),
        ("reply", r"\bdo not reply to this\b"),
        ("driving", r"\bi'm driving (?:right )?now\b"),
        ("automated auto", r"\bthis is an auto(?:mated|matic)?\b"),
        (
            "touch back",
            (
                r"\b(?:someone|somebody|we|our team|a member of our team) will (?:be in touch|get back to you) "
                r"(?:shortly|soon|as soon as)\b"
            ),
        ),
        (
            "thank",
            (
                r"\bthank(?:s| you) for (?:contacting|reaching out|your (?:e-?mail|message|inquiry)).{0,40}"
                r"\b(?:we|our team|someone) (?:will|shall)\b"
            ),
        ),
        ("within", r"\bwe will (?:respond|reply|get back to you) within\b"),
        ("driving", r"\bdo not disturb while driving\b"),
        ("longer", r"\bno longer (?:work|works|with|employed)\b.{0,60}\b(?:contact|reach)\b"),
    ),
    confidence=SURE,
)
MACHINES = (BOUNCE, AUTO_REPLY, OUT_OF_OFFICE)

UNTIL = re.compile(r"\b(?:back|return(?:ing)?)\b(.{0,40})|\b(?:until|till|through)\b(.{0,40})")
SENTENCE_ENDS = re.compile(r"[.\n]\s+|,\s+(?=back)|\band (?=will|i'll)")

LATER = Rule(
    SignalKind.SNOOZE,
    "later",
    (
        (
            "try text email mail message ping contact remind hit ask",
            r"\b(?:try|text|e-?mail|message|ping|contact|remind|hit|ask) (?:me|us)\b",
        ),
        (
            "check circle get come reach touch",
            r"\b(?:check|circle|get|come|reach|touch) (?:back|base|out|in)\b",
        ),
        ("follow reconnect revisit", r"\b(?:follow up|reconnect|revisit)\b"),
        ("let's", r"\blet's (?:talk|chat|connect|speak)\b"),
        ("call", r"\bcall (?:me|us) (?:back )?(?:after|in a|in \w+ (?:days|weeks|months)|next)\b"),
        ("until", r"\bnot until\b"),
        ("maybe", r"\bmaybe (?:in|next|after|around|early|late)\b"),
        ("busy swamped slammed", r"\b(?:busy|swamped|slammed)\b"),
        ("opens", r"\bopens in\b"),
        ("bug catch", r"\b(?:bug|catch) (?:me|us) (?:again |back )?(?:in|after|next|on|around)\b"),
        (
            "talk",
            r"^(?:let's )?talk (?:on |next |in )?(?:monday|tuesday|wednesday|thursday|friday|week|month)\b",
        ),
        ("give", r"\bgive (?:me|us) (?:a |another |until |till |about )"),
        ("before", r"\bnot before\b"),
        ("touch reach circle loop", r"\b(?:reach|circle|loop) back\b"),
        (
            "free available ready open",
            r"\b(?:free|available|ready|open) (?:again )?(?:after|in|from|later)\b",
        ),
    ),
)
UNDATED = Rule(
    SignalKind.SNOOZE,
    "undated",
    (
        ("now", r"^not (?:right )?now\b"),
        ("maybe", r"\bmaybe later\b"),
        ("bad", r"\bbad tim(?:e|ing)\b"),
        ("time", r"\bnot (?:a|the) (?:good|best|right) time\b"),
        ("road", r"\bdown the road\b"),
        ("some", r"\bsome other time\b"),
    ),
    confidence=UNSURE,  # a day named elsewhere says more
)
