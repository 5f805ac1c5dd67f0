"""Stages of a Beam pipeline that wait for each other."""

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from transform.errors import DataError
from transform.job.stages import Refusal, Stage

OPTIONS = PipelineOptions(["--runner=FnApiRunner", "--direct_running_mode=in_memory"])


def run(tmp_path, build):
    """All results of the last stage."""
    target = tmp_path / "results"
    with beam.Pipeline(options=OPTIONS) as pipeline:
        results = build(pipeline | beam.Create([[]]))
        results | "Write" >> beam.Map(
            lambda found, to: to.write_text(repr(sorted(found, key=repr))), target
        )
    return target.read_text()


def counts(_):
    return range(4)


def square(number):
    return number * number


def total(results):
    return [sum(results)]


def refuse(_):
    raise DataError("the log must be whole. Received: half of it. Copy it anew.")


def test_a_stage_sees_all_results_of_the_stage_before(tmp_path):
    def build(nothing):
        squares = nothing | "Squares" >> Stage(counts, square)
        return squares | "Total" >> Stage(total, square)

    assert run(tmp_path, build) == "[196]"  # (0 + 1 + 4 + 9) squared


def test_a_plan_may_look_at_an_earlier_stage(tmp_path):
    def build(nothing):
        squares = nothing | "Squares" >> Stage(counts, square)
        sums = squares | "Total" >> Stage(total, square)
        return sums | "Both" >> Stage(lambda s, q: [len(s), len(q)], lambda n: n, squares)

    assert run(tmp_path, build) == "[1, 4]"


@pytest.mark.parametrize(("plan", "work"), [(refuse, square), (counts, refuse)])
def test_a_breach_of_the_contract_is_handed_on_and_nothing_else_is_done(tmp_path, plan, work):
    def build(nothing):
        first = nothing | "First" >> Stage(plan, work)
        return first | "Second" >> Stage(total, square)

    message = "the log must be whole. Received: half of it. Copy it anew."
    assert run(tmp_path, build) == repr([Refusal(message)])


def test_an_accident_is_an_error(tmp_path):
    with pytest.raises(Exception, match="unsupported operand"):
        run(tmp_path, lambda nothing: nothing | Stage(lambda _: ["text"], lambda n: n / 2))
