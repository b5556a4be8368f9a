"""Raw files are those of MNIST, and what is not is refused by name."""

import hashlib

import numpy as np
import pytest
from raw_files import encoded, write_content
from small import refused

from replication.core.mnist import databases

# Of the uncompressed canonical files; stated here again so that data/raw/SHA256SUMS cannot drift.
CANONICAL = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


@pytest.mark.parametrize("name", CANONICAL)
def test_committed_files_are_canonical_mnist(repository, name):
    raw = repository / "data" / "raw"
    content = databases.uncompress(raw / f"{name}.gz")
    assert hashlib.sha256(content).hexdigest() == CANONICAL[name]
    assert databases.read_sums(raw)[f"{name}.gz"] == CANONICAL[name]


def test_images_and_labels_come_back_as_written(tiny, tiny_raw):
    images = databases.read_images(tiny_raw / databases.TRAIN_IMAGES)
    labels = databases.read_labels(tiny_raw / databases.TRAIN_LABELS)
    assert images.dtype == labels.dtype == np.uint8
    np.testing.assert_array_equal(images, tiny.train_images)
    np.testing.assert_array_equal(labels, tiny.train_labels)


def with_bit_flipped(content, place):
    spoilt = bytearray(content)
    spoilt[int(len(content) * place)] ^= 0x10
    return bytes(spoilt)


PACKED = {
    "empty": lambda _: b"",
    "two percent": lambda packed: packed[: len(packed) // 50],
    "cut off": lambda packed: packed[:-1],
    **{f"a bit at {place}": lambda packed, place=place: with_bit_flipped(packed, place)
       for place in (0.0, 0.3, 0.7, 0.9999)},
}  # fmt: skip


@pytest.mark.parametrize("spoil", PACKED.values(), ids=PACKED)
def test_a_damaged_file_is_named_with_what_restores_it(tiny_raw, spoil):
    path = tiny_raw / databases.TRAIN_IMAGES
    path.write_bytes(spoil(path.read_bytes()))
    with refused(str(path), "git checkout data/raw"):
        databases.read_images(path)
    path.unlink()
    with refused(str(path), "git checkout data/raw"):
        databases.read_images(path)


CONTENT = {
    "type": lambda content: bytes([0, 0, 9, 3]) + content[4:],
    "dimensions": lambda content: bytes([0, 0, 8, 1]) + content[4:],
    "header cut off": lambda content: content[:9],
    "too short": lambda content: content[:-1],
    "too long": lambda content: content + b"\0",
    "no pattern": lambda _: encoded(np.zeros((0, 28, 28), np.uint8)),
    "another side": lambda _: encoded(np.zeros((3, 20, 28), np.uint8)),
}


@pytest.mark.parametrize("sealed", [True, False])
@pytest.mark.parametrize("spoil", CONTENT.values(), ids=CONTENT)
def test_other_content_is_refused_even_with_the_sum_of_its_own(tiny, tiny_raw, spoil, sealed):
    path = tiny_raw / databases.TRAIN_IMAGES
    write_content(path, spoil(encoded(tiny.train_images)), sealed=sealed)
    with refused(str(path), *([] if sealed else ["SHA-256"])):
        databases.read_images(path)


def test_label_above_nine_is_refused_with_its_pattern(tiny, tiny_raw):
    path = tiny_raw / databases.TRAIN_LABELS
    labels = tiny.train_labels.copy()
    labels[17] = 10
    write_content(path, encoded(labels))
    with refused(str(path), "pattern 17", "label 10"):
        databases.read_labels(path)


def test_sums_that_are_malformed_incomplete_or_missing_are_named(tiny_raw):
    sums = tiny_raw / databases.SUMS
    lines = sums.read_text().splitlines(keepends=True)
    for text, named in (([*lines, "0123  something\n"], "line 5"),
                        (lines[:3], "t10k-labels-idx1-ubyte")):  # fmt: skip
        sums.write_text("".join(text))
        with refused(str(sums), named):
            databases.read_sums(tiny_raw)
    sums.unlink()
    with refused(str(sums)):
        databases.read_images(tiny_raw / databases.TRAIN_IMAGES)
