#!/usr/bin/env bash
# Makes a headless Chromium available for the browser tests of the report (tests/components/report).
#
# Only those tests need it; the product does not. Does nothing where one is on PATH already.
set -euo pipefail

for name in chromium chromium-browser google-chrome; do
    if command -v "$name" > /dev/null; then
        echo "$name is already installed: $(command -v "$name")"
        exit 0
    fi
done

fail() {
    echo "install_chromium.sh: $1" >&2
    exit 1
}

command -v apt-get > /dev/null ||
    fail "needs Chromium, and this machine has no apt-get to install it with. Install Chromium \
or Google Chrome by your system's own means, so that \`chromium\` or \`google-chrome\` is on PATH."

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo > /dev/null ||
        fail "must be root to install packages, and there is no sudo. Run as root: apt-get install chromium"
    as_root=(sudo)
fi

"${as_root[@]}" apt-get update -qq ||
    fail "apt-get could not refresh its package lists. Check the network and /etc/apt/sources.list."
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core > /dev/null ||
    fail "apt-get could not install chromium. On Ubuntu, where it is a snap: sudo snap install chromium"

command -v chromium
