# shellcheck shell=bash
# A newer C and C++ runtime for one interpreter, on hosts whose own is too old.
#
# Why: TFX 1.21 depends on ml-metadata and tensorflow-data-validation, and these are published only
# as wheels for glibc 2.39 (their native parts really use GLIBC_2.38 and CXXABI_1.3.15, that is
# GCC 14). Debian 12 (glibc 2.36) and Ubuntu 22.04 (2.35) can neither install nor load them.
#
# How: three packages of the distribution's next release - the C library, the C++ library and GCC's
# support library, 4 MB together - are unpacked into .runtime/ inside the clone, and the COPY of the
# interpreter in .venv/ is told to use them: its ELF header names our dynamic loader, and its library
# search path begins with our directory. Nothing is installed, nothing outside the clone changes, no
# root is needed, and other programs (also those we start) keep the host's libraries.
#
# Details that matter:
# - DT_RPATH, not DT_RUNPATH (--force-rpath): only the former is inherited by the extension modules
#   an interpreter loads.
# - The C++ library is made a direct dependency of the interpreter (--add-needed), so that ours is
#   loaded before TensorFlow asks for one.
# - The packages come from the archive the host's own apt sources name (apt is asked, so both ways of
#   writing sources work), and apt checks them against the distribution's keys as always.
#
# Sourced by setup.sh after common.sh. On a new enough host `needs_runtime` says no and nothing else
# here is called.

readonly NEEDED_GLIBC=2.39
readonly NEEDED_CXXABI=CXXABI_1.3.15

host_glibc() { # -> 2.36
  getconf GNU_LIBC_VERSION 2>/dev/null | awk '{ print $2 }'
}

host_libstdcxx() { # -> the path of the C++ library; nothing where there is none
  local path
  path=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null |
    awk '/libstdc\+\+\.so\.6 \(libc6,x86-64/ { print $NF; exit }')
  if [[ -z $path && -e /usr/lib64/libstdc++.so.6 ]]; then path=/usr/lib64/libstdc++.so.6; fi
  printf '%s' "$path"
}

# Says why the host's runtime will not do; fails (silently) where it will.
needs_runtime() { # [GLIBC LIBSTDCXX]
  local glibc=${1-$(host_glibc)} libstdcxx=${2-$(host_libstdcxx)}
  if ! version_at_least "$glibc" "$NEEDED_GLIBC"; then
    echo "glibc $glibc is older than $NEEDED_GLIBC"
  elif [[ -z $libstdcxx ]] || ! grep -qaF "$NEEDED_CXXABI" "$libstdcxx"; then
    echo "the C++ library lacks $NEEDED_CXXABI"
  else
    return 1
  fi
}

# ------------------------------------------------------------------------------------- packages

# What is known of the host's distribution: sets FAMILY, CODENAME, NEXT_SUITE, COMPONENTS, KEYRING.
read_distribution() { # [OS_RELEASE_FILE]
  local file=${1:-/etc/os-release} ids
  ids=" $(os_release_value ID "$file") $(os_release_value ID_LIKE "$file") "
  case $ids in
    *" ubuntu "*)
      FAMILY=ubuntu NEXT_SUITE=noble COMPONENTS="main universe"
      CODENAME=$(os_release_value UBUNTU_CODENAME "$file")
      ;;
    *" debian "*)
      FAMILY=debian NEXT_SUITE=trixie COMPONENTS=main
      CODENAME=$(os_release_value VERSION_CODENAME "$file")
      ;;
    *) return 1 ;;
  esac
  [[ -n $CODENAME ]] || CODENAME=$(os_release_value VERSION_CODENAME "$file")
  KEYRING=/usr/share/keyrings/$FAMILY-archive-keyring.gpg
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null && [[ -r $KEYRING ]]
}

os_release_value() { # KEY FILE
  sed -n "s/^$1=//p" "$2" | head -n 1 | tr -d "\"'"
}

# The archives the host's apt sources name for its own release, the distribution's usual path first.
# apt parses its sources itself: one-line and deb822 form, options, disabled entries.
archive_addresses() { # CODENAME [APT_OPTION...]
  local codename=$1
  shift
  # shellcheck disable=SC2016 # the dollar signs are apt's
  apt-get "$@" indextargets --no-release-info \
    --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    awk -v codename="$codename" '
      ($2 == codename || $2 ~ /^(old)*stable$/) && $3 == "main" && !seen[$1]++ {
        print ($1 ~ /\/(debian|ubuntu)\/?$/ ? 0 : 1), $1
      }' | sort -s -k1,1n | cut -d " " -f 2
}

# Downloads packages of a suite with a private apt state and unpacks them into DIRECTORY/root, from
# the first archive that has them. Works as any user; the host's package lists and its installed
# packages are neither read nor changed.
unpack_packages() { # DIRECTORY SUITE LOG PACKAGE...
  local directory=$1 suite=$2 log=$3 address
  shift 3
  while read -r address; do
    rm -rf "$directory"
    mkdir -p "$directory"/{lists/partial,cache/archives/partial,debs,root}
    : >"$directory/status"
    printf 'deb [arch=amd64 signed-by=%s] %s %s %s\n' \
      "$KEYRING" "$address" "$suite" "$COMPONENTS" >"$directory/sources.list"
    if download_and_unpack "$directory" "$suite" "$@" >>"$log" 2>&1; then return 0; fi
  done < <(archive_addresses "$CODENAME")
  return 1
}

download_and_unpack() ( # DIRECTORY SUITE PACKAGE...
  local directory=$1 suite=$2
  shift 2
  local options=(
    -q
    -o "Dir::Etc::sourcelist=$directory/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$directory/lists" -o "Dir::State::status=$directory/status"
    -o "Dir::Cache=$directory/cache"
    # Under root apt would download as the user _apt, who may not enter the clone's directory.
    -o "APT::Sandbox::User=$(id -un)"
    -o Acquire::Languages=none -o Acquire::Retries=2 -o Acquire::http::Timeout=30
    -o APT::Get::AllowUnauthenticated=false -o Acquire::AllowInsecureRepositories=false
  )
  cd "$directory/debs" || return 1
  apt-get "${options[@]}" update && apt-get "${options[@]}" download "${@/%//$suite}" || return 1
  local deb
  for deb in *.deb; do dpkg-deb -x "$deb" "$directory/root" || return 1; done
)

# ------------------------------------------------------------------------------------- the runtime

# Makes DIRECTORY/lib with the newer loader and libraries; what is there and works is kept.
build_runtime() { # DIRECTORY LOG
  local directory=$1 log=$2 loader=$1/lib/ld-linux-x86-64.so.2
  if [[ -x $loader ]] && "$loader" --version >/dev/null 2>&1; then return 0; fi
  read_distribution || die \
    "this machine's C library is too old for TFX's wheels, and a newer one can only be fetched with apt on Debian, Ubuntu and their kin." \
    "Use Debian 13, Ubuntu 24.04 or any system with glibc $NEEDED_GLIBC and GCC 14's C++ library."
  rm -rf "$directory"
  unpack_packages "$directory.new" "$NEXT_SUITE" "$log" libc6 libstdc++6 libgcc-s1 ||
    die_of "Fetching the newer C runtime ($FAMILY $NEXT_SUITE, from the archive in apt's sources)" "$log"
  local root=$directory.new/root from
  mkdir "$directory.new/lib"
  for from in "$root"/lib/x86_64-linux-gnu "$root"/usr/lib/x86_64-linux-gnu; do
    [[ ! -d $from ]] || find "$from" -maxdepth 1 -name '*.so*' -exec cp -L -t "$directory.new/lib" {} +
  done
  rm -rf "$root" "$directory.new"/{lists,cache,debs,status,sources.list}
  mv "$directory.new" "$directory" # the whole appears at once: a broken-off build is never used
}

# Points a venv's own copy of the interpreter at the runtime.
patch_interpreter() { # VENV RUNTIME BASE_PYTHON PATCHELF
  local bin=$1/bin lib=$2/lib patchelf=$4 search
  search=$lib$("$3" -I -c '
import os, sys, sysconfig
folders = [sysconfig.get_config_var("LIBDIR"), os.path.join(sys.base_prefix, "lib")]
name = sysconfig.get_config_var("INSTSONAME") or ""
if sysconfig.get_config_var("Py_ENABLE_SHARED"):
    print("".join(":" + f for f in dict.fromkeys(folders) if os.path.exists(os.path.join(f, name))))
')
  "$patchelf" --set-interpreter "$lib/ld-linux-x86-64.so.2" --force-rpath --set-rpath "$search" \
    --add-needed libstdc++.so.6 --add-needed libgcc_s.so.1 "$bin/python$PYTHON_VERSION"
  cp -f "$bin/python$PYTHON_VERSION" "$bin/python3"
  cp -f "$bin/python$PYTHON_VERSION" "$bin/python"
}
