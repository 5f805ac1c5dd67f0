"""Runs a TFMA metric's computations without a pipeline, split up as Beam would."""

from tensorflow_model_analysis.metrics import metric_types
from tensorflow_model_analysis.proto import config_pb2


def eval_config(prediction_key):
    return config_pb2.EvalConfig(
        model_specs=[config_pb2.ModelSpec(label_key="label", prediction_key=prediction_key)]
    )


def eval_config_of_two(prediction_key):
    """As TFX makes it where there is a blessed model to compare with."""
    return config_pb2.EvalConfig(
        model_specs=[
            config_pb2.ModelSpec(
                name=name,
                label_key="label",
                prediction_key=prediction_key,
                is_baseline=name == "baseline",
            )
            for name in ("candidate", "baseline")
        ]
    )


def compute(metric, extracts, prediction_key, bundles=3, *, two=False):
    """Name -> value of everything that the metric computes for these rows of one or two models."""
    results = {}
    computations = metric.computations(
        eval_config=(eval_config_of_two if two else eval_config)(prediction_key),
        model_names=["candidate", "baseline"] if two else [""],
        output_names=[""],
        sub_keys=[None],
    )
    for computation in computations:
        if isinstance(computation, metric_types.DerivedMetricComputation):
            results.update(computation.result(results))
            continue
        combiner = computation.combiner
        accumulators = [combiner.create_accumulator() for _ in range(bundles)]
        for i, extract in enumerate(extracts):
            rows = [extract]
            for preprocessor in computation.preprocessors:
                rows = [out for row in rows for out in preprocessor.process(row)]
            accumulators[i % bundles] = combiner.add_inputs(accumulators[i % bundles], rows)
        merged = combiner.merge_accumulators(accumulators)
        results.update(combiner.extract_output(merged))
    return {key.name: value for key, value in results.items() if not key.name.startswith("_")}
