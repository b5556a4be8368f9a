#!/usr/bin/env bash
# Pillow 13.0.0: a LAB image that was made smaller becomes transparent in RGBA.
# Expected: convert("RGBA") of an image without transparency has alpha 255, at any size: it has for
#   LAB as it is.
# Happens: after resize() or reduce() alpha is 0 everywhere. Whoever lays the image on white sees white paper.
# Who is hit: programs that shrink scans before they convert them; a LAB TIFF silently shows no ink.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq pillow==13.0.0
venv/bin/python - <<'END'
import sys

from PIL import Image

lab = Image.new("RGB", (10, 10), "white").convert("LAB")
alpha = {
    "as it is": lab,
    "resize((5, 5))": lab.resize((5, 5)),
    "reduce(2)": lab.reduce(2),
}
alpha = {name: image.convert("RGBA").getextrema()[3] for name, image in alpha.items()}
for name, extrema in alpha.items():
    print(f"{name}: alpha {extrema}")
sys.exit(alpha != {"as it is": (255, 255), "resize((5, 5))": (0, 0), "reduce(2)": (0, 0)}
         and "no longer so")
END
