#!/usr/bin/env bash
# idx2numpy 1.2.3: it cannot write the labels of QMNIST that it has just read.
# Expected: an array that the library reads from an IDX file is one that it can write to one.
# Happens: an IDX file may hold bytes, 16- and 32-bit integers and both floats, all with the most
#   significant byte first. idx2numpy reads wide ones as they lie (dtype '>i4') and takes only the
#   machine's own byte order for writing: FormatError, "not supported by IDX format", of an array
#   that comes from IDX format. MNIST's unsigned bytes have no order, so that the tests of nearly
#   everybody pass. The arrays are read-only too. array.astype('i4') helps.
# Source: the type codes of converters.py in the package; the format is described with MNIST, and
#   QMNIST's labels (github.com/facebookresearch/qmnist) are 32-bit integers, eight a pattern.
# Who is hit: converters and subsets of QMNIST's labels and of other IDX files of more than bytes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq idx2numpy==1.2.3 numpy==2.4.6
venv/bin/python -I - <<'END'
import struct
import sys

import idx2numpy
import numpy as np

failed = []
for name, code, kind in (("unsigned byte", 0x08, "u1"), ("short", 0x0B, ">i2"),
                         ("int, as QMNIST's labels", 0x0C, ">i4"), ("float", 0x0D, ">f4"),
                         ("double", 0x0E, ">f8")):
    values = np.arange(16).reshape(2, 8).astype(kind)
    content = struct.pack(">4B2I", 0, 0, code, 2, *values.shape) + values.tobytes()
    array = idx2numpy.convert_from_string(content)
    assert np.array_equal(array, values)
    native = array.astype(array.dtype.newbyteorder("="))
    assert idx2numpy.convert_to_string(native) == content
    try:
        back = idx2numpy.convert_to_string(array) == content
    except idx2numpy.FormatError as error:
        back, failed = f"FormatError: {error}", [*failed, kind]
    print(f"{name}: read as {array.dtype.str}; written back: {back}")
sys.exit(0 if failed == [">i2", ">i4", ">f4", ">f8"] else f"no longer so: {failed}")
END
