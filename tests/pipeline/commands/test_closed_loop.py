"""`sluice simulate --loop` at the command line."""

import pytest
from typer.testing import CliRunner

from pipeline.cli import app


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "say --loop"),
        (("--loop", "--outage", "5"), "--outage must be such as 3-5, received '5'"),
        (("--loop", "--outage", "5-3"), "--outage must be such as 3-5, received '5-3'"),
    ],
)
def test_wrong_usage_says_what_to_do(tmp_path, arguments, said):
    done = CliRunner().invoke(app, ["simulate", str(tmp_path / "loop"), *arguments])
    assert done.exit_code == 2
    assert said in " ".join(done.output.split())
    assert not (tmp_path / "loop").exists()


def test_a_day_that_does_not_come_is_refused_by_the_shop(tmp_path):
    out = tmp_path / "loop"
    done = CliRunner().invoke(app, ["simulate", str(out), "--loop", "--drift-day", "11"])
    assert done.exit_code == 1
    assert "`drift_day` must be one of the 10 days. Received: 11." in " ".join(done.output.split())
