"""The schedule: looks what is due, has it done, writes down how it ended, waits."""

from __future__ import annotations

import datetime
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.commands.shared import Exit
from pipeline.runners.child import Ended
from pipeline.runners.lock import is_locked, locked
from pipeline.scheduling.child import Children
from pipeline.scheduling.diary import Diary, Entry, What
from pipeline.scheduling.due import Act, Due, Plan, broken_off, is_given_up, next_due
from pipeline.scheduling.spans import Span, complete_spans
from pipeline.serving_folder import why_not_refreshed
from pipeline.settings import Settings
from transform.errors import DataError

logger = logging.getLogger(__name__)

ITEMS = "items"  # stands in the diary where a span would, for a refresh of the items
_NAP_S = 0.2  # a signal is answered within this time


@dataclass
class Schedule:
    """One schedule of a root folder; its lock is held by the caller.

    Attributes:
        settings: Of the pipeline.
        config: The file they came from.
        plan: What was asked.
        items_every_s: Time from one refresh of the items to the next, seconds; None without.
        children: What runs the verbs.
        tell: Shows what happened.
    """

    settings: Settings
    config: Path
    plan: Plan
    items_every_s: float | None
    children: Children
    tell: Callable[[Entry], None]
    _items_at: float = field(default=0.0, init=False)
    _last: What | None = field(default=None, init=False)
    _patient: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        """Opens the diary."""
        self._diary = Diary(self.settings.root)

    def run(self, poll_s: float, *, once: bool) -> What | None:
        """Does what is due until it is told to end.

        Args:
            poll_s: How often it looks whether something is due, seconds.
            once: Whether to end where nothing more is due.

        Returns:
            How the last training, or look at a span, ended; None where none was due.

        Raises:
            RunError: The log cannot be scheduled; or it is to be done once, and another run has the
                root folder.
            DataError: There is no log, at the first look or where it is to be done once. Later
                looks are repeated: storage is away at times.
        """
        while not self.children.stopping:
            if once:
                with locked(self.settings.root):
                    pass  # who does not wait is told why nothing can be done
            elif is_locked(self.settings.root):
                self._wait(poll_s)
                continue
            found = self._do_next()
            self._patient = not once
            if found:
                continue
            if once:
                break
            self._wait(poll_s)
        return self._last

    def _do_next(self) -> bool:
        """Does one thing; False where nothing is due, or could not be begun."""
        now = datetime.datetime.now(datetime.UTC)
        spans = self._complete_spans(now)
        self._give_up(spans)
        due = next_due(spans, self._spans_entries(), self.plan, now.timestamp())
        if due is not None:
            ended = (self._train if due.act is Act.TRAIN else self._watch)(due)
            return ended is not What.REFUSED
        return self._refresh_items(now.timestamp())

    def _complete_spans(self, now: datetime.datetime) -> list[Span]:
        """Complete spans; none where the log cannot be listed for the time being."""
        try:
            return complete_spans(self.settings.data, now, self.plan.settle_s)
        except (DataError, OSError) as error:
            if not self._patient:
                raise
            logger.warning("the log cannot be listed, and is looked at again: %s", error)
            return []

    def _spans_entries(self) -> list[Entry]:
        return [entry for entry in self._diary.entries() if entry.span != ITEMS]

    def _give_up(self, spans: Sequence[Span]) -> None:
        """Says once of each span that it is not tried again."""
        entries = self._spans_entries()
        told = {entry.span for entry in entries if entry.what is What.GIVEN_UP}
        for span in spans:
            if str(span) not in told and is_given_up(span, entries):
                broken = broken_off(span, entries)
                last = broken[-1].why if broken[-1].what is What.FAILED else "killed"
                self._write(str(span), What.GIVEN_UP, f"{len(broken)} runs broke off; last: {last}")

    def _train(self, due: Due) -> What:
        span = str(due.span)
        self._write(span, What.STARTED, due.why)
        self._last, why = _outcome(self._child("run", "--until", span), self.children)
        self._write(span, self._last, why)
        return self._last

    def _watch(self, due: Due) -> What:
        span = str(due.span)
        ended = self._child("run", "--until", span, "--only-data")
        what, why = _outcome(ended, self.children)
        if what is not What.PUSHED:
            self._last = what
            self._write(span, what, why)
            return what
        drift, name = float(ended.said["drift"]), ended.said["drifted"]
        self._write(span, What.WATCHED, f"{name or 'nothing'} at {drift:.0%} of its bound", drift)
        return What.WATCHED

    def _refresh_items(self, now: float) -> bool:
        """Whether it was time; there must be something served."""
        if self.items_every_s is None or now < self._items_at + self.items_every_s:
            return False
        if not any(entry.what is What.PUSHED for entry in self._spans_entries()):
            return False
        self._items_at = now
        if why := why_not_refreshed(self.settings):
            self._write(ITEMS, What.SKIPPED, why)
            return True
        self._write(ITEMS, *_outcome(self._child("refresh-items"), self.children))
        return True

    def _child(self, verb: str, *arguments: str) -> Ended:
        return self.children.run(verb, "--config", str(self.config), *arguments)

    def _write(self, span: str, what: What, why: str = "", drift: float | None = None) -> None:
        self.tell(self._diary.write(span, what, why, drift))

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self.children.stopping and time.monotonic() < until:
            time.sleep(min(_NAP_S, seconds))


def _outcome(ended: Ended, children: Children) -> tuple[What, str]:
    """What became of a run, and why."""
    if ended.code == Exit.OK:
        version = ended.said.get("pushed_version")
        return What.PUSHED, f"version {version}" if version else ""
    if ended.code == Exit.WITHHELD:
        return What.WITHHELD, _reasons(ended.said)
    if children.stopping or ended.code == Exit.INTERRUPTED:
        return What.INTERRUPTED, "the run was told to end"
    what = What.REFUSED if ended.code == Exit.USAGE else What.FAILED
    return what, str(ended.said.get("error") or f"exit code {ended.code}")


def _reasons(said: dict[str, Any]) -> str:
    """The failed checks of a report."""
    failed = [check["sentence"] for check in said.get("checks", ()) if not check["passed"]]
    return " ".join(failed) or str(said.get("verdict", {}).get("summary", ""))
