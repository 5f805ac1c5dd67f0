"""The contracts of import-linter stop what they are there to stop."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]


@pytest.fixture
def tree(tmp_path):
    """A project of empty packages under the real contracts."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    inner = ("transform/reading", "transform/aggregation", "transform/rows", "transform/job")
    for package in (*SETTINGS["root_packages"], *inner):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    for contract in SETTINGS["contracts"]:
        for module in contract.get("source_modules", ()):
            path = (tmp_path / module.replace(".", "/")).with_suffix(".py")
            if "." in module:
                path.parent.mkdir(exist_ok=True)
                (path.parent / "__init__.py").touch()
                path.touch()
    return tmp_path


def lint(tree):
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    result = subprocess.run(command, cwd=tree, capture_output=True, text=True)
    return result.returncode, result.stdout


def test_empty_packages_keep_every_contract(tree):
    code, output = lint(tree)
    assert code == 0, output


@pytest.mark.parametrize(
    ("module", "statement", "contract"),
    [
        ("transform/bad.py", "import trainer", "Imports point one way"),
        ("trainer/bad.py", "import serving", "Imports point one way"),
        ("serving/bad.py", "import trainer", "Imports point one way"),
        ("components/bad.py", "import pipeline", "Imports point one way"),
        ("transform/reading/bad.py", "import transform.rows", "Inside transform"),
        ("transform/aggregation/bad.py", "import transform.job", "Inside transform"),
        ("transform/state.py", "import tensorflow", "The fold runs in thin clients"),
        ("transform/state.py", "import apache_beam", "The fold runs in thin clients"),
        ("serving/client.py", "import tensorflow", "The client installs with gRPC"),
        ("serving/aio_user_client.py", "import polars", "The client installs with gRPC"),
        ("simulation/bad.py", "import transform.state", "The simulation meets the rest"),
        ("pipeline/bad.py", "import simulation", "The product does not lean on the simulation"),
        ("pipeline/bad.py", "import benchmarks", "Nothing imports tests, notebooks or benchmarks"),
        ("trainer/bad.py", "import tests", "Nothing imports tests, notebooks or benchmarks"),
    ],
)
def test_a_wrong_import_breaks_its_contract(tree, module, statement, contract):
    (tree / module).write_text(statement + "\n")
    code, output = lint(tree)
    assert code == 1
    broken = [line for line in output.splitlines() if line.endswith(" BROKEN")]
    assert any(line.startswith(contract) for line in broken), output
