"""What a person sees of a run: one line a step, with its outcome and its time.

On a terminal the running step has a spinner and its elapsed time; elsewhere (CI, a file) every
step is one plain line.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TextIO

from rich.console import Console as RichConsole
from rich.console import Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

_STYLES = {
    "done": ("✓", "green"),
    "cached": ("=", "cyan"),
    "failed": ("✗", "bold red"),
    "interrupted": ("!", "yellow"),
}
_LABEL_WIDTH = 32


class Step:
    """A step under way; it ends as `done` unless told otherwise."""

    def __init__(self, write: Callable[[str, bool], None] = lambda line, first: None) -> None:
        """Takes what writes a line of the step, told whether it is the first."""
        self.state = "done"
        self.detail = ""
        self.said = False
        self._write = write

    def finish(self, state: str) -> None:
        """Says how the step ended: `done`, `cached`, `failed` or `interrupted`."""
        self.state = state

    def tell(self, detail: str) -> None:
        """Shows how far the step has come, while it runs."""
        self.detail = detail

    def say(self, line: str) -> None:
        """Leaves a line behind that tells of a part of the step."""
        self._write(line, not self.said)
        self.said = True


class Console:
    """Lines, steps and tables on one stream."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        # Off a terminal nothing may be wrapped: a path in a CI log must stay one word.
        width = None if stream.isatty() else 10_000
        self._rich = RichConsole(file=stream, highlight=False, soft_wrap=True, width=width)
        self._live = stream.isatty() and os.environ.get("TERM") != "dumb"

    def line(self, text: str = "", style: str = "") -> None:
        """One line of text, taken literally."""
        self._rich.print(Text(text, style=style), soft_wrap=True)

    def facts(self, rows: Mapping[str, str]) -> None:
        """Names and values below each other."""
        width = max(map(len, rows), default=0)
        for name, value in rows.items():
            self._rich.print(
                Text.assemble("  ", (name.ljust(width), "dim"), "  ", value), soft_wrap=True
            )

    def table(
        self, columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = ""
    ) -> None:
        """A small table; columns that hold numbers are set to the right."""
        table = Table(title=title or None, title_justify="left", title_style="bold", box=None)
        numeric = [all(_is_number(row[i]) for row in rows) for i in range(len(columns))]
        for name, right in zip(columns, numeric, strict=True):
            table.add_column(name, justify="right" if right else "left", header_style="dim")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        self._rich.print(table)

    @contextlib.contextmanager
    def step(self, label: str, number: int = 0, total: int = 0) -> Iterator[Step]:
        """Shows a step while it runs, and leaves one line behind when it has ended."""
        step, started = Step(self._line_within), time.monotonic()
        count = f"[{number:>{len(str(total))}}/{total}] " if total else ""
        try:
            with self._running(count, label, started, step):
                yield step
        except KeyboardInterrupt:
            step.finish("interrupted")
            raise
        except BaseException:
            if step.state != "interrupted":  # by what failed beside it
                step.finish("failed")
            raise
        finally:
            if step.said and not self._live:
                self._stream.write(f"{count}{label} ... ")  # the lines stand between
            self._ended(count, label, step.state, time.monotonic() - started)

    @contextlib.contextmanager
    def board(self, total: int) -> Iterator[Board]:
        """Shows steps of which several run at a time, in the order in which they end."""

        def ended(count: str, label: str, state: str, seconds: float) -> None:
            if not self._live:
                self._stream.write(f"{count}{label} ... ")
            self._ended(count, label, state, seconds)

        board = Board(total, ended)
        with self._shown(board) if self._live else contextlib.nullcontext():
            yield board

    def _shown(self, what: RenderableType) -> Live:
        return Live(
            what,
            console=self._rich,
            transient=True,
            refresh_per_second=8,
            redirect_stdout=False,  # what libraries print must go on to the log
            redirect_stderr=False,
        )

    @contextlib.contextmanager
    def _running(self, count: str, label: str, started: float, step: Step) -> Iterator[None]:
        if self._live:
            line = _RunningLine(f"{count}{label}".ljust(_LABEL_WIDTH), started, step)
            with self._shown(line):
                yield
        else:
            self._stream.write(f"{count}{label} ... ")  # the outcome completes the line
            self._stream.flush()
            yield

    def _line_within(self, line: str, first: bool) -> None:
        """A line of a step under way: above it on a terminal, else below its beginning."""
        if first and not self._live:
            self._stream.write("\n")
        self.line(f"  {line}")

    def _ended(self, count: str, label: str, state: str, seconds: float) -> None:
        if not self._live:
            self._stream.write(f"{state} ({seconds:.1f} s)\n")
            self._stream.flush()
            return
        sign, style = _STYLES[state]
        self._rich.print(
            Text.assemble(
                (f"{sign} ", style),
                (count, "dim"),
                label.ljust(_LABEL_WIDTH - len(count)),
                (f" {state:<11}", style),
                f"{seconds:8.1f} s",
            )
        )


class Board:
    """Steps that run at the same time: a line for each, and one left behind when it has ended."""

    def __init__(self, total: int, ended: Callable[[str, str, str, float], None]) -> None:
        self._total = total
        self._ended = ended
        self._count = 0
        self._lines: dict[str, _RunningLine] = {}

    def start(self, label: str) -> None:
        """A step runs now."""
        line = _RunningLine(label.ljust(_LABEL_WIDTH), time.monotonic(), Step())
        self._lines = self._lines | {label: line}  # anew: another thread may be drawing

    def end(self, label: str, state: str, seconds: float) -> None:
        """It has ended: `done`, `cached`, `failed` or `interrupted`."""
        self._count += 1
        self._lines = {name: line for name, line in self._lines.items() if name != label}
        number = f"[{self._count:>{len(str(self._total))}}/{self._total}] "
        self._ended(number, label, state, seconds)

    def __rich__(self) -> Group:
        return Group(*self._lines.values())


class _RunningLine:
    """Spinner, label and elapsed time, drawn anew at each refresh."""

    def __init__(self, label: str, started: float, step: Step) -> None:
        self._spinner = Spinner("dots", style="cyan")
        self._label = label
        self._started = started
        self._step = step

    def __rich__(self) -> Text:
        elapsed = time.monotonic() - self._started
        spinner = self._spinner.render(time.monotonic())
        return Text.assemble(
            spinner if isinstance(spinner, Text) else "",
            f" {self._label}",
            f" {self._step.detail or 'running':<11}",
            f"{elapsed:6.0f}   s",
        )


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "").rstrip("%") or "0")
    except ValueError:
        return cell in ("-", "")
    return True
