"""A worker that meets its peers, does what the file of orders says, and exports as the chief."""

import json
import os
import socket
import sys
import time
from pathlib import Path

job = json.loads(Path(sys.argv[1]).read_text())
run = Path(sys.argv[1]).parent
config = json.loads(os.environ["TF_CONFIG"])
index, addresses = config["task"]["index"], config["cluster"]["worker"]
host, port = addresses[index].split(":")


def first(order: str) -> bool:
    """True the first time that a worker gets an order."""
    mark = run / f"{index}-{order.replace(' ', '-')}"
    if mark.exists():
        return False
    mark.touch()
    return True


def meet() -> None:
    """Every worker but the chief calls at the chief's address."""
    if index == 0:
        with socket.create_server((host, int(port))) as here:
            for _ in addresses[1:]:
                here.accept()[0].close()
        return
    chief, chief_port = addresses[0].split(":")
    while True:
        try:
            socket.create_connection((chief, int(chief_port)), 5).close()
        except OSError:
            time.sleep(0.02)
        else:
            return


with (run / "began").open("a") as began:
    began.write(f"{index} {os.getpid()}\n")
(run / f"variables-{index}.json").write_text(json.dumps(dict(os.environ)))
orders = json.loads((run / "orders.json").read_text())
order = orders.get(str(index), "")
print(f"worker {index} is ordered to {order or 'train'}", flush=True)
for peer, told in orders.items():  # whoever is to hang hangs before another fails
    while order != told == "hang once" and not (run / f"{peer}-hang-once").exists():
        time.sleep(0.02)
if order == "fail" or (order == "fail once" and first(order)):
    print("ValueError: no more rows", flush=True)
    sys.exit(7)
if order == "hang" or (order == "hang once" and first(order)):
    time.sleep(600)
meet()
if index == 0 and order != "forget":
    model = Path(job["model_dir"])
    model.mkdir(parents=True, exist_ok=True)
    (model / "saved_model.pb").write_text("a model")
    with (run / "exports").open("a") as exports:
        exports.write(f"{os.getpid()}\n")
print(f"worker {index} is done", flush=True)
