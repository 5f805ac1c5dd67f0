#!/usr/bin/env bash
# Resolves requirements.in into requirements.lock, and scripts/tools.in, what the GPU image has beside
# it, and the environments of the benchmarks' peers and of a server of the tests, into locks of their
# own: every package with its version and the hashes of all its files.
#
# Versions that stand in the lock are kept as long as requirements.in allows them; delete a line there
# (or the file) to let one (or all) move. The target is fixed - Python 3.11, x86_64 Linux, and the
# glibc that scripts/modern_runtime.sh provides - so the result does not depend on the machine that
# resolves. The address of the package index is not written down.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash scripts/setup.sh tools

compile() { # SOURCE LOCK [OPTION ...]; RESOLVE_FOR is the version of Python
  .tools/bin/uv pip compile --quiet --generate-hashes --no-annotate --no-emit-index-url \
    --python-version "${RESOLVE_FOR:-3.11}" --python-platform x86_64-manylinux_2_40 \
    --custom-compile-command "make lock" --output-file "$2" "${@:3}" "$1"
}

compile requirements.in requirements.lock
compile scripts/tools.in scripts/tools.lock
compile serving_config/images/gpu.in serving_config/images/gpu.lock
compile benchmarks/data/spark.in benchmarks/data/spark.lock
compile benchmarks/index/peers/peers.in benchmarks/index/peers/peers.lock
# Of this one only the data files are read; it asks for libraries and a Python that are older than ours.
RESOLVE_FOR=3.10 compile benchmarks/ope/obp.in benchmarks/ope/obp.lock --no-deps
compile benchmarks/quality/peers/peers.in benchmarks/quality/peers/peers.lock
compile benchmarks/ranker/peers/peers.in benchmarks/ranker/peers/peers.lock
compile tests/pipeline/artifact_store/moto.in tests/pipeline/artifact_store/moto.lock
