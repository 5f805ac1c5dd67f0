"""Errors as a person reads them: which are ours, and what they say in a few lines."""

from __future__ import annotations

import re
import traceback

OUR_PACKAGES = frozenset({"pipeline", "components", "transform", "trainer", "serving"})
_LONGEST = 1500  # characters of a message that go to the console; the log has all of it
_LINES, _WIDTH = 5, 200  # of a message that is not ours
_LAST_LINE = re.compile(r"^(?P<kind>[A-Za-z_][\w.]*?)(?:: (?P<message>.*))?$", re.DOTALL)
_WHILE_RUNNING = re.compile(r"\s*\[while running [^\]]*\]")


class RunError(Exception):
    """A run cannot start or go on; the message says the rule, the value and what to do."""


def is_ours(error: BaseException) -> bool:
    """True for the error classes of this project: their messages are meant to be shown."""
    return _is_our_class(f"{type(error).__module__}.{type(error).__qualname__}")


def short_message(error: BaseException) -> str:
    """What to tell a person: our own messages as they are, of others the class and a few lines.

    An error of ours that others wrapped speaks for them; else the first cause is told, too.
    """
    root = error if is_ours(error) else _root(error)
    if root is not error:
        said = _message(root)
        return said if _is_ours_inside(root) else f"{_message(error)}\nCaused by {said}"
    return _message(error)


def where(error: BaseException) -> str:
    """File and line that raised the error, the innermost of ours where there is one."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if set(f.filename.split("/")[-3:]) & OUR_PACKAGES]
    ours = [f for f in ours if "site-packages" not in f.filename] or frames
    return f"{ours[-1].filename}, line {ours[-1].lineno}" if ours else ""


def _root(error: BaseException) -> BaseException:
    """The error that was raised first: along the causes, and through copies of the same class."""
    seen = [error]
    while True:
        following = error.__cause__
        if following is None and type(error.__context__) is type(error):
            following = error.__context__  # Beam raises a copy of an error, with words added
        if following is None or following in seen:
            return error
        seen.append(following)
        error = following


def _message(error: BaseException) -> str:
    kind, message = _kind_and_text(error)
    if _is_our_class(kind) and message:
        return message if len(message) <= _LONGEST else f"{message[:_LONGEST]} ..."
    lines = [line.rstrip() for line in message.splitlines() if line.strip()]
    cut = [line if len(line) <= _WIDTH else f"{line[:_WIDTH]} ..." for line in lines[:_LINES]]
    text = "\n".join(cut)
    return f"{kind.removeprefix('builtins.')}: {text}".removesuffix(": ")


def _kind_and_text(error: BaseException) -> tuple[str, str]:
    """Dotted class and message; Beam hands a worker's error over as the text of a traceback."""
    kind, message = f"{type(error).__module__}.{type(error).__qualname__}", str(error)
    if "Traceback (most recent call last):" in message:
        kind, message = _end_of_traceback(message) or (kind, message)
    return kind, _WHILE_RUNNING.sub("", message).strip()


def _is_ours_inside(error: BaseException) -> bool:
    return _is_our_class(_kind_and_text(error)[0])


def _is_our_class(dotted: str) -> bool:
    return dotted.partition(".")[0] in OUR_PACKAGES


def _end_of_traceback(text: str) -> tuple[str, str] | None:
    """Class and message of the error that a traceback ends with."""
    lines = text.strip().splitlines()
    last_frame = max((i for i, line in enumerate(lines) if line.startswith("  ")), default=0)
    found = _LAST_LINE.match("\n".join(lines[last_frame + 1 :]).strip())
    return (found["kind"], found["message"] or "") if found else None
