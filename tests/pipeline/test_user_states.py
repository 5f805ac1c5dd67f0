"""Where the histories lie, and when the log ends."""

import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd

from pipeline.errors import RunError
from pipeline.user_states import end_of_log, user_states_file


def test_the_latest_histories(shop):
    with pytest.raises(RunError, match="histories come from a run"):
        user_states_file(shop.settings)
    folder = shop.states()
    shop.run("one", {"A": (mlmd.Execution.COMPLETE, "SluiceUserStates", folder, "")})
    assert user_states_file(shop.settings) == folder / "users.parquet"


def test_the_log_ends_with_its_last_event(shop):
    assert end_of_log(shop.states() / "users.parquet") == 102


def test_a_log_of_nobody_ends_at_zero(shop):
    assert end_of_log(shop.states(users={"u": []}) / "users.parquet") == 0
