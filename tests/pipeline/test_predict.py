"""predict: whatever an image looks like, the digit in it becomes a pattern as MNIST's are."""

import hashlib
import random
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from safetensors.numpy import save_file
from small import mistake, refused

from replication.comparison.evaluation.recomputed import RecordedNetwork, base_settings
from replication.core import settings
from replication.core.networks.catalogue import lenet5
from replication.core.runs import RECORD_KEYS, Answers, answers_bytes
from replication.core.systems.contract import answers_from_penalties
from replication.errors import ReplicationError
from replication.extras import own_digits
from replication.files import write_bytes, write_json
from replication.pipeline.cli import main
from replication.pipeline.predict import describe
from replication.reading import Damage


def read(path):
    """The pattern of a file with one digit, or its error."""
    (found,) = own_digits.read_digits(path)
    if isinstance(found, ReplicationError):
        raise found
    return found[1]


def grown(image, times):
    size = tuple(times * side for side in image.shape)
    return Image.fromarray(image).resize(size, Image.Resampling.BICUBIC)


def inked(image):
    """Ink 0 to 1 of an MNIST image three times as large."""
    return np.asarray(grown(image, 3), dtype=float)[..., None] / 255


def coloured(image, ground, pen):
    mixed = np.array(ground) * (1 - inked(image)) + np.array(pen) * inked(image)
    return Image.fromarray(np.rint(mixed).astype(np.uint8))


def transparent(image, pen):
    alpha = np.rint(255 * inked(image)).astype(np.uint8)
    return Image.fromarray(
        np.concatenate([np.full((*alpha.shape[:2], 3), pen, np.uint8), alpha], 2)
    )


def lit(image, reflected):
    """A photograph with four times as much light at one corner as at the opposite one."""
    ink = inked(image)[..., 0]
    across, down = (np.linspace(1, 0.5, size) for size in ink.shape)
    light = across[:, None] * down
    return Image.fromarray(np.rint(250 * light * reflected(ink)).astype(np.uint8))


def on_a_page(image):
    page = Image.new("L", (300, 200), 220)
    page.paste(
        Image.fromarray(220 - np.rint(180 * inked(image)[..., 0]).astype(np.uint8)), (200, 9)
    )
    return page


FORMS = {
    "as it is": Image.fromarray,
    "three times as large": lambda image: grown(image, 3),
    "ten times as large": lambda image: grown(image, 10),
    "dark on bright": lambda image: grown(255 - image, 3),
    "blue on yellow": lambda image: coloured(image, (250, 240, 180), (20, 30, 150)),
    "white on green": lambda image: coloured(image, (0, 90, 30), (255, 255, 255)),
    "black on nothing": lambda image: transparent(image, 0),
    "white on nothing": lambda image: transparent(image, 255),
    "in a corner of a grey page": on_a_page,
    "of 16 bits": lambda image: Image.fromarray(image.astype(np.uint16) * 257),
    "with a palette": lambda image: grown(image, 3).convert("P"),
    "rotated by its camera": lambda image: grown(image, 3).rotate(90, expand=True),
    "lit from a corner": lambda image: lit(image, lambda ink: 1 - 0.9 * ink),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_digit_of_mnist_comes_back_from_any_form(form, regular, tmp_path):
    path = tmp_path / "digit.png"
    apart = []
    for image in regular.test_images[:30]:
        shown = FORMS[form](image)
        extra = {}
        if form == "rotated by its camera":
            extra["exif"] = Image.Exif()
            extra["exif"][0x0112] = 6  # to be turned by 270 degrees to be upright
        shown.save(path, **extra)
        found = read(path)
        assert found.shape == (28, 28)
        assert found.dtype == np.uint8
        apart.append(np.abs(found.astype(float) - image).mean())
    # of 255; a shift by one pixel would be about 17
    assert np.median(apart) < (0.5 if form in ("as it is", "of 16 bits") else 9)


@given(
    height=st.integers(1, 60), width=st.integers(1, 60), seed=st.integers(0, 99), part=st.booleans()
)
def test_any_ink_fills_the_box_and_stays_in_the_field(height, width, seed, part):
    amount = np.random.default_rng(seed).random((height, width)) * (0.05 if part else 1.0)
    amount[0, 0] = 1.0
    found = own_digits.centre_by_mass(own_digits.scale_to_box(amount))
    assert found.max() == 255
    assert max(np.ptp(np.flatnonzero(found.any(axis=axis))) for axis in (0, 1)) < 20


def test_several_digits_are_told_from_one(regular):
    def count(levels):
        try:
            return len(own_digits.find_digits(levels / 255))
        except Damage:
            return 0

    images = regular.test_images
    pairs = zip(images[:100], images[100:200], strict=True)
    assert [count(np.hstack(pair)) for pair in pairs] == [2] * 100
    assert [count(np.vstack([one, one])) for one in images[:9]] == [2] * 9
    assert sum(count(one) != 1 for one in images[:1000]) < 10


# What cannot be read, and what the sentence names beside the file.
UNREADABLE = {
    "white": (Image.new("L", (40, 40), 255), "ink"),
    "black": (Image.new("RGB", (40, 40)), "ink"),
    "transparent": (Image.new("RGBA", (40, 40)), "ink"),
    "shade": (Image.linear_gradient("L").point(lambda level: 230 + level // 20), "ink"),
    "16 bits": (Image.new("I;16", (9, 9), 700), "ink"),
    "huge": (Image.new("1", (10_000, 10_000)), "10000x10000"),
    "cut off": (Image.new("L", (99, 99)), "image"),
    "a letter": (None, "image"),
    "missing": (None, "image"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_named(name, tmp_path):
    path, (image, named) = tmp_path / f"{name}.png", UNREADABLE[name]
    if image is not None:
        image.save(path)
    if name == "cut off":
        path.write_bytes(path.read_bytes()[:60])
    if name == "a letter":
        path.write_text("Dear reader")
    with refused(str(path), named):
        read(path)


@pytest.fixture
def weights(tmp_path, paper):
    """Random weights in a file; nothing beside it."""
    values = np.random.default_rng(4).normal(0, 0.1, lenet5(paper).parameters)
    path = tmp_path / "run" / "weights.safetensors"
    path.parent.mkdir()
    save_file({"parameters": values.astype(np.float32)}, path)
    return path, values.astype(np.float32)


def arguments(repository, weights, *images):
    named = (*images, "--root", repository, "--weights", weights)
    return ["predict", *map(str, named)]


@pytest.fixture
def digits(tmp_path, regular):
    paths = [tmp_path / "one.png", tmp_path / "two.png"]
    for path, image in zip(paths, regular.test_images, strict=False):
        Image.fromarray(image).save(path)
    return paths


def test_the_command_prints_what_the_network_says(
    repository, weights, digits, regular, paper, capsys
):
    path, values = weights
    assert main(arguments(repository, path, *digits)) == 0
    said = capsys.readouterr().out
    stated = base_settings(settings.load(repository / "params.yaml"))
    penalties = RecordedNetwork(stated, paper, path).penalties(values, regular.test_images[:2])
    answers = answers_from_penalties(penalties)
    for number, name in enumerate(digits):
        found = re.search(
            rf"{re.escape(str(name))}: (\d), margin ([\d.]+)\n  penal.*?(0: .*)", said
        )
        assert int(found[1]) == answers.classes[number]
        each = [float(part.split(": ")[1]) for part in found[3].split("  ")]
        assert each == pytest.approx(penalties[number].tolist(), abs=0.02)
    assert "no answers.npz beside" in said


def test_a_file_that_is_no_image_leaves_the_others_their_answers(
    repository, weights, digits, tmp_path, regular, capsys
):
    bad, pair = tmp_path / "bad.png", tmp_path / "pair.png"
    bad.write_text("no image")
    Image.fromarray(np.hstack(regular.test_images[:2])).save(pair)
    assert main(arguments(repository, weights[0], bad, digits[0], pair)) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert "bad.png" in said.err
    assert said.out.count(", margin ") == 3
    for nth in (1, 2):
        assert f"pair.png, digit {nth} of 2: " in said.out


def test_a_flipped_bit_of_weights_is_noticed_by_their_record(repository, digits, tmp_path, capsys):
    folder = tmp_path / "0"
    shutil.copytree(repository / "results/runs/lenet5/0", folder)
    path = folder / "weights.safetensors"
    content = bytearray(path.read_bytes())
    content[-4] ^= 1  # the last bit of the last parameter
    path.write_bytes(bytes(content))
    named = (str(path), "record.json", f"git checkout {path.as_posix()}")
    mistake(capsys, arguments(repository, path, digits[0]), *named)


def test_an_answer_is_rejected_up_to_the_threshold_of_the_committed_answers(
    repository, weights, digits, regular, capsys
):
    path, _ = weights
    classes = regular.test_labels.copy()
    classes[:51] = (classes[:51] + 1) % 10
    margins = np.full(10_000, 9.0, np.float32)
    margins[:51] = 1e6
    write_bytes(path.parent / "answers.npz", answers_bytes(Answers(classes, margins)))
    assert main(arguments(repository, path, digits[0])) == 0
    # All that are less sure than the wrong answers have to be rejected, and one of those.
    assert ", rejected at 0.5 % error (rejected up to 1000000.00)" in capsys.readouterr().out
    penalties = np.array([[9, 8, 7, 6, 2, 5, 9, 9, 9, 9]], np.float32)
    told = [describe("a", penalties, limit, 0.5).split("\n")[0] for limit in (3.0, 2.5, -1, None)]
    assert [("rejected at" in one, "accepted at" in one) for one in told] == [
        (True, False), (False, True), (False, True), (False, False),
    ]  # fmt: skip


def test_the_record_beside_the_weights_says_how_they_were_trained(
    repository, weights, digits, chosen, capsys
):
    path, _ = weights
    stated = base_settings(chosen)
    asked = arguments(repository, path, digits[0])

    def record():
        content = {name: kind() for name, kind in RECORD_KEYS.items()}
        sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest()}
        content |= {"settings": stated, "files": sums}
        write_json(path.parent / "record.json", content)

    def said():
        main(asked)
        return capsys.readouterr().out

    before = said()
    record()
    assert said() == before
    stated["squashing"]["amplitude"] = 1.0
    record()
    assert said() != before
    for changes in ({"system": "last-layer"}, {"system": "network", "database": "deslanted"}):
        stated |= changes
        record()
        mistake(capsys, asked, str(path), [*changes.values()][-1])
    del stated["squashing"]
    record()
    mistake(capsys, asked, "record.json")


WRONG = {
    "another shape": ({"parameters": np.zeros(61706, np.float32)}, "(61706,)"),
    "another type": ({"parameters": np.zeros(60000)}, "float64"),
    "no such tensor": ({"weights": np.zeros(60000, np.float32)}, "holds weights"),
    "a hole": ({"parameters": np.full(60000, np.nan, np.float32)}, "finite"),
}


@pytest.mark.parametrize(("tensors", "named"), WRONG.values(), ids=WRONG)
def test_wrong_weights_are_named(tensors, named, repository, weights, digits, capsys):
    path, _ = weights
    save_file(tensors, path)
    mistake(capsys, arguments(repository, path, digits[0]), "weights.safetensors", named)
    mistake(capsys, arguments(repository, path.parent, digits[0]), "weights.safetensors")


@pytest.mark.parametrize(
    "mode", ["L", "RGB", "RGBA", "LA", "P", "1", "I", "F", "I;16", "CMYK", "LAB", "YCbCr", "RGBX"]
)
def test_a_photograph_is_read_at_a_bounded_size(mode, tmp_path, monkeypatch):
    """Enlarged seven times it gives the pattern of the small one; no array is as large as it."""
    small = np.full((600, 600), 255, np.uint8)
    small[150:450, 280:320] = 20
    image = Image.fromarray(small)
    paths = []
    for name, one in (("small", image), ("large", image.resize((4200, 4200), Image.NEAREST))):
        depth = np.asarray(one, np.uint16) * 257
        coloured = one.convert("RGB") if mode == "LAB" else one
        made = Image.fromarray(depth) if mode == "I;16" else coloured.convert(mode)
        paths.append(tmp_path / f"{name}.tiff")
        made.save(paths[-1])
    sizes = []
    plain = own_digits.measure_brightness
    monkeypatch.setattr(
        own_digits, "measure_brightness", lambda one: sizes.append(one.size) or plain(one)
    )
    first, second = (read(path) for path in paths)
    assert max(max(size) for size in sizes) <= 1000
    assert np.abs(first.astype(int) - second).max() <= 12


def photograph(path: Path, exif: bytes) -> Path:
    """A stroke that is a 1 upright, lying on its side until EXIF's orientation turns it."""
    ink = np.full((200, 200), 255, np.uint8)
    ink[90:110, 30:170] = 0
    Image.fromarray(ink).save(path, "JPEG", exif=exif)
    return path


def entries(*fields: tuple[int, int, int, bytes]) -> bytes:
    """EXIF of one directory: tag, type, count and the four bytes of the value."""
    head = b"Exif\0\0MM\0*\0\0\0\x08" + len(fields).to_bytes(2, "big")
    body = b"".join(tag.to_bytes(2, "big") + kind.to_bytes(2, "big") + count.to_bytes(4, "big")
                    + value for tag, kind, count, value in fields)  # fmt: skip
    return head + body + bytes(4) + b"\xff\xff\xff\xff\0\0\0\0"


TURNED = (0x0112, 3, 1, b"\0\x06\0\0")
EXIF = {
    "plain": entries(TURNED),
    "a fraction below nothing": entries(TURNED, (0x011A, 10, 1, b"\0\0\0\x26")),
    "a value elsewhere": entries(TURNED, (0x010F, 2, 900, b"\0\xff\0\0")),
    "a kind of value that is none": entries(TURNED, (0x0110, 77, 3, b"\0\0\0\0")),
}


@pytest.mark.parametrize("exif", EXIF.values(), ids=EXIF)
def test_a_photograph_is_turned_by_its_orientation_alone(tmp_path, exif):
    pattern = read(photograph(tmp_path / "photo.jpg", exif))
    assert np.ptp(np.nonzero(pattern)[0]) > np.ptp(np.nonzero(pattern)[1])


def test_damaged_images_do_not_keep_the_others_from_being_answered(
    repository, weights, digits, tmp_path, capsys
):
    path, _ = weights
    sound = photograph(tmp_path / "a.jpg", entries(TURNED)).read_bytes()
    draw = random.Random(8)
    images = []
    for number in range(40):
        images.append(tmp_path / f"{number}.jpg")
        start = draw.randrange(len(sound))
        images[-1].write_bytes(sound[:start] + draw.randbytes(3) + sound[start + 3 :])
    assert main(["predict", "--weights", str(path), "--root", str(repository),
                 *map(str, images), str(digits[0])]) in (0, 2)  # fmt: skip
    said = capsys.readouterr()
    assert f"{digits[0]}: " in said.out
    assert said.out.count(", margin") + said.err.count("replication: ") == 41


def test_the_noise_of_an_empty_sheet_of_sixteen_bits_is_no_ink(tmp_path):
    noise = np.random.default_rng(1).normal(60_000, 300, (200, 200)).clip(0, 65_535)
    path = tmp_path / "blank.png"
    Image.fromarray(noise.astype(np.uint16)).save(path)
    with pytest.raises(ReplicationError, match="shows no ink"):
        read(path)


def test_twelve_of_sixteen_bits_are_enough(tmp_path):
    levels = np.full((80, 80), 4095, np.uint16)
    levels[10:70, 36:44] = 100
    path = tmp_path / "twelve.png"
    Image.fromarray(levels).save(path)
    assert np.ptp(np.nonzero(read(path))[0]) == 19


def test_each_page_of_a_file_is_answered_and_one_that_cannot_be_read_is_named(
    repository, weights, regular, tmp_path, capsys
):
    path = tmp_path / "pages.tiff"
    first, blank, last = (Image.fromarray(image) for image in (
        regular.test_images[0], np.zeros((28, 28), np.uint8), regular.test_images[1]
    ))  # fmt: skip
    first.save(path, save_all=True, append_images=[blank, last])
    assert main(arguments(repository, weights[0], path)) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert f"{path}, page 2 of 3 shows no ink" in said.err
    assert said.out.count(", margin ") == 2
    assert f"{path}, page 3 of 3: " in said.out


@pytest.mark.parametrize("kind", ["I;16", "I;16B", "I", "F"])
def test_deep_pixels_are_read_and_what_is_no_number_is_no_ink(kind, tmp_path):
    levels = np.full((60, 60), 3000.0, np.float32)
    levels[10:50, 26:34] = 100
    if kind == "F":
        levels[0, :9] = [np.nan, np.inf, -np.inf] * 3
    types = {"I;16": "<u2", "I;16B": ">u2", "I": "<i4", "F": "<f4"}
    path = tmp_path / "deep.tiff"
    Image.frombytes(kind, (60, 60), levels.astype(types[kind]).tobytes()).save(path)
    assert np.ptp(np.nonzero(read(path))[0]) == 19


def test_noise_alone_is_no_digit(tmp_path):
    path = tmp_path / "noise.png"
    noise = np.random.default_rng(2).integers(0, 256, (300, 400), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    with refused("noise.png", "plain ground"):
        read(path)


def test_what_would_start_a_program_is_not_opened(tmp_path):
    path = tmp_path / "image.png"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\n")
    with pytest.raises(ReplicationError, match="cannot be read as an image"):
        read(path)


def test_weights_that_are_none_are_not_told_to_be_brought_back(repository, digits, capsys):
    assert main(["predict", "--weights", str(repository / "params.yaml"), "--root",
                 str(repository), str(digits[0])]) == 2  # fmt: skip
    said = capsys.readouterr().err
    assert "git checkout" not in said
    assert "weights" in said
