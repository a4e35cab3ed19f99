"""As much of PromQL as our alerts and dashboard speak: read strictly, so that what does not parse is noticed here."""

import re
from dataclasses import dataclass, field

FUNCTIONS = frozenset({"rate", "increase", "changes", "histogram_quantile", "absent", "time"})
TAKES_A_RANGE = frozenset({"rate", "increase", "changes"})
AGGREGATIONS = frozenset({"sum", "min", "max", "avg", "count"})
OPERATORS = ("or", "and", "unless", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/")
TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?)(?![\w])|(?P<range>\[\d+[smhd]\])|(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)
        |(?P<text>"[^"\\]*")|(?P<sign>=~|!~|==|!=|<=|>=|[-+*/<>=(){},]))""",
    re.VERBOSE,
)


@dataclass
class Named:
    """What an expression names: each metric with the labels that are asked of it, and how they are compared."""

    metrics: dict[str, set[str]] = field(default_factory=dict)
    matchers: list[tuple[str, str, str]] = field(default_factory=list)
    """Metric, label, value, of equal ones."""


def read(expression: str) -> Named:
    """Read an expression whole; raises ValueError at what is no PromQL, or none that we know."""
    reader = _Reader(_tokens(expression))
    reader.expression()
    reader.end()
    return reader.named


def _tokens(text: str) -> list[tuple[str, str]]:
    found, place = [], 0
    while text[place:].strip():
        match = TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            raise ValueError(f"no PromQL at {text[place:]!r}")
        found.append((match.lastgroup, match[match.lastgroup]))
        place = match.end()
    return found


class _Reader:
    """Reads tokens from left to right; precedence says nothing about what is named."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.named = Named()
        self._tokens = tokens

    def expression(self) -> set[str]:
        """An operand, or several; returns the metrics within."""
        within = self._operand()
        while self._peek() in OPERATORS:
            self._take()
            within |= self._operand()
        return within

    def end(self) -> None:
        if self._tokens:
            raise ValueError(f"left over: {self._tokens}")

    def _operand(self) -> set[str]:
        kind, text = self._take()
        if kind == "number":
            return set()
        if text == "(":
            within = self.expression()
            self._expect(")")
            return within
        if kind != "name":
            raise ValueError(f"unexpected {text!r}")
        if text in AGGREGATIONS:
            return self._aggregation()
        if self._peek() == "(":
            return self._call(text)
        return self._selector(text, ranged=False)

    def _aggregation(self) -> set[str]:
        labels = self._labels() if self._peek() in ("by", "without") else set()
        self._expect("(")
        within = self.expression()
        self._expect(")")
        for metric in within:
            self.named.metrics[metric] |= labels
        return within

    def _call(self, name: str) -> set[str]:
        if name not in FUNCTIONS:
            raise ValueError(f"no function that we know: {name}")
        self._expect("(")
        within: set[str] = set()
        while self._peek() != ")":
            within |= (
                self._selector(self._take()[1], ranged=True) if name in TAKES_A_RANGE else self.expression()
            )
            if self._peek() == ",":
                self._take()
        self._expect(")")
        return within

    def _selector(self, metric: str, *, ranged: bool) -> set[str]:
        labels = self.named.metrics.setdefault(metric, set())
        if self._peek() == "{":
            self._take()
            while self._peek() != "}":
                label, sign, value = self._take()[1], self._take()[1], self._take()
                if sign not in ("=", "!=", "=~", "!~") or value[0] != "text":
                    raise ValueError(f"no matcher: {label}{sign}{value[1]}")
                labels.add(label)
                if sign == "=":
                    self.named.matchers.append((metric, label, value[1].strip('"')))
                if self._peek() == ",":
                    self._take()
            self._expect("}")
        if ranged != (bool(self._tokens) and self._tokens[0][0] == "range"):
            raise ValueError(f"{metric}: a range is {'missing' if ranged else 'too many'}")
        if ranged:
            self._take()
        return {metric}

    def _labels(self) -> set[str]:
        self._take()
        self._expect("(")
        labels = set()
        while (text := self._take()[1]) != ")":
            if text != ",":
                labels.add(text)
        return labels

    def _peek(self) -> str | None:
        return self._tokens[0][1] if self._tokens else None

    def _take(self) -> tuple[str, str]:
        if not self._tokens:
            raise ValueError("it ends too early")
        return self._tokens.pop(0)

    def _expect(self, text: str) -> None:
        if self._take()[1] != text:
            raise ValueError(f"{text!r} expected")
