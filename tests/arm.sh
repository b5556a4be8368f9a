#!/usr/bin/env bash
# Are the bytes of an aarch64 those of this processor?
#
#     tests/arm.sh [updates]
#
# Runs tests/same_bytes.py here and on an emulated aarch64 and compares what they print, line by
# line. Ends with 0 if all lines agree, with 1 if not, with 2 if it could not run.
#
# .arm/ keeps what that takes: Debian's Python for arm64, unpacked and not installed, the wheels of
# requirements.lock for aarch64, and the compiled kernels. Remove the folder to begin anew. The first
# run takes long, since the compiler is emulated as well.
set -euo pipefail
cd "$(dirname "$0")/.."
updates=${1:-50}
root=$PWD/.arm
system=$root/system
packages=$root/packages

# What tests/same_bytes.py imports; pip adds what these need.
imports=(numba numpy pandas pydantic ruamel.yaml safetensors tqdm)

stop() {
  echo "test-arm could not run: $1." >&2
  exit 2
}

# Its lists and its cache are its own: those of this system stay as they are.
apt_arm64() {
  apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o APT::Sandbox::User=root \
    -o Dir::State="$root/apt" -o Dir::State::status=/dev/null -o Dir::Cache="$root/apt" "$@"
}

unpack_python() {
  mkdir -p "$root"/apt/{lists,archives}/partial
  apt_arm64 update &&
    apt_arm64 install --yes --no-install-recommends --download-only python3 libstdc++6 ||
    stop "apt-get found no python3 and libstdc++6 for arm64"
  rm -rf "$system.part"
  for package in "$root"/apt/archives/*.deb; do
    dpkg -x "$package" "$system.part"
  done
  rm -r "$root/apt"
  mv "$system.part" "$system"
}

unpack_wheels() {
  # Without the sums: with them pip takes no name that is without a version.
  rm -rf "$packages" "$packages.part"
  .venv/bin/python -m pip install --disable-pip-version-check --quiet --target "$packages.part" \
    --implementation cp --python-version "$version" --only-binary=:all: \
    --platform manylinux_2_28_aarch64 --platform manylinux_2_27_aarch64 \
    --platform manylinux_2_17_aarch64 --platform manylinux2014_aarch64 \
    --constraint <(sed '/--hash=/d; s/ \\$//' requirements.lock) "${imports[@]}" ||
    stop "pip found no aarch64 wheels for Python $version of the versions in requirements.lock"
  mv "$packages.part" "$packages"
}

# -S: no packages but those of .arm/. HOME: where the package keeps compiled kernels.
arm() {
  HOME=$root/home PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$PWD:$packages \
    qemu-aarch64 -L "$system" "$python" -S -u "$@"
}

for command in qemu-aarch64 apt-get dpkg; do
  type -P "$command" > /dev/null ||
    stop "$command is missing (this takes Debian and its package qemu-user)"
done
[ -e "$system" ] || unpack_python
python=$(echo "$system"/usr/bin/python3.[0-9]*)
version=${python##*/python}
[ "$packages" -nt requirements.lock ] || unpack_wheels
[ "$(arm -c 'import platform; print(platform.machine())')" = aarch64 ] ||
  stop "the unpacked Python for arm64 does not start"

echo "$updates updates on $(uname -m)"
PYTHONPATH=$PWD .venv/bin/python tests/same_bytes.py native "$updates" > "$root/here.txt" ||
  stop "tests/same_bytes.py failed on this processor"
echo "$updates updates on an emulated aarch64"
arm tests/same_bytes.py native "$updates" | tee "$root/aarch64.txt" ||
  stop "tests/same_bytes.py failed on the emulated aarch64"

lines=$(wc -l < "$root/here.txt")
if different=$(diff "$root/here.txt" "$root/aarch64.txt"); then
  echo "Same bytes: all $lines lines of aarch64 are those of $(uname -m)."
else
  echo "$different"
  echo "OTHER BYTES: of $lines lines $(grep -c '^<' <<< "$different") differ on aarch64 (>)."
  exit 1
fi
