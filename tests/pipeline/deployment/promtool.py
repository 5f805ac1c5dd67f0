"""The same question put to Prometheus' own tool, where it is installed."""

import json
import shutil
import subprocess

PROMTOOL = shutil.which("promtool")
_MINUTES = 60


def firing(folder, rules, before, after, now):
    """Names of the alerts that fire an hour after the earlier scrape.

    The hour is the tool's first: times are told relative to it.
    """
    document = {
        "rule_files": [str(rules)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {"series": _selector(*key), "values": _values(key, before, value, now)}
                    for key, value in after.items()
                ],
                # An expectation that never holds: what fires instead is in the answer.
                "promql_expr_test": [
                    {
                        "expr": 'ALERTS{alertstate="firing"}',
                        "eval_time": f"{_MINUTES}m",
                        "exp_samples": [{"labels": '{never=""}', "value": 0}],
                    }
                ],
            }
        ],
    }
    path = folder / "test.yaml"
    path.write_text(json.dumps(document))
    done = subprocess.run([PROMTOOL, "test", "rules", str(path)], capture_output=True, text=True)
    told = done.stdout + done.stderr
    assert "got:" in told, told
    got = told[told.index("got:") :]
    return {part.split('"')[0] for part in got.split('alertname="')[1:]}


def _selector(name, labels):
    inside = ", ".join(f"{label}={json.dumps(text)}" for label, text in sorted(labels))
    return f'{{__name__="{name}", {inside}}}' if inside else name


def _values(key, before, value, now):
    if key[0].endswith("_timestamp_seconds"):
        value = value - now + 60 * _MINUTES
    elif key in before and key[0].endswith(("_total", "_count", "_bucket")):
        step = (value - before[key]) / _MINUTES
        return f"{before[key]!r}{step:+.9f}x{_MINUTES}"
    return f"{value!r}x{_MINUTES}"
