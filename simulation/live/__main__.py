"""Opens a shop: `python -m simulation.live --items-file items.parquet --days 3`.

Lines of JSON come in and go out, one answer for each. `{"open": 1}` begins a day and is answered
by who asks for lists: `{"date": ..., "midnight": ..., "asking": [[user, time, own page], ...]}`.
`{"lists": [[item, ...], ...]}` shows them and is answered by what was done, `{"deeds": [[user,
item, event type, time, number of the list or -1], ...]}`, with `asking`, or with `quality` when the
day is over.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path

from simulation.live.plan import LivePlan
from simulation.live.shop import LiveShop


def main() -> int:
    """Answers until nothing comes in any more."""
    parser = argparse.ArgumentParser(prog="python -m simulation.live", description=__doc__)
    parser.add_argument("--items-file", type=Path, required=True)
    for field in dataclasses.fields(LivePlan):
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=int, default=field.default)
    asked = vars(parser.parse_args())
    items_file = asked.pop("items_file")
    try:
        shop = LiveShop(LivePlan(**asked), items_file)
        for line in sys.stdin:
            said = json.loads(line)
            answer = shop.open(said["open"]) if "open" in said else shop.show(said["lists"])
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()
    except ValueError as error:
        parser.exit(2, f"{error}\n")
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
