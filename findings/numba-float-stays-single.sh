#!/usr/bin/env bash
# Numba 0.68.1: float(x) of a float32 stays float32, and x * 3 of a float32 becomes float64.
# Expected: float(x) is the way to say "in double precision from here on", as it is in Python; and
#   x * 3 is float32, as it is in NumPy 2, where a Python number takes the array's or scalar's type.
# Happens: in compiled code both are the other way round: float() hands a float32 on as it is, and
#   an integer literal (an int64) makes double precision of the product. The same function gives
#   other digits compiled and not compiled, and both times with the precision not intended.
#   np.float64(x) and np.float32(3) say what is meant.
# Source: class Float in numba/core/typing/builtins.py; the literal 3 is an int64, and float32 with
#   int64 is float64. Numba's page "Deviations from Python Semantics" names neither.
# Who is hit: kernels in single precision with a part that has to be double (or the reverse), and
#   whoever tests a kernel by running it uncompiled.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq numba==0.68.1 llvmlite==0.50.0 numpy==2.4.6
venv/bin/python -I - <<'END'
import sys

import numpy as np
from numba import njit


def squared(x):
    return float(x) * float(x)


def tripled(x):
    return x * 3


x, results = np.float32(0.1), {}
for function in (squared, tripled):
    compiled = njit(function)
    plain, fast = function(x), compiled(x)
    results[function.__name__] = compiled.nopython_signatures[0].return_type
    print(f"{function.__name__}: Python and NumPy {plain!r}, Numba {fast!r} "
          f"typed {results[function.__name__]}, equal: {float(plain) == float(fast)}")
expected = {"squared": "float32", "tripled": "float64"}
sys.exit(0 if {k: str(v) for k, v in results.items()} == expected else "no longer so")
END
