#!/usr/bin/env bash
# Makes MariaDB's server available for the tests that keep ML Metadata in a real database
# (tests/pipeline/kubeflow).
#
# Only those tests need it; the product does not. The packages hold programs alone: no service is
# started, and each test runs a server of its own. Does nothing where they are there already.
set -euo pipefail

export PATH="$PATH:/usr/sbin:/usr/local/sbin"
if command -v mariadbd > /dev/null && command -v my_print_defaults > /dev/null; then
    echo "mariadbd is already installed: $(command -v mariadbd)"
    exit 0
fi

fail() {
    echo "install_mariadb.sh: $1" >&2
    exit 1
}

command -v apt-get > /dev/null ||
    fail "needs MariaDB's server, and this machine has no apt-get to install it with. Install \
MariaDB by your system's own means, so that \`mariadbd\` and \`mariadb-install-db\` are on PATH."

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo > /dev/null ||
        fail "must be root to install packages, and there is no sudo. Run as root: apt-get install mariadb-server-core mariadb-client-core"
    as_root=(sudo)
fi

"${as_root[@]}" apt-get update -qq ||
    fail "apt-get could not refresh its package lists. Check the network and /etc/apt/sources.list."
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends \
    mariadb-server-core mariadb-client-core > /dev/null ||
    fail "apt-get could not install mariadb-server-core. See what it said above."

command -v mariadbd
