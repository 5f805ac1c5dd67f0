# shellcheck shell=bash
# What the set-up scripts share: messages, checks of the machine, and the search for Python 3.11.
# Sourced, never run; it defines functions and does nothing else.

readonly PYTHON_VERSION=3.11
readonly NEEDED_GB=6      # twice the installed size: the environment, the downloads, room to work
# shellcheck disable=SC2034
readonly REPLACING_GB=3   # where an old environment makes room for the new one

# ------------------------------------------------------------------------------------- messages

STEP_OPEN=""   # a progress line that has begun and not ended
STEP_BEGAN=0

now_ms() { local t=${EPOCHREALTIME/[.,]/}; echo "$((t / 1000))"; }

seconds_since() { # BEGAN_MS -> "12.3 s"
  local ms=$(($(now_ms) - $1))
  printf '%d.%d s' "$((ms / 1000))" "$((ms % 1000 / 100))"
}

step() { # NAME TEXT: begin a progress line
  STEP_BEGAN=$(now_ms)
  STEP_OPEN=yes
  printf '  %-9s %s ... ' "$1" "$2"
}

done_step() { # [TEXT]: end it with the time it took
  printf '%s%s\n' "${1:+$1, }" "$(seconds_since "$STEP_BEGAN")"
  STEP_OPEN=""
}

note() { # TEXT: a line of its own in the middle of a step
  printf '\n  %-9s %s ... ' "" "$1"
}

die() { # LINE...: the rule, what was found, what to do
  if [[ -n $STEP_OPEN ]]; then
    printf 'failed\n'
    STEP_OPEN=""
  fi
  printf '\nset-up: error: %s\n' "$1" >&2
  shift
  (($# == 0)) || printf '  %s\n' "$@" >&2
  exit 1
}

# ------------------------------------------------------------------------------------- the machine

version_at_least() { # HAVE WANTED
  [[ $(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1) == "$2" ]]
}

require_platform() { # [SYSTEM MACHINE C_LIBRARY]
  local system=${1-$(uname -s)} machine=${2-$(uname -m)}
  local library=${3-$(getconf GNU_LIBC_VERSION 2>/dev/null || echo "another C library")}
  [[ $system == Linux && $machine == x86_64 && $library == glibc* ]] || die \
    "TFX's native parts are published for Linux on x86_64 with glibc only; this is $system on $machine with $library." \
    "Use such a machine, or a container or virtual machine of that kind."
}

free_gb() { # DIRECTORY -> whole gigabytes (10^9 bytes) free there
  df -Pk "$1" | awk 'NR == 2 { printf "%d\n", $4 * 1024 / 1e9 }'
}

require_disk() { # DIRECTORY GIGABYTES
  local free
  free=$(free_gb "$1")
  ((free >= $2)) || die \
    "set-up needs $2 GB of free disk, and only $free GB are free where $1 lies." \
    "Free some space, or put the clone on a larger disk, and run it again."
}

# Why a command failed, from what it printed. The order matters: a build that could not fetch its
# tools also says that the build failed.
failure_kind() { # LOG -> disk | hash | network | compiler | other
  if grep -qiE 'no space left on device|disk quota exceeded' "$1"; then
    echo disk
  elif grep -qiE 'hash mismatch|do not match the hashes' "$1"; then
    echo hash
  elif grep -qiE 'error sending request|dns error|failed to lookup|could not resolve|could not connect|connection (refused|reset|timed out)|network is unreachable|operation timed out|tunnel|temporary failure|newconnectionerror|failed to fetch|proxyerror|cannot connect to proxy|certificate|network connectivity|request failed after' "$1"; then
    echo network
  elif grep -qiE 'cc1plus|python\.h: no such file|unable to execute|command .*(cc|g\+\+|c\+\+).* failed' "$1"; then
    echo compiler
  else
    echo other
  fi
}

die_of() { # WHAT LOG: explain a failed command by the end of its log
  local what=$1 log=$2 advice
  case $(failure_kind "$log") in
    disk) advice="The disk is full: free $NEEDED_GB GB and run it again." ;;
    hash) advice="A downloaded file is not the one that was locked: the package index or a proxy serves something else. Do not go on; find out which." ;;
    network) advice="The package index (or archive) could not be reached. Check the network and HTTPS_PROXY, or name a mirror: PIP_INDEX_URL and UV_DEFAULT_INDEX for Python packages, apt's own sources for the C runtime. What was downloaded is kept; run it again." ;;
    compiler) advice="One package (pyfarmhash) is published as C++ source only: install a C++ compiler and Python's headers (Debian, Ubuntu: apt-get install g++ python3.11-dev) and run it again." ;;
    *) advice="The whole output is in $log." ;;
  esac
  local tail_lines
  mapfile -t tail_lines < <(grep -v '^[[:space:]]*$' "$log" | tail -n 6 | cut -c1-160)
  die "$what failed. $advice" "last lines of $log:" "${tail_lines[@]/#/  | }"
}

# ------------------------------------------------------------------------------------- Python 3.11

# Every place a machine may keep Python 3.11, the user's own choice first. Missing ones are no error.
python_candidates() {
  [[ -z ${PYTHON:-} ]] || command -v "$PYTHON" || true
  type -aP "python$PYTHON_VERSION" python3 python || true
  local home=${HOME:-/nonexistent} versions
  for versions in "${PYENV_ROOT:-$home/.pyenv}/versions/" \
    "${UV_PYTHON_INSTALL_DIR:-$home/.local/share/uv/python}/cpython-" \
    "${ROOT:-.}/.tools/python/cpython-"; do # in each the newest first
    compgen -G "$versions$PYTHON_VERSION*/bin/python$PYTHON_VERSION" | sort -rV || true
  done
  ls -1d /usr/bin/"python$PYTHON_VERSION" /usr/local/bin/"python$PYTHON_VERSION" \
    /opt/*/bin/"python$PYTHON_VERSION" /opt/*/*/bin/"python$PYTHON_VERSION" \
    2>/dev/null || true
}

# Prints the interpreter behind a candidate (behind a pyenv shim, behind an active environment) and
# whether C headers lie beside it; says why not and fails where it is no use.
inspect_python() { # CANDIDATE -> "PATH with-headers|no-headers"
  "$1" -I - "$PYTHON_VERSION" <<'PY'
import os, platform, sys, sysconfig
version = ".".join(map(str, sys.version_info[:2]))
if version != sys.argv[1] or platform.python_implementation() != "CPython" or sys.maxsize < 2**62:
    sys.exit(f"is {platform.python_implementation()} {platform.python_version()}")
missing = []
for module in ("bz2", "ctypes", "lzma", "sqlite3", "ssl", "venv", "zlib"):
    try:
        __import__(module)
    except ImportError:
        missing.append(module)
if missing:
    sys.exit("was built without " + ", ".join(missing))
headers = os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h"))
print(os.path.realpath(sys._base_executable), "with-headers" if headers else "no-headers")
PY
}

# The first usable Python 3.11; one with headers is preferred. Empty and failing where there is none;
# $1, a file, then tells what was looked at.
find_python() { # LOOKED_AT_FILE -> "PATH with-headers|no-headers"
  local candidate answer second_best=""
  local -A seen=()
  : >"$1"
  while read -r candidate; do
    [[ -n $candidate && -z ${seen[$candidate]:-} ]] || continue
    seen[$candidate]=yes
    if ! answer=$(inspect_python "$candidate" 2>&1); then
      printf '%s %s\n' "$candidate" "$(tail -n 1 <<<"$answer" | cut -c1-200)" >>"$1"
    elif [[ $answer == *" with-headers" ]]; then
      echo "$answer"
      return 0
    else
      : "${second_best:=$answer}"
    fi
  done < <(python_candidates)
  [[ -n $second_best ]] && echo "$second_best"
}
