#!/usr/bin/env bash
# NumPy 2.4.6: NPY_DISABLE_CPU_FEATURES="AVX2 AVX512F AVX512_SKX" switches nothing off, silently.
# Expected: what switched AVX2 and AVX-512 off in NumPy 2.3 and before, and stands in many a CI
#   configuration, still does, or says that it does not.
# Happens: since 2.4 what can be switched off is X86_V3, X86_V4, AVX512_ICL and AVX512_SPR. An
#   old name draws an ImportWarning, which Python does not show by default, and has no effect: a
#   test "without AVX-512" passes with AVX-512. X86_V3 X86_V4 is the new spelling; 2.3 ignores it
#   in the same way, so that a range of versions needs both.
# Source: "CPU build options" in NumPy's documentation, of which the example of switching features
#   off at run time was "AVX2,FMA3" before 2.4.
# Who is hit: whoever checks that results do not depend on the processor.
# Without AVX2 it cannot be shown: exit 2.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
unset NPY_DISABLE_CPU_FEATURES
python3 -m venv venv
cat > target.py <<'END'
import numpy as np
from numpy.lib.introspect import opt_func_info

(info,) = opt_func_info(func_name="^log$", signature="float32")["log"].values()
print(f"NumPy {np.__version__}: log of float32 uses {info['current']}")
END
show() { NPY_DISABLE_CPU_FEATURES=$1 venv/bin/python -I "${@:2}" target.py 2>&1; }
old="AVX2 FMA3 AVX512F AVX512CD AVX512_SKX"
for version in 2.3.5 2.4.6; do
  venv/bin/pip install -qq "numpy==$version"
  for names in "" "$old" "X86_V3 X86_V4"; do
    answer=$(show "$names")
    echo "without ${names:-nothing}: $answer" | tee -a answers
  done
done
echo "with warnings shown:"
show "$old" -W always | tee warning
if grep -q "^without nothing.*baseline" answers; then
  echo "this processor has no AVX2: not shown" >&2
  exit 2
fi
if [ "$(grep -c baseline answers)" -eq 2 ] && grep -q "X86_V4: NumPy 2.4.6.*baseline" answers &&
  grep -q "AVX512_SKX: NumPy 2.3.5.*baseline" answers && grep -q ImportWarning warning; then
  exit 0
fi
echo "no longer so" >&2
exit 1
