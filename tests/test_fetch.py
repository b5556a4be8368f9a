import functools
import http.server
import re
import threading
import urllib.error

import pytest
from raw_files import encoded, write_content, write_raw
from torchvision.datasets import MNIST

from replication.errors import ReplicationError
from replication.mnist import databases, fetch, idx


@pytest.fixture
def mirror(tmp_path, tiny):
    """A folder that plays the mirror, as an address."""
    return write_raw(tmp_path / "mirror", tiny)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def address(tmp_path):
    """Serves the folders of tmp_path on this machine; gives a folder's address."""
    handler = functools.partial(Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield lambda folder: f"http://127.0.0.1:{server.server_port}/{folder.name}/"
        server.shutdown()
        thread.join()


def test_fetch_knows_the_same_files_as_torchvision():
    assert tuple(name for name, _ in MNIST.resources) == idx.FILES


def test_missing_and_damaged_files_are_replaced_and_good_ones_left(tiny, tiny_raw, mirror, address):
    missing, damaged = tiny_raw / idx.TEST_LABELS, tiny_raw / idx.TRAIN_IMAGES
    before = {name: (tiny_raw / name).read_bytes() for name in idx.FILES}
    kept = (tiny_raw / idx.TRAIN_LABELS).stat().st_mtime_ns
    missing.unlink()
    damaged.write_bytes(before[idx.TRAIN_IMAGES][:1000])
    replaced = fetch.fetch(tiny_raw, (address(mirror),))
    assert replaced == [idx.TRAIN_IMAGES, idx.TEST_LABELS]
    assert {name: (tiny_raw / name).read_bytes() for name in idx.FILES} == before
    assert (tiny_raw / idx.TRAIN_LABELS).stat().st_mtime_ns == kept
    assert databases.read_raw(tiny_raw).sha256() == tiny.sha256()


def test_nothing_is_downloaded_where_all_is_well(tiny_raw, tmp_path, address):
    assert fetch.fetch(tiny_raw, (address(tmp_path / "nowhere"),)) == []


def test_second_mirror_is_tried_when_the_first_has_another_file(
    tiny, tiny_raw, mirror, tmp_path, address
):
    wrong = tmp_path / "wrong"
    wrong.mkdir()
    write_content(wrong / idx.TEST_LABELS, encoded(tiny.test_labels[::-1]))
    (tiny_raw / idx.TEST_LABELS).unlink()
    replaced = fetch.fetch(tiny_raw, (address(wrong), address(mirror)))
    assert replaced == [idx.TEST_LABELS]
    assert databases.read_raw(tiny_raw).sha256() == tiny.sha256()


def test_mirror_with_another_file_is_refused_and_nothing_written(tiny, tiny_raw, mirror, address):
    write_content(mirror / idx.TEST_LABELS, encoded(tiny.test_labels[::-1]))
    path = tiny_raw / idx.TEST_LABELS
    path.unlink()
    with pytest.raises(ReplicationError, match="gives a file that is damaged or another"):
        fetch.fetch(tiny_raw, (address(mirror),))
    assert not path.exists()


def test_being_offline_is_said_in_one_sentence(tiny_raw, monkeypatch):
    def offline(*_):
        raise urllib.error.URLError("Network is unreachable")

    monkeypatch.setattr(fetch, "download_url", offline)
    path = tiny_raw / idx.TRAIN_IMAGES
    path.unlink()
    expected = f"{re.escape(str(path))} could not be downloaded .*check the internet connection"
    with pytest.raises(ReplicationError, match=expected) as caught:
        fetch.fetch(tiny_raw)
    assert "\n" not in str(caught.value)
    assert all(mirror in str(caught.value) for mirror in MNIST.mirrors)


def test_mirror_without_the_file_is_passed_over(tiny_raw, mirror, tmp_path, address):
    (tiny_raw / idx.TEST_LABELS).unlink()
    (tmp_path / "bare").mkdir()
    replaced = fetch.fetch(tiny_raw, (address(tmp_path / "bare"), address(mirror)))
    assert replaced == [idx.TEST_LABELS]


def test_broken_sums_are_not_mended_by_downloading(tiny_raw, mirror, address):
    (tiny_raw / idx.SUMS).unlink()
    with pytest.raises(ReplicationError, match="SHA256SUMS is missing"):
        fetch.fetch(tiny_raw, (address(mirror),))


def test_packing_is_deterministic_and_names_neither_file_nor_time(tiny):
    content = encoded(tiny.test_labels)
    first = fetch.packed(content)
    assert first == fetch.packed(content)
    assert first[3] == 0
    assert first[4:8] == bytes(4)
