"""The bill of materials: everything that a lock installs, in CycloneDX's words."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.sbom import bill

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "serving_config/images/gpu.lock")
A = "a" * 64
B = "b" * 64
LOCK = (
    f"# made by a tool\nOne.Thing[extra]==1.0 \\\n    --hash=sha256:{A} \\\n    --hash=sha256:{B}\n"
)


def test_a_package_is_named_by_its_purl_with_the_hashes_of_its_files():
    [component] = bill([LOCK], "2")["components"]
    assert component["purl"] == component["bom-ref"] == "pkg:pypi/one-thing@1.0"
    [files] = component["externalReferences"]
    assert [one["content"] for one in files["hashes"]] == [A, B]


@pytest.mark.parametrize(
    "line", ["one>=1.0 \\\n    --hash=sha256:" + A, "one==1.0", "-e ./somewhere"]
)
def test_what_is_not_pinned_with_hashes_is_refused(line):
    with pytest.raises(ValueError, match="each entry of a lock is a package with one version"):
        bill([line], "2")


def test_the_same_locks_give_the_same_bill_and_others_another():
    assert bill([LOCK], "2") == bill([LOCK], "2")
    serials = {bill(locks, "2")["serialNumber"] for locks in ([LOCK], [LOCK.replace("1.0", "1")])}
    assert len(serials) == 2
    assert all(re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", serial) for serial in serials)


def test_everything_that_is_locked_is_in_it():
    done = subprocess.run(
        [sys.executable, "scripts/sbom.py", *LOCKS], cwd=ROOT, capture_output=True, check=True
    )
    written = json.loads(done.stdout)
    assert (written["bomFormat"], written["specVersion"]) == ("CycloneDX", "1.6")
    texts = [(ROOT / lock).read_text() for lock in LOCKS]
    locked = [name for text in texts for name in re.findall(r"^([a-z0-9.-]+)\S*==", text, re.M)]
    refs = [component["bom-ref"] for component in written["components"]]
    assert [ref.removeprefix("pkg:pypi/").split("@")[0] for ref in refs] == sorted(locked)
    assert len(set(refs)) == len(refs)
    [root, *rest] = written["dependencies"]
    assert root == {"ref": written["metadata"]["component"]["bom-ref"], "dependsOn": refs}
    assert [one["ref"] for one in rest] == refs
