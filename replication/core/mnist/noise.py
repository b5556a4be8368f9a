"""Salt and pepper: pixels inverted at random by draws that are numbered (Section III-E, p. 16).

Draw i of a stream is SplitMix64's (Steele, Lea and Flood, Fast Splittable Pseudorandom Number
Generators, OOPSLA 2014): 64 bits that are a function of the stream's key and of i alone. So a pixel
has the same noise whenever and with whatever others it is drawn, and nothing has to be kept.
"""

import numpy as np
from numpy.typing import NDArray

from replication.core.compiled import kernel

BITS = 64
_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_30, _27, _31 = np.uint64(30), np.uint64(27), np.uint64(31)
_ONE = np.uint64(1)


def invert(
    images: NDArray[np.uint8], numbers: NDArray[np.int64], share: float, key: np.uint64
) -> None:
    """Invert each pixel of ``images`` in place with the probability ``share``: to 255 - grey.

    Args:
        images: uint8 (n, height, width), C-contiguous.
        numbers: int64 (n,), not negative: draw ``number * height * width + p`` of the stream
            decides on pixel p of an image, line by line.
        share: above 0 and below 1; exact to 2^-64.
        key: of the stream.
    """
    flat = images.reshape(len(images), -1)
    _invert(flat, numbers.astype(np.uint64), np.uint64(int(share * 2**BITS)), key)


@kernel
def _invert(
    images: NDArray[np.uint8], numbers: NDArray[np.uint64], below: np.uint64, key: np.uint64
) -> None:
    area = np.uint64(images.shape[1])
    for n in range(images.shape[0]):
        start = numbers[n] * area + _ONE
        for pixel in range(images.shape[1]):
            bits = key + (start + np.uint64(pixel)) * _STEP
            bits = (bits ^ (bits >> _30)) * _FIRST
            bits = (bits ^ (bits >> _27)) * _SECOND
            bits ^= bits >> _31
            images[n, pixel] ^= 255 if bits < below else 0
