# Every verb of the project. `make` alone lists them; each one sets up what it needs first.

SLUICE  := .venv/bin/sluice
CONFIG  := pipeline/configs/movielens-100k.yaml
WORKERS ?=
SMOKE   ?=
PYTHON  ?=
# Everything that is Python and ours.
SOURCES := pipeline components transform trainer serving simulation benchmarks notebooks \
	tests scripts setup.py

BENCHMARKS = $(sort $(patsubst benchmarks/%/__main__.py,%,$(wildcard benchmarks/*/__main__.py)))

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-fast lint lint-style lint-format lint-types lint-layers lint-shell \
	format lock sbom browser redis mariadb java clean

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z%-]+:.*## / { sub(/%/, "NAME", $$1); printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: ## make .venv with everything in it (PYTHON=path names an interpreter)
	@PYTHON="$(PYTHON)" bash scripts/setup.sh

demo: setup ## the whole pipeline on MovieLens-100k, then three users' recommendations (WORKERS=2)
	@$(SLUICE) data fetch movielens-100k
	@$(SLUICE) run --config $(CONFIG) $(if $(WORKERS),--workers $(WORKERS))
	@$(SLUICE) demo --config $(CONFIG)

test: setup ## all tests
	@.venv/bin/python -m pytest

browser: ## install Chromium, which the report's browser tests drive (apt-get)
	@bash scripts/install_chromium.sh

redis: ## install Redis, which the tests of user states and of the stream run (apt-get)
	@bash scripts/install_redis.sh

mariadb: ## install MariaDB, which the tests of ML Metadata in a database need (apt-get)
	@bash scripts/install_mariadb.sh

java: ## install a Java runtime, which the PySpark peer of bench-data needs (apt-get)
	@bash scripts/install_java.sh

test-fast: setup ## the tests that need neither servers nor pipelines
	@.venv/bin/python -m pytest -m "not slow"

lint: lint-style lint-format lint-types lint-layers lint-shell ## every check of the sources

lint-style: setup
	@.venv/bin/ruff check $(SOURCES)

lint-format: setup
	@.venv/bin/ruff format --check $(SOURCES)

lint-types: setup
	@.venv/bin/mypy --strict

lint-layers: setup
	@.venv/bin/lint-imports

# shellcheck is not on PyPI under its own name; where the machine has it, it is used.
lint-shell:
	@if command -v shellcheck >/dev/null; then shellcheck scripts/*.sh .ci/run; fi

format: setup ## bring the sources into their form
	@.venv/bin/ruff check --fix --quiet $(SOURCES) || true
	@.venv/bin/ruff format $(SOURCES)

lock: ## resolve requirements.in anew into requirements.lock (and the tools' own lock)
	@bash scripts/lock.sh

sbom: setup ## write dist/sbom.cdx.json: the locked packages as CycloneDX lists them
	@mkdir -p dist
	@.venv/bin/python scripts/sbom.py requirements.lock > dist/sbom.cdx.json

bench-%: setup ## run one benchmark against its peers (SMOKE=1: the minute-long form)
	@case " $(BENCHMARKS) " in *" $* "*) ;; *) \
		echo "make: there is no benchmark '$*'; there are: $(or $(BENCHMARKS),none yet)" >&2; exit 2 ;; esac
	@.venv/bin/python -m benchmarks.$* $(if $(SMOKE),--smoke)

clean: ## remove caches and what runs have written; the environment stays
	@rm -rf runs build dist ./*.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './.venv/*' -not -path './.tools/*' -prune -exec rm -rf {} +
