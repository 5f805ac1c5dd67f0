"""A log by days, a root folder, and schedules of stand-in runs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.loading import load_settings
from pipeline.scheduling.child import Children
from pipeline.scheduling.diary import Diary
from pipeline.scheduling.due import Plan
from pipeline.scheduling.schedule import Schedule

PROGRAM = (sys.executable, str(Path(__file__).with_name("stand_in.py")))
AT_ONCE = Plan(every_s=0.0, drift=None, catch_up=False, settle_s=0.0, retry_s=0.0)
PROJECT = Path(__file__).parents[3]


class Works:
    """A pipeline whose log gets a day at a time."""

    def __init__(self, folder):
        self.folder = folder
        self.root = folder / "runs"
        self.root.mkdir()
        self.config = folder / "shop.yaml"
        self.config.write_text(
            "name: shop\nroot: runs\ndata: {events: {path: log}, window: {last: 7}}\n"
        )
        self.order({})

    def day(self, *days):
        for day in days:
            path = self.folder / "log" / f"dt=2026-03-{day:02d}"
            path.mkdir(parents=True)
            (path / "events.csv").write_text("user_id,item_id,event_time\n")

    def order(self, endings):
        """Span -> how its runs end; those without an order push."""
        named = {f"2026-03-{k:02d}" if isinstance(k, int) else k: v for k, v in endings.items()}
        (self.folder / "orders").write_text(json.dumps(named))

    def labels(self, **versions):
        """Gives labels to versions that the stand-in runs have not really pushed."""
        folder = self.root / "serving" / "recommender"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "labels.json").write_text(json.dumps(versions))

    @property
    def calls(self):
        """What the runs noted: (what, span)."""
        path = self.folder / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        return [tuple(line.replace("2026-", "").split(" ", 1)) for line in lines]

    @property
    def trained(self):
        """Days on which a run began, in order."""
        return [
            int(span[-2:]) for what, span in self.calls if what == "begin" and span[-1].isdigit()
        ]

    @property
    def told(self):
        """The diary: (day or `items`, what)."""
        return [(e.span.removeprefix("2026-03-"), str(e.what)) for e in self.diary]

    @property
    def diary(self):
        return Diary(self.root).entries()

    def look(self, *, every=0.0, drift=None, catch_up=False, retry=0.0, settle=0.0, items=None):
        """What `--once` does, in this process."""
        plan = Plan(every, drift, catch_up, settle, retry)
        told = []
        with Children(PROGRAM) as children:
            self.last = self.schedule(children, told.append, plan, items).run(0.0, once=True)
        return [str(entry.what) for entry in told]

    def schedule(self, children, tell, plan=AT_ONCE, items=None):
        """A schedule of the settings as they are now."""
        return Schedule(load_settings(self.config), self.config, plan, items, children, tell)

    def start(self, *arguments):
        """The real command, as a process of its own."""
        return subprocess.Popen(
            [*PROGRAM, "schedule", "--config", str(self.config), "--settle", "0s", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=PROJECT,
        )


@pytest.fixture
def works(tmp_path):
    return Works(tmp_path)
