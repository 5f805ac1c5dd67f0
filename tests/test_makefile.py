"""Tests of the Makefile: its help, and what its verbs call."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def make(*arguments):
    return subprocess.run(
        ["make", "--no-print-directory", *arguments], cwd=ROOT, capture_output=True, text=True
    )


def test_make_alone_lists_the_verbs():
    listed = re.findall(r"^  make (\S+) ", make().stdout, flags=re.MULTILINE)
    assert listed == [
        *(
            "help",
            "setup",
            "demo",
            "test",
            "browser",
            "redis",
            "mariadb",
            "java",
            "test-fast",
            "lint",
            "format",
            "lock",
            "sbom",
        ),
        *("bench-NAME", "clean"),
    ]


@pytest.mark.parametrize(
    ("arguments", "commands"),
    [
        (
            ["demo"],
            [
                "sluice data fetch movielens-100k",
                "sluice run --config pipeline/configs/movielens-100k.yaml",
                "sluice demo --config pipeline/configs/movielens-100k.yaml",
            ],
        ),
        (
            ["demo", "WORKERS=2"],
            ["sluice run --config pipeline/configs/movielens-100k.yaml --workers 2"],
        ),
        (["test"], ["-m pytest\n"]),
        (["sbom"], ["scripts/sbom.py requirements.lock > dist/sbom.cdx.json"]),
        (["test-fast"], ['-m pytest -m "not slow"']),
        (["bench-quality"], ["-m benchmarks.quality"]),
        (["bench-quality", "SMOKE=1"], ["-m benchmarks.quality --smoke"]),
    ],
)
def test_a_verb_sets_up_and_calls_its_commands_in_order(arguments, commands):
    planned = make("--dry-run", *arguments).stdout + "\n"
    places = [planned.index("scripts/setup.sh"), *map(planned.index, commands)]
    assert places == sorted(places)


def test_an_unknown_benchmark_is_refused_before_it_is_started():
    planned = make("--dry-run", "bench-nothing").stdout
    check = planned[planned.index("case ") : planned.index(".venv/bin/python -m benchmarks")]
    result = subprocess.run(["sh", "-c", check], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 2
    assert "there is no benchmark 'nothing'; there are:" in result.stderr
