"""English: what says that somebody wants to hear no more from us. Beside each phrase the words it cannot do without."""

import re

from ingest.signals.rules import SURE, Rule
from pipeline.signals import SignalKind

POLITE = re.compile(
    r"\b(?:please|pls|plz|kindly|thanks?(?: you)?|thank you|thx|just|now|immediately|asap|hi|hello|hey|yes|ok|sir|all ready|already)\b"
)
_NEGATED = r"(?<!why )(?<!can you )\b(?:don't|dont|do not|no need to|never|not|didn't|won't|can't|cannot)\b"

KEYWORDS = "stop unsubscribe unsub quit cancel end opt optout revoke remove"
WHOLE_OPT_OUT = re.compile(
    r"(?:stopp?(?: stop)*(?: ?all| it| this)?|unsubscribe(?: me)?|unsub|quit|cancel|end|opt[ -]?out|revoke|remove(?: me)?)"
)
CLAUSE_OPT_OUT = re.compile(r"(?:stopp?(?: ?all| it| this)?|unsubscribe(?: me)?|unsub|opt[ -]?out|remove me)")

_MINE = r"my (?:e-?mail|name|number|phone|address|contact|info|data|details)|this (?:number|e-?mail|address)"

OPT_OUT = (
    Rule(
        SignalKind.OPT_OUT,
        "unsubscribe",
        (
            ("unsubscribe", r"\bunsubs?c?r?i?b\w*"),
            ("opt", r"\bopt (?:me |us )?out\b"),
            (
                "off",
                (
                    r"\b(?:take|get|pull|drop|want|like|be) .{0,25}\boff (?:of )?(?:your|this|the|all) "
                    r"(?:mailing |e-?mail(?:ing)? |text |contact |call(?:ing)? |distribution )?lists?\b"
                ),
            ),
        ),
        _NEGATED,
        SURE,
    ),
    Rule(
        SignalKind.OPT_OUT,
        "remove_me",
        (
            ("remove delete erase drop", rf"\b(?:remove|delete|erase|drop) (?:me|us|{_MINE})"),
            (
                "take get",
                r"\b(?:take|get) (?:me|us|my .{1,20}|this (?:number|e-?mail|address)) (?:off|out of)\b",
            ),
            (
                "removed taken unsubscribed deleted",
                r"\b(?:asked|want|wanted|like|wish|need|please) .{0,30}\bbe (?:removed|taken off|unsubscribed|deleted)\b",
            ),
            ("list", r"\bdo[ -]not[ -](?:call|contact|text|e-?mail) list\b"),
            (
                "remove delete erase purge",
                (
                    r"\b(?:remove|delete|erase|purge) (?:all |any )?(?:of )?(?:my|our) (?:personal |contact )?"
                    r"(?:data|info|information|details|records?|number|e-?mail)\b"
                ),
            ),
        ),
        _NEGATED,
        SURE,
    ),
    Rule(
        SignalKind.OPT_OUT,
        "stop_sending",
        (
            (
                "stop",
                (
                    r"\bstop (?:texting|e-?mailing|messaging|contacting|sending(?! (?:it|that|them) to)|spamming|bothering"
                    r"|writing|harassing|pestering|sms|reaching out)"
                ),
            ),
            ("stop quit", r"\b(?:stop|quit) calling(?! (?:it|this|that|him|her|them))"),
            ("quit", r"\bquit (?:texting|e-?mailing|messaging|contacting)"),
            ("stop", r"\bmake (?:it|this|these|them) stop\b"),
            (
                "cease",
                r"\bcease (?:and desist|(?:all |any )?(?:further )?(?:communications?|contact|messages|e-?mails|texts|calls))\b",
            ),
            ("cancel", r"\bcancel my subscription\b"),
            (
                "stop quit enough",
                (
                    r"\b(?:stop|quit|enough) (?:it )?(?:with |of )?(?:all |the |these |those |this |that |your )*"
                    r"(?:messages|e-?mails|texts|calls|texting|e-?mailing|messaging|spam|spamming|blasts|nonsense)\b"
                ),
            ),
            ("stop", r"\bstop (?:blowing up my|hitting me up|messag|hassling|soliciting|pinging)"),
            (
                "blocking blocked reporting reported",
                r"\b(?:blocking|blocked|reporting|reported) (?:you|this number|your number)\b",
            ),
            (
                "off away lost",
                r"^(?:just |please )?(?:fuck off|f off|piss off|go away|get lost|buzz off)(?: already| please)?$",
            ),
            (
                "stop",
                r"\bstop (?:all |the |these |those |with the |your )?(?:texts|messages|e-?mails|calls|spam)\b",
            ),
        ),
        r"\b(?:don't|dont|do not|can't|never|please don't)\b",
        SURE,
    ),
    Rule(
        SignalKind.OPT_OUT,
        "do_not_contact",
        (
            (
                "contact",
                r"\b(?:do not|don't|dont|never)(?: ever)? contact (?:me|us|my|this|these|our|here)\b",
            ),
            (
                "again anymore any",
                (
                    r"\b(?:do not|don't|dont|never)(?: ever)? (?:text|e-?mail|message|call|sms|write|bother|send)\b"
                    r".{0,50}\b(?:again|any ?more|any longer)\b"
                ),
            ),
            ("ever", r"\b(?:do not|don't|dont|never) ever (?:text|e-?mail|message|call)\b"),
            (
                "do don't dont",
                r"^(?:please |pls |just )?(?:do not|don't|dont) (?:text|e-?mail|message|sms) (?:me|us|this number)$",
            ),
            (
                "longer",
                r"\bno longer (?:wish|want|care) to (?:receive|get|hear|be (?:contacted|e-?mailed|texted))",
            ),
            (
                "want wish",
                (
                    r"\b(?:do not|don't|dont) (?:want|wish) (?:to (?:receive|get|hear)|any) .{0,30}"
                    r"\b(?:messages|e-?mails|texts|calls|from you|this)\b"
                ),
            ),
            ("more", r"\bno more (?:messages|texts|e-?mails|calls|sms|spam)\b"),
            (
                "want need",
                (
                    r"\b(?:do not|don't|dont|never) (?:want|need) (?:any ?more |any |these |those |your |further |more )+"
                    r"(?:messages|e-?mails|texts|calls|spam)\b"
                ),
            ),
            (
                "hear",
                r"\b(?:do not|don't|dont|never) (?:ever )?(?:want|wish|care) to hear from (?:you|your|anyone)\b",
            ),
            ("contact", r"\b(?:do not|don't|dont|never)(?: ever)? contact$"),
            (
                "contacted called texted emailed e messaged",
                (
                    r"\b(?:do not|don't|dont|never) (?:ever )?(?:want|wish|care|like) to be "
                    r"(?:contacted|called|texted|e-?mailed|messaged)\b"
                ),
            ),
            ("more", r"^no more(?: of (?:these|this|those|that))?$"),
            ("lose", r"\blose (?:my|this) number\b"),
            ("leave", r"\bleave (?:me|us) alone\b"),
        ),
        confidence=SURE,
    ),
)
