# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Why was this model blessed, or not?
#
# First the sentence, then the checks that failed, then those that only just passed; what the
# baselines and the model blessed before would have done; and how all runs of this root compare.
#
# To look at another run, set `SLUICE_ROOT` or `ROOT` to the `root` of its settings.

# %%
import json
import os
from pathlib import Path

os.environ["TF_USE_LEGACY_KERAS"] = "1"  # before anything imports TensorFlow
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # reading needs no graphics card

import pandas as pd
import plotly.express as px

# %% tags=["parameters"]
ROOT = os.environ.get("SLUICE_ROOT", "../runs/movielens-100k")

# %%
root = Path(ROOT).expanduser().resolve()
report = json.loads((root / "report" / "report.json").read_text())
places = {artifact["role"]: Path(artifact["uri"]) for artifact in report["artifacts"]}
print(f"{report['pipeline']}, run {report['run_id']}")

# %%
print(report["verdict"]["summary"])

# %% [markdown]
# ## Failed checks
# Each with the value that was measured, what it must be, and what a value outside means.

# %%
checks = pd.DataFrame(
    report["checks"], columns=["gate", "name", "value", "lower", "upper", "passed", "why"]
)
failed = checks[~checks["passed"]]
print(f"{len(failed)} of {len(checks)} checks failed")
failed.drop(columns="passed").reset_index(drop=True)

# %% [markdown]
# ## Checks that only just passed
# `room` is the distance to the nearest bound as a share of that bound: what to watch in the next
# run. It is negative where a value lies outside and passed all the same: noise explains as much.


# %%
def room(check):
    """Distance inside the nearest bound, as a share of it; nothing for a bound of zero."""
    ends = [(check[side], sign) for side, sign in (("lower", 1), ("upper", -1))]
    shares = [
        sign * (check["value"] - end) / abs(end) for end, sign in ends if pd.notna(end) and end
    ]
    return min(shares, default=float("nan"))


close = checks[checks["passed"]].assign(room=lambda table: table.apply(room, axis=1))
close.dropna(subset=["room"]).sort_values("room")[
    ["gate", "name", "value", "lower", "upper", "room"]
][:10].style.format({"room": "{:.1%}", "value": "{:.4g}", "lower": "{:.4g}", "upper": "{:.4g}"})

# %% [markdown]
# ## Against simple baselines
# All of them answered the same requests. The whisker is the 95 % interval of the recommender: a
# baseline inside it is not clearly worse. (Both answer the same requests, so a paired comparison,
# which the Verdict makes where a model was blessed before, sees more than the interval does.)

# %%
METRIC = "ndcg_at_10"
quality = pd.DataFrame(report["quality"]["rows"]).set_index("model")
overall = next(row for row in report["slices"]["list"] if not row["feature"])
low, high = overall["intervals"][METRIC]
shown = quality[[METRIC]].assign(above=0.0, below=0.0).sort_values(METRIC).reset_index()
own = shown["model"] == "recommender"
shown.loc[own, "above"] = high - shown.loc[own, METRIC]
shown.loc[own, "below"] = shown.loc[own, METRIC] - low
px.bar(
    shown,
    x=METRIC,
    y="model",
    orientation="h",
    error_x="above",
    error_x_minus="below",
    text_auto=".4f",
    title=f"{METRIC} of the recommender and the baselines",
)

# %% [markdown]
# ## Against the model blessed before
# Checks that hold the candidate against it. In the first run there are none.

# %%
against = checks[checks["name"].str.contains(r"_change|_gain")]
print("No model was blessed before this run." if against.empty else f"{len(against)} comparisons:")
against.drop(columns=["gate"]).reset_index(drop=True)

# %% [markdown]
# ## All runs of this root
# ML Metadata remembers every run: when it started, the verdict, what was pushed, and why not.

# %%
from pipeline.lineage import Lineage
from pipeline.outcomes import outcomes

lineage = Lineage.open(root, report["pipeline"])
history = pd.DataFrame(outcomes(lineage, running=False) if lineage else [])
if not history.empty:
    history["started"] = pd.to_datetime(history["started"], unit="s").dt.floor("s")
history

# %% [markdown]
# To set two of them side by side: `sluice report --config FILE --compare RUN_A RUN_B --open`.
#
# ## What this report was made from
# The ids are those of ML Metadata; the fingerprints say whether two runs had the same input.

# %%
for name in ("settings_hash", "code"):
    print(f"{name:14} {report[name]}")
print(f"{'input data':14} {report['account']['fingerprint']}")
print(f"{'test targets':14} {report['account']['eval_targets_sha256']}")
pd.DataFrame(report["artifacts"])[["id", "role", "type_name", "uri"]]
