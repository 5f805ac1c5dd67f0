"""A root folder as a finished run leaves it, made by hand: no TFX, no TensorFlow."""

import json
from dataclasses import asdict

import polars as pl
import pytest
from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd

from pipeline.kubeflow.metadata import connection_of
from pipeline.loading import load_settings, settings_hash
from transform.splits import PeriodRange

NAME = "shop"
TITLES = {"a": "Alpha", "b": "Beta", "c": "Gamma"}


class Shop:
    """Settings, metadata, histories, report and served versions."""

    def __init__(self, folder, metadata=None):
        """Takes a `kubeflow.metadata` section; without one, metadata lie in the root folder."""
        self.folder = folder
        self.root = folder / "runs"
        self.config = folder / "shop.yaml"
        items = pl.DataFrame({"item_id": list(TITLES), "title": list(TITLES.values())})
        items.write_csv(folder / "items.csv")
        (folder / "log.csv").write_text("user_id,item_id,event_time\n")
        self.config.write_text(
            f"name: {NAME}\nroot: runs\n"
            "data: {events: {path: log.csv}, items: {path: items.csv}}\n"
        )
        self.root.mkdir()
        if metadata is None:
            connection = mlmd.ConnectionConfig()
            connection.sqlite.filename_uri = str(self.root / "metadata.sqlite")
        else:
            volumes = [{"claim": "shop", "path": "/sluice"}]
            kubeflow = {"image": "shop/sluice:1", "volumes": volumes, "metadata": metadata}
            self.config.write_text(f"{self.config.read_text()}kubeflow: {json.dumps(kubeflow)}\n")
            connection = connection_of(self.settings.kubeflow.metadata)
        self.store = metadata_store.MetadataStore(connection)
        self._pipeline = self._context("pipeline", NAME)

    @property
    def settings(self):
        return load_settings(self.config)

    def _context(self, kind, name):
        type_id = self.store.put_context_type(mlmd.ContextType(name=kind))
        if known := self.store.get_context_by_type_and_name(kind, name):
            return known.id
        [context] = self.store.put_contexts([mlmd.Context(type_id=type_id, name=name)])
        return context

    def run(self, run_id, nodes):
        """Registers a run: node id -> (state, artifact type or None, folder, error)."""
        run = self._context("pipeline_run", run_id)
        for node, (state, type_name, uri, error) in nodes.items():
            self._execution(run, node, state, type_name, uri, error)

    def _execution(self, run, node, state, type_name, uri, error):
        type_id = self.store.put_execution_type(mlmd.ExecutionType(name=node))
        execution = mlmd.Execution(type_id=type_id, last_known_state=state)
        if error:
            execution.custom_properties["sluice_error"].string_value = error
        [execution_id] = self.store.put_executions([execution])
        context = self._context("node", f"{NAME}.{node}")
        self.store.put_attributions_and_associations(
            [],
            [
                mlmd.Association(execution_id=execution_id, context_id=c)
                for c in (self._pipeline, run, context)
            ],
        )
        if type_name:
            kind = self.store.put_artifact_type(mlmd.ArtifactType(name=type_name))
            known = [a for a in self.store.get_artifacts() if a.uri == str(uri)]
            artifact = mlmd.Artifact(type_id=kind, uri=str(uri), state=mlmd.Artifact.LIVE)
            artifact_id = known[0].id if known else self.store.put_artifacts([artifact])[0]
            event = mlmd.Event(
                execution_id=execution_id, artifact_id=artifact_id, type=mlmd.Event.OUTPUT
            )
            self.store.put_events([event])

    def mark(self, uri, **properties):
        """Sets custom properties of an artifact: whole numbers and text."""
        [artifact] = [a for a in self.store.get_artifacts() if a.uri == str(uri)]
        for name, value in properties.items():
            kind = "int_value" if isinstance(value, int) else "string_value"
            setattr(artifact.custom_properties[name], kind, value)
        self.store.put_artifacts([artifact])

    def judged(self, run_id, *, blessed, pushed=None, reason=""):
        """Registers a run that came to a verdict, and pushed a version or did not."""
        blessing, model = (self.folder / f"{run_id}-{name}" for name in ("blessing", "pushed"))
        done = mlmd.Execution.COMPLETE
        self.run(
            run_id,
            {
                "Verdict": (done, "ModelBlessing", blessing, ""),
                "Pusher": (done, "PushedModel", model, ""),
                "Report": (done, None, None, ""),
            },
        )
        self.mark(blessing, blessed=int(blessed))
        if pushed is None:
            self.mark(model, pushed=0, withheld_because=reason)
        else:
            self.mark(model, pushed=1, pushed_version=str(pushed))

    def states(self, name="1", users=None):
        """Writes an artifact with users' histories: user -> item ids."""
        users = {"u1": ["a"], "u2": ["a", "b", "c"]} if users is None else users
        folder = self.root / "artifacts" / "EventExampleGen" / "user_states" / name
        folder.mkdir(parents=True)
        pl.DataFrame(
            {
                "user_id": list(users),
                "history_item_id": list(users.values()),
                "history_event_type": [["view"] * len(items) for items in users.values()],
                "history_time": [list(range(100, 100 + len(i))) for i in users.values()],
            },
            schema_overrides={"history_time": pl.List(pl.Int64)},
        ).write_parquet(folder / "users.parquet")
        return folder

    def report(self, *, pushed=3, run_id="one"):
        """Writes a report into the root folder."""
        folder = self.root / "report"
        folder.mkdir(exist_ok=True)
        facts = {
            "run_id": run_id,
            "settings_hash": settings_hash(self.settings),
            "quality": {
                "rows": [
                    {"model": "sluice", "ndcg_at_10": 0.125, "recall_at_10": None},
                    {"model": "popular", "ndcg_at_10": 0.1, "recall_at_10": 0.2},
                ]
            },
            "verdict": {"blessed": bool(pushed), "summary": "So it is.", "sentences": ["pass: x."]},
            "checks": [
                _check("ndcg", True, "pass: ndcg is 0.2."),
                _check("recall", bool(pushed), "FAIL: recall is 0.1."),
            ],
            "pushed_version": pushed,
            "account": {"periods": {"training": asdict(PeriodRange(5, 0, 86400))}},
        }
        (folder / "report.json").write_text(json.dumps(facts))
        (folder / "report.html").write_text("<html></html>")
        return folder

    def version(self, number):
        """Makes a folder that looks like a complete version."""
        folder = self.root / "serving" / "recommender" / str(number)
        folder.mkdir(parents=True)
        (folder / "saved_model.pb").touch()
        return folder


def _check(name, passed, sentence):
    return {"gate": "verdict", "name": name, "passed": passed, "sentence": sentence}


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)
