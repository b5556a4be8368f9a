#!/usr/bin/env bash
# Numba 0.68.1: a uint64 that is updated in a loop with an integer literal becomes a float64.
# Expected: x = x * 1664525 + 1013904223 on a uint64 is arithmetic modulo 2**64, as in C and, with a
#   warning of overflow, in NumPy 2.
# Happens: a literal is an int64; uint64 with int64 is typed int64, and a variable that is once
#   uint64 and once int64 is given the type of both: float64. The function compiles without a word
#   and returns floats, right for small numbers, rounded above 2**53, far beyond 2**64 soon after.
#   A function that never runs its loop returns a float too. With np.uint64(...) around every
#   literal all is well.
# Source: NBEP 1 "Changes in integer typing" in Numba's documentation says what uint64 with int64
#   gives; github.com/numba/numba/issues/4631 is about the float64.
# Who is hit: whoever writes a random generator, a hash or a counter of 64 bits for Numba.
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


@njit
def literals(x, steps):
    for _ in range(steps):
        x = x * 1664525 + 1013904223
    return x


@njit
def unsigned(x, steps):
    for _ in range(steps):
        x = x * np.uint64(1664525) + np.uint64(1013904223)
    return x


def exact(x, steps):
    for _ in range(steps):
        x = (x * 1664525 + 1013904223) % 2**64
    return x


for steps in (0, 1, 3, 5):
    print(f"{steps} steps: literals {literals(np.uint64(1), steps)!r}, "
          f"np.uint64 {unsigned(np.uint64(1), steps)!r}, exact {exact(1, steps)}")
print("typed", literals.nopython_signatures, "and", unsigned.nopython_signatures)
same = isinstance(literals(np.uint64(1), 5), float) and literals(np.uint64(1), 5) > 2**64
right = unsigned(np.uint64(1), 5) == exact(1, 5)
sys.exit(0 if same and right else "no longer so")
END
