"""Tests of `scripts/modern_runtime.sh`: who needs the newer runtime, and where it comes from."""

import shutil

import pytest

needs_apt = pytest.mark.skipif(not shutil.which("apt-get"), reason="apt is Debian's and Ubuntu's")


@pytest.mark.parametrize(
    ("glibc", "cxxabi", "reason"),
    [
        ("2.36", "CXXABI_1.3.15", "glibc 2.36 is older than 2.39"),
        ("2.39", "CXXABI_1.3.13", "the C++ library lacks CXXABI_1.3.15"),
        ("2.39", "CXXABI_1.3.15", ""),
        ("2.41", "CXXABI_1.3.15", ""),
    ],
)
def test_only_old_hosts_need_the_runtime(shell, tmp_path, glibc, cxxabi, reason):
    library = tmp_path / "libstdc++.so.6"
    library.write_bytes(b"\x7fELF\0CXXABI_1.3.1\0" + cxxabi.encode() + b"\0")
    result = shell('needs_runtime "$1" "$2"', glibc, library)
    assert result.stdout.strip() == reason
    assert (result.returncode == 0) is bool(reason)


def test_a_host_without_a_cxx_library_needs_the_runtime(shell):
    assert "lacks" in shell('needs_runtime 2.41 ""').stdout


def test_the_hosts_own_libraries_are_read(shell):
    assert shell("host_glibc").stdout.startswith("2.")


DEBIAN = 'ID=debian\nVERSION_CODENAME=bookworm\nPRETTY_NAME="Debian GNU/Linux 12"\n'
UBUNTU = "ID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=jammy\nUBUNTU_CODENAME=jammy\n"
MINT = 'ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_CODENAME=virginia\nUBUNTU_CODENAME=jammy\n'


@pytest.mark.parametrize(
    ("os_release", "expected"),
    [
        (DEBIAN, "debian bookworm trixie main"),
        (UBUNTU, "ubuntu jammy noble main universe"),
        (MINT, "ubuntu jammy noble main universe"),
        ("ID=fedora\n", ""),
    ],
)
def test_the_next_release_follows_from_the_distribution(shell, tmp_path, os_release, expected):
    file = tmp_path / "os-release"
    file.write_text(os_release)
    line = (
        'read_distribution "$1" || true; '
        'echo "${FAMILY-} ${CODENAME-} ${NEXT_SUITE-} ${COMPONENTS-}"'
    )
    assert shell(line, file).stdout.strip() == expected


ONE_LINE = """\
# deb http://commented.example/debian bookworm main
deb [arch=amd64] http://third-party.example/apt tool-bookworm main
deb http://mirror.example/debian bookworm main contrib
deb http://mirror.example/debian bookworm-updates main
deb-src http://source.example/debian bookworm main
"""

DEB822 = """\
Types: deb deb-src
# a comment
URIs: http://mirror.example/debian
 http://second.example/debian
Suites: bookworm bookworm-updates
Components: main contrib

Types: deb
Enabled: no
URIs: http://disabled.example/debian
Suites: bookworm
Components: main

Types: deb
URIs: http://security.example/debian-security
Suites: bookworm-security
Components: main
"""

BY_ALIAS = "deb http://mirror.example/debian oldstable main\n"
VENDOR_FIRST = """\
deb http://vendor.example/linux bookworm main
deb http://mirror.example/debian bookworm main
"""


@needs_apt
@pytest.mark.parametrize(
    ("name", "sources", "addresses"),
    [
        ("sources.list", ONE_LINE, ["http://mirror.example/debian"]),
        (
            "debian.sources",
            DEB822,
            ["http://mirror.example/debian", "http://second.example/debian"],
        ),
        ("sources.list", BY_ALIAS, ["http://mirror.example/debian"]),
        (
            "sources.list",
            VENDOR_FIRST,
            ["http://mirror.example/debian", "http://vendor.example/linux"],
        ),
        ("sources.list", "", []),
    ],
    ids=["one-line", "deb822", "suite by alias", "a vendor's archive", "none"],
)
def test_the_archive_is_the_one_apt_uses(shell, tmp_path, name, sources, addresses):
    file = tmp_path / name
    file.write_text(sources)
    result = shell(
        'archive_addresses bookworm -o "Dir::Etc::sourcelist=$1" '
        "-o Dir::Etc::sourceparts=/dev/null",
        file,
    )
    assert [address.rstrip("/") for address in result.stdout.split()] == addresses


def test_old_hosts_without_apt_are_told_what_to_do(shell, tmp_path):
    result = shell(
        'read_distribution() { return 1; }; build_runtime "$1" "$2"',
        tmp_path / "rt",
        tmp_path / "log",
    )
    assert result.returncode == 1
    assert "too old for TFX's wheels" in result.stderr
    assert "Use Debian 13, Ubuntu 24.04" in result.stderr


def test_an_unreachable_archive_leaves_no_runtime(shell, tmp_path):
    line = (
        "read_distribution() { FAMILY=debian NEXT_SUITE=trixie CODENAME=bookworm; }; "
        'unpack_packages() { echo "Could not resolve mirror.example" >"$3"; return 1; }; '
        'build_runtime "$1" "$2"'
    )
    result = shell(line, tmp_path / "rt", tmp_path / "log")
    assert result.returncode == 1
    assert "Fetching the newer C runtime (debian trixie" in result.stderr
    assert "could not be reached" in result.stderr
    assert not (tmp_path / "rt").exists()


def test_a_runtime_that_works_is_kept(shell, tmp_path):
    lib = tmp_path / "rt" / "lib"
    lib.mkdir(parents=True)
    loader = lib / "ld-linux-x86-64.so.2"
    loader.write_text("#!/bin/sh\n")
    loader.chmod(0o755)
    result = shell(
        'unpack_packages() { exit 9; }; build_runtime "$1" "$2"', tmp_path / "rt", tmp_path / "log"
    )
    assert result.returncode == 0
