"""DataGate's work: measure, hold against the bounds, write the checks, stop or let pass."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from tensorflow_metadata.proto.v0 import anomalies_pb2
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils

from components.artifacts import Checks, DataAccount
from components.checks import Check, write_checks
from components.data_gate.account_checks import check_account
from components.data_gate.certificate import LEARNED, builder, certify
from components.data_gate.leakage_checks import check_leakage, check_written
from components.data_gate.rules import DataRules
from components.data_gate.schema_checks import check_anomalies, check_presence
from components.event_example_gen.executor import dataset_of
from components.statistics import read_statistics
from transform.account import Account
from transform.errors import DataError
from transform.features import USER_ID, Feature

_ANOMALIES_FILE = "SchemaDiff.pb"

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
        checks = [
            *_of_the_account(input_dict, rules),
            *_of_the_schema(input_dict, exec_properties, rules),
            *_of_the_rows(input_dict, exec_properties, rules),
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


def _of_the_account(inputs: Artifacts, rules: DataRules) -> Iterator[Check]:
    path = Path(artifact_utils.get_single_uri(inputs["account"])) / DataAccount.ACCOUNT_FILE
    return check_account(Account.model_validate_json(path.read_text()), rules)


def _of_the_schema(
    inputs: Artifacts, properties: dict[str, Any], rules: DataRules
) -> Iterator[Check]:
    features = TypeAdapter(tuple[Feature, ...]).validate_json(properties["features"])
    statistics = read_statistics(inputs["statistics"])
    yield from check_presence(statistics, features, rules)
    found = {}
    for split in statistics:
        uri = artifact_utils.get_split_uri(inputs["anomalies"], split)
        content = (Path(uri) / _ANOMALIES_FILE).read_bytes()
        found[split] = anomalies_pb2.Anomalies.FromString(content)
    yield from check_anomalies(found, rules)


def _of_the_rows(
    inputs: Artifacts, properties: dict[str, Any], rules: DataRules
) -> Iterator[Check]:
    dataset = dataset_of(properties)
    events, build = dataset.log.decode(), builder(dataset)
    # Users lie in the order of a hash, so the first ones are a random sample.
    users = dataset.log.histories.users[USER_ID].head(rules.certified_users)
    rows = build(events, users)
    yield from check_leakage(certify(rows, events, users, build, properties["seed"]), rules)
    written = {name: artifact_utils.get_split_uris(inputs["examples"], name) for name in LEARNED}
    yield from check_written(rows, written, rules)
