"""DataGate's work: measure, hold against the bounds, write the checks, stop or let pass."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tensorflow_metadata.proto.v0 import anomalies_pb2, statistics_pb2
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils

from components.artifacts import Checks, DataAccount
from components.checks import Check, write_checks
from components.data_gate.account_checks import check_account, check_order_and_sums
from components.data_gate.counted_log import CountedLog
from components.data_gate.declared import Declared
from components.data_gate.drift import check_drift, check_skew
from components.data_gate.rows_checks import check_columns, check_rows
from components.data_gate.rules import DataRules
from components.data_gate.schema_checks import check_anomalies, check_presence
from components.example_columns import ValueType
from components.statistics import read_statistics
from transform import features as f
from transform.errors import DataError
from transform.job.account import Account
from transform.reading.event_source import EventReader
from transform.reading.fingerprint import data_fingerprint
from transform.settings import DataSettings

_ANOMALIES_FILE = "SchemaDiff.pb"
_READ = (f.TRAIN, f.RANKING, f.CATALOGUE)
_TYPES: dict[int, ValueType] = {
    statistics_pb2.FeatureNameStatistics.INT: "int",
    statistics_pb2.FeatureNameStatistics.FLOAT: "float",
    statistics_pb2.FeatureNameStatistics.STRING: "bytes",
    statistics_pb2.FeatureNameStatistics.BYTES: "bytes",
}

Artifacts = dict[str, list[Any]]


class Executor(base_executor.BaseExecutor):
    """Checks everything first and raises at the end, so that one run names all that is wrong."""

    def Do(
        self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, Any]
    ) -> None:
        """Runs the node.

        Raises:
            DataError: If a check fails; the message lists the failing sentences.
        """
        rules = DataRules.model_validate_json(exec_properties["rules"])
        declared = Declared.of(exec_properties)
        checks = [
            *_of_the_log(input_dict, exec_properties, declared, rules),
            *_of_the_statistics(input_dict, declared, rules),
        ]
        folder = Path(artifact_utils.get_single_uri(output_dict["checks"]))
        folder.mkdir(parents=True, exist_ok=True)
        write_checks(folder / Checks.CHECKS_FILE, checks)
        failed = [check.sentence for check in checks if not check.passed]
        if failed:
            raise DataError(
                f"DataGate stopped the run: {len(failed)} of {len(checks)} checks failed.\n"
                + "\n".join(failed)
            )


def _of_the_log(
    inputs: Artifacts, properties: dict[str, Any], declared: Declared, rules: DataRules
) -> Iterator[Check]:
    """Checks that read the log or the rows, which is done once."""
    folder = Path(artifact_utils.get_single_uri(inputs["account"]))
    account = Account.model_validate_json((folder / DataAccount.ACCOUNT_FILE).read_text())
    yield from check_account(account, rules)
    data = DataSettings.model_validate_json(properties["data"])
    examples = {name: artifact_utils.get_split_uris(inputs["examples"], name) for name in _READ}
    if data_fingerprint(data) != account.fingerprint:
        raise DataError(
            "The input must be what the rows were made of. Received: files that came, went or "
            "changed since. Run again; where a log keeps growing, read only what is complete "
            "(`data.window.until`)."
        )
    reader = EventReader.open(data, declared.features, now=account.read_at)
    log = CountedLog(reader, rules.disorder_seconds)
    yield from check_rows(log, data, account, examples, declared, rules)
    dead_letters = folder / DataAccount.DEAD_LETTERS_FILE
    yield from check_order_and_sums(account, dead_letters, log, rules)
    ranking = read_statistics(inputs["statistics"])[f.RANKING]
    types = {feature.path.step[0]: _TYPES[feature.type] for feature in ranking.features}
    yield from check_columns(examples, types, declared, rules)


def _of_the_statistics(inputs: Artifacts, declared: Declared, rules: DataRules) -> Iterator[Check]:
    statistics = read_statistics(inputs["statistics"])
    yield from check_presence(statistics, declared.features, rules, declared.aggregates)
    found = {}
    for split in statistics:
        uri = artifact_utils.get_split_uri(inputs["anomalies"], split)
        content = (Path(uri) / _ANOMALIES_FILE).read_bytes()
        found[split] = anomalies_pb2.Anomalies.FromString(content)
    yield from check_anomalies(found, rules)
    yield from check_skew(statistics, declared, rules)
    if inputs.get("previous_statistics"):
        before = read_statistics(inputs["previous_statistics"])
        yield from check_drift(statistics, before, declared, rules)
