"""The `sluice` command whose runs only say what they were asked, and end as they are told.

FOLDER holds `orders` (span -> how its runs end, one after the other) and `calls`, a line for each
beginning and end. `--once` and the like go to the real command.
"""

import json
import signal
import sys
import time
from pathlib import Path

ENDINGS = {
    "push": (0, {"pushed_version": 7}),
    "withhold": (
        3,
        {
            "checks": [
                {"passed": True, "sentence": "pass: coverage is 0.5."},
                {"passed": False, "sentence": "FAIL: ndcg is 0.1."},
            ]
        },
    ),
    "fail": (1, {"error": "Transform failed: no room"}),
    "steady": (0, {"drift": 0.2, "drifted": "train.genre category_drift"}),
    "drifted": (0, {"drift": 0.8, "drifted": "train.genre category_drift"}),
}


def run(arguments):
    from pipeline.runners.lock import locked

    given = dict(zip(arguments[::2], arguments[1::2], strict=False))
    folder = Path(given["--config"]).parent
    span = given.get("--until", "items")
    name = f"{span} data" if "--only-data" in arguments else span

    def note(what):
        with (folder / "calls").open("a") as file:
            file.write(f"{what} {name}\n")

    def interrupted(*_):
        note("interrupted")
        print(json.dumps({"error": "interrupted"}), flush=True)
        sys.exit(130)

    signal.signal(signal.SIGTERM, interrupted)
    orders = json.loads((folder / "orders").read_text())
    with locked(folder / "runs"):
        note("begin")
        ending = orders[name].pop(0) if orders.get(name) else "push"
        (folder / "orders").write_text(json.dumps(orders))
        if ending == "wait":
            time.sleep(300)
        note("end")
    code, said = ENDINGS[ending]
    print(json.dumps(said), flush=True)
    sys.exit(code)


if sys.argv[1] in ("run", "refresh-items"):
    run(sys.argv[2:])

from pipeline.cli import main  # noqa: E402 -- only where it is wanted: it takes a second

main()
