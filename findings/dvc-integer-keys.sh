#!/usr/bin/env bash
# DVC 3.67.1: foreach over a mapping in params.yaml leaves out every entry whose key is a number.
# Expected: a stage for each entry, as when the same mapping stands in dvc.yaml itself; or an error.
# Happens: of the keys 1, 2 and three only three becomes a stage. With numbers alone the pipeline is
#   empty: `dvc repro` says that all is up to date and exits 0, and nothing has been computed. It is
#   the same with a key true or 1.5. A list of numbers works, and so do quoted keys.
# Source: "ignore other kinds of keys" in dvc/parsing/context.py;
#   github.com/treeverse/dvc/issues/8903 (open) is about numbers as keys in dvc.yaml.
# Who is hit: pipelines with a stage for each seed, fold, year or size that is numbered.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq dvc==3.67.1
dvc() { "$folder/venv/bin/dvc" "$@"; }
mkdir pipeline && cd pipeline
dvc init -q --no-scm
dvc config core.analytics false
dvc config core.check_update false
cat > dvc.yaml <<'END'
stages:
  train:
    foreach: ${replicates}
    do:
      cmd: echo rate ${item} > ${key}.txt
      outs: ["${key}.txt"]
END
stages() {
  echo "replicates: $1" > params.yaml
  rm -f dvc.lock ./*.txt
  local status=0
  dvc repro -q || status=$?
  echo "$1: exit $status, $(dvc stage list --name-only | wc -l) stages, files:" ./*.txt
}
shopt -s nullglob
{
  stages '{1: 0.0005, 2: 0.0002, three: 0.0001}'
  stages '{1: 0.0005, 2: 0.0002}'
  stages '{"1": 0.0005, "2": 0.0002}'
} | tee answers
dvc repro > /dev/null
grep -q '{1: .*three.*exit 0, 1 stages, files: ./three.txt' answers &&
  grep -q '{1: 0.0005, 2: 0.0002}: exit 0, 0 stages, files:$' answers &&
  grep -q '{"1".*exit 0, 2 stages' answers || { echo "no longer so" >&2; exit 1; }
