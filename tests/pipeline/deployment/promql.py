"""As much of PromQL as the alert rules use, on two scrapes of a process.

What a range function sees of its window are the two scrapes, however long it is. As in Prometheus,
a series that only the later scrape has did not grow.
"""

import operator
import re

import yaml

_SAMPLE = re.compile(r"([\w:]+)(?:\{(.*)\})? (\S+)")
_LABEL = re.compile(r'(\w+)(=~|!=|=)"((?:[^"\\]|\\.)*)"')
_TOKEN = re.compile(
    r"\s*([\w:]+\{[^}]*\}|\[\w+\]|[><=!]=|[-+*/()<>,]|\d[\d.]*(?:e[+-]?\d+)?|[\w:]+)"
)
_COMPARED = {">": operator.gt, "<": operator.lt, ">=": operator.ge, "==": operator.eq}
_COMPUTED = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
_REDUCED = {"sum": sum, "max": max, "min": min}


def expressions_of(files):
    """Alert -> its expression, of the rules among rendered files."""
    groups = yaml.safe_load(files["monitoring/alerts.yaml"])["groups"]
    return {rule["alert"]: rule["expr"] for group in groups for rule in group["rules"]}


def samples(exposition, **more):
    """(name, labels) -> value. `more` are the labels that Prometheus adds."""
    found = {}
    for line in exposition.splitlines():
        if line and not line.startswith("#"):
            name, labels, value = _SAMPLE.fullmatch(line).groups()
            pairs = {label: text for label, _, text in _LABEL.findall(labels or "")}
            found[name, frozenset((pairs | more).items())] = float(value)
    return found


def fires(expression, before, after, now, apart=60.0):
    """Whether an alert's expression gives anything.

    Args:
        expression: PromQL.
        before: Samples of the earlier scrape.
        after: Samples of the later one.
        now: When that was, unix seconds.
        apart: Seconds between them.
    """
    tokens = _TOKEN.findall(expression)
    assert re.sub(r"\s", "", "".join(tokens)) == re.sub(r"\s", "", expression), expression
    parsed = _Reading([token.strip() for token in tokens], before, after, now, apart)
    found = parsed.either()
    assert not parsed.tokens, parsed.tokens
    return bool(found)


class _Reading:
    """Reads and evaluates from left to right; a vector is labels -> value, a scalar a number."""

    def __init__(self, tokens, before, after, now, apart):
        self.tokens, self._before, self._after = tokens, before, after
        self._now, self._apart = now, apart

    def either(self):
        left = self._both()
        while self._taken("or"):
            left = {**self._both(), **left}
        return left

    def _both(self):
        left = self._comparison()
        while self._taken("and"):
            right = self._comparison()
            left = {labels: value for labels, value in left.items() if labels in right}
        return left

    def _comparison(self):
        left = self._computed(self._product, "+-")
        if self.tokens and self.tokens[0] in _COMPARED:
            holds = _COMPARED[self.tokens.pop(0)]
            right = self._computed(self._product, "+-")
            return {k: v for k, (v, bound) in _paired(left, right).items() if holds(v, bound)}
        return left

    def _product(self):
        return self._computed(self._atom, "*/")

    def _computed(self, operand, signs):
        left = operand()
        while self.tokens and self.tokens[0] in signs:
            sign = self.tokens.pop(0)
            right = operand()
            if not isinstance(left, dict) and not isinstance(right, dict):
                left = _COMPUTED[sign](left, right)
                continue
            pairs = _paired(left, right).items()
            left = {k: _COMPUTED[sign](*v) for k, v in pairs if sign != "/" or v[1]}  # 0/0 is NaN
        return left

    def _atom(self):
        token = self.tokens.pop(0)
        if token == "(":
            return self._closed()
        if token[0].isdigit():
            return float(token)
        if token in _REDUCED:
            return self._reduced(_REDUCED[token])
        if self._taken("("):
            return self._called(token)
        return self._selected(token, self._after)

    def _closed(self):
        value = self.either()
        assert self.tokens.pop(0) == ")"
        return value

    def _reduced(self, how):
        kept = []
        if self._taken("by"):
            assert self.tokens.pop(0) == "("
            while (token := self.tokens.pop(0)) != ")":
                kept += [token] if token != "," else []
        assert self.tokens.pop(0) == "("
        groups = {}
        for labels, value in self._closed().items():
            key = frozenset((k, v) for k, v in labels if k in kept)
            groups.setdefault(key, []).append(value)
        return {labels: how(values) for labels, values in groups.items()}

    def _called(self, function):
        if function == "time":
            assert self.tokens.pop(0) == ")"
            return self._now
        if function == "vector":
            return {frozenset(): self._closed()}
        if function == "absent":
            return {} if self._closed() else {frozenset(): 1.0}
        selector, window, end = (self.tokens.pop(0) for _ in range(3))
        assert function in ("rate", "increase")
        assert (window[0], end) == ("[", ")")
        before, after = (self._selected(selector, one) for one in (self._before, self._after))
        seconds = self._apart if function == "rate" else 1.0
        return {k: max(0.0, after[k] - before[k]) / seconds for k in after.keys() & before.keys()}

    def _selected(self, selector, scrape):
        name, _, matchers = selector.partition("{")
        wanted = _LABEL.findall(matchers)
        return {
            labels: value
            for (metric, labels), value in scrape.items()
            if metric == name and all(_matches(dict(labels).get(w[0], ""), *w[1:]) for w in wanted)
        }

    def _taken(self, token):
        if self.tokens and self.tokens[0] == token:
            self.tokens.pop(0)
            return True
        return False


def _paired(left, right):
    if not isinstance(right, dict):
        return {labels: (value, right) for labels, value in left.items()}
    if not isinstance(left, dict):
        return {labels: (left, value) for labels, value in right.items()}
    return {labels: (left[labels], right[labels]) for labels in left.keys() & right.keys()}


def _matches(value, sign, wanted):
    if sign == "=~":
        return re.fullmatch(wanted, value) is not None
    return (value == wanted) is (sign == "=")
