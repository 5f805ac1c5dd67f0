#!/usr/bin/env bash
# Makes a Java runtime available for the PySpark peer of `make bench-data`.
#
# Only that benchmark needs it; the product does not. Does nothing where Java 17 or newer is on PATH.
set -euo pipefail

readonly PACKAGE=openjdk-17-jre-headless

if command -v java > /dev/null; then
    version=$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1)
    if [ "${version:-0}" -ge 17 ]; then
        echo "Java $version is already installed: $(command -v java)"
        exit 0
    fi
fi

fail() {
    echo "install_java.sh: $1" >&2
    exit 1
}

command -v apt-get > /dev/null ||
    fail "needs Java 17, and this machine has no apt-get to install it with. Install a Java runtime \
by your system's own means, so that \`java\` is on PATH."

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo > /dev/null ||
        fail "must be root to install packages, and there is no sudo. Run as root: apt-get install $PACKAGE"
    as_root=(sudo)
fi

"${as_root[@]}" apt-get update -qq ||
    fail "apt-get could not refresh its package lists. Check the network and /etc/apt/sources.list."
# Debian 13 no longer has version 17; its default is newer.
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "$PACKAGE" > /dev/null 2>&1 ||
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends default-jre-headless > /dev/null ||
    fail "apt-get could not install a Java runtime."

command -v java
