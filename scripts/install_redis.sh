#!/usr/bin/env bash
# Makes a Redis server available for the tests of the user-state store (tests/serving/user_state).
#
# Only those tests need it; they start their own on a free port. Does nothing where one is on PATH.
set -euo pipefail

readonly PACKAGE=redis-server

if command -v redis-server > /dev/null; then
    echo "redis-server is already installed: $(command -v redis-server)"
    exit 0
fi

fail() {
    echo "install_redis.sh: $1" >&2
    exit 1
}

command -v apt-get > /dev/null ||
    fail "needs Redis, and this machine has no apt-get to install it with. Install Redis by your \
system's own means, so that \`redis-server\` is on PATH."

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo > /dev/null ||
        fail "must be root to install packages, and there is no sudo. Run as root: apt-get install $PACKAGE"
    as_root=(sudo)
fi

"${as_root[@]}" apt-get update -qq ||
    fail "apt-get could not refresh its package lists. Check the network and /etc/apt/sources.list."
# Run level 1 keeps the package from starting a service of its own.
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
    apt-get install -y -qq --no-install-recommends "$PACKAGE" > /dev/null ||
    fail "apt-get could not install $PACKAGE."

command -v redis-server
