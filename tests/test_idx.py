import hashlib

import numpy as np
import pytest
from raw_files import encoded, write_content

from replication.core.mnist import idx
from replication.errors import ReplicationError

# Of the uncompressed canonical files; stated here again so that data/raw/SHA256SUMS cannot drift.
CANONICAL = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


def refused(read, path, what):
    """The reader refuses in one sentence: the file, `what` is wrong with it, how to mend it."""
    with pytest.raises(ReplicationError, match=what) as caught:
        read(path)
    message = str(caught.value)
    assert str(path) in message
    assert "git checkout data/raw" in message
    assert "\n" not in message


@pytest.mark.parametrize("name", CANONICAL)
def test_committed_files_are_canonical_mnist(repository, name):
    raw = repository / "data" / "raw"
    content = idx.uncompress(raw / f"{name}.gz")
    assert hashlib.sha256(content).hexdigest() == CANONICAL[name]
    assert idx.read_sums(raw)[f"{name}.gz"] == CANONICAL[name]


def test_images_and_labels_come_back_as_written(tiny, tiny_raw):
    images = idx.read_images(tiny_raw / idx.TRAIN_IMAGES)
    labels = idx.read_labels(tiny_raw / idx.TRAIN_LABELS)
    assert images.dtype == labels.dtype == np.uint8
    np.testing.assert_array_equal(images, tiny.train_images)
    np.testing.assert_array_equal(labels, tiny.train_labels)


def test_missing_file_is_named(tiny_raw):
    path = tiny_raw / idx.TEST_IMAGES
    path.unlink()
    refused(idx.read_images, path, "is missing")


@pytest.mark.parametrize("share", [0.0, 0.02, 0.999])
def test_truncated_image_file_is_named(tiny_raw, share):
    path = tiny_raw / idx.TEST_IMAGES
    packed = path.read_bytes()
    path.write_bytes(packed[: int(len(packed) * share)])
    refused(idx.read_images, path, "gzip file|SHA-256")


@pytest.mark.parametrize("place", [0.0, 0.3, 0.7, 0.9999])
def test_flipped_bit_in_compressed_stream_is_named(tiny_raw, place):
    path = tiny_raw / idx.TRAIN_IMAGES
    packed = bytearray(path.read_bytes())
    packed[int(len(packed) * place)] ^= 0x10
    path.write_bytes(bytes(packed))
    refused(idx.read_images, path, "gzip file|SHA-256")


def test_flipped_bit_before_compression_is_found_by_the_sum(tiny, tiny_raw):
    path = tiny_raw / idx.TRAIN_IMAGES
    content = bytearray(encoded(tiny.train_images))
    content[5000] ^= 1
    write_content(path, bytes(content), sealed=False)
    refused(idx.read_images, path, "has the SHA-256")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: bytes([0, 0, 9, 3]) + content[4:],
        lambda content: bytes([0, 0, 8, 1]) + content[4:],
        lambda content: content[:9],
        lambda content: content[:-1],
        lambda content: content + b"\0",
        lambda _: encoded(np.zeros((0, 28, 28), np.uint8)),
    ],
    ids=["type", "dimensions", "header cut off", "too short", "too long", "no pattern"],
)
def test_a_sealed_file_with_a_header_that_does_not_fit_is_refused(tiny, tiny_raw, spoil):
    path = tiny_raw / idx.TRAIN_IMAGES
    write_content(path, spoil(encoded(tiny.train_images)))
    refused(idx.read_images, path, "as its header says")


def test_other_image_size_is_refused(tiny_raw):
    path = tiny_raw / idx.TRAIN_IMAGES
    write_content(path, encoded(np.zeros((3, 20, 28), np.uint8)))
    refused(idx.read_images, path, "20x28 images where MNIST's are 28x28")


def test_label_above_nine_is_refused_with_its_pattern(tiny, tiny_raw):
    path = tiny_raw / idx.TRAIN_LABELS
    labels = tiny.train_labels.copy()
    labels[17] = 10
    write_content(path, encoded(labels))
    refused(idx.read_labels, path, "pattern 17 the label 10")


def test_missing_sums_are_named(tiny_raw):
    (tiny_raw / idx.SUMS).unlink()
    with pytest.raises(ReplicationError, match="SHA256SUMS is missing"):
        idx.read_images(tiny_raw / idx.TRAIN_IMAGES)


def test_malformed_sums_are_named_with_their_line(tiny_raw):
    sums = tiny_raw / idx.SUMS
    sums.write_text(sums.read_text() + "0123  something\n")
    with pytest.raises(ReplicationError, match="SHA256SUMS, line 5"):
        idx.read_sums(tiny_raw)


def test_sums_that_leave_a_file_out_are_refused(tiny_raw):
    sums = tiny_raw / idx.SUMS
    sums.write_text("\n".join(sums.read_text().splitlines()[:3]) + "\n")
    with pytest.raises(ReplicationError, match="t10k-labels-idx1-ubyte"):
        idx.read_sums(tiny_raw)
