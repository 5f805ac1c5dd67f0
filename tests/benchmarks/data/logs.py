"""Small logs in the form of the simulated shop, with everything awkward in them."""

import numpy as np
import polars as pl

DAY = 24 * 3600
START = 19_700 * DAY
TYPES = ["impression", "click", "view", "purchase"]


def write_log(folder, *, users=40, events=1500, items=30, days=40, seed=3, impressions=True):
    """Ties, repeated rows, missing devices, users and items without a row in their table."""
    rng = np.random.default_rng(seed)
    visits = events // 4
    user = rng.integers(0, users, visits)
    time = START + rng.integers(0, days * DAY, visits)
    rows = []
    for number, (who, when) in enumerate(zip(user, time, strict=True)):
        request, device = f"r{number}", rng.choice(["phone", "desktop", None])
        shown = rng.choice(items, 3, replace=False)
        if impressions:
            rows += [(who, i, when, "impression", request, device) for i in shown]
        kind = TYPES[rng.integers(1, 4)]
        rows.append((who, shown[0], when + rng.integers(0, 90_000), kind, request, device))
        if rng.random() < 0.2:  # twice in one second, and a third that repeats the second
            rows += [(who, shown[1], when, "click", None, device)] * 2
    columns = ["user_id", "item_id", "event_time", "event_type", "request_id", "device"]
    frame = pl.DataFrame(rows, schema=columns, orient="row").with_columns(
        pl.format("u{}", "user_id").alias("user_id"), pl.format("i{}", "item_id").alias("item_id")
    )
    for (day,), part in frame.group_by(pl.col("event_time") // DAY):
        target = folder / "events" / f"dt={np.datetime64(int(day), 'D')}"
        target.mkdir(parents=True)
        part.write_parquet(target / "part-0.parquet")
    item = np.arange(1, items + 2)
    pl.DataFrame(
        {
            "item_id": [f"i{n}" for n in item],
            "category": [f"c{n % 4}" for n in item],
            "price": [None if n == 3 else n / 7 for n in item],
        }
    ).write_parquet(folder / "items.parquet")
    person = np.arange(1, users)
    pl.DataFrame(
        {
            "user_id": [f"u{n}" for n in person],
            "age": [None if n == 5 else int(20 + n) for n in person],
            "country": [None if n == 6 else "AT" for n in person],
        }
    ).write_parquet(folder / "users.parquet")
    return folder
