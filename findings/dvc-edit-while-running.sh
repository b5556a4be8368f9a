#!/usr/bin/env bash
# DVC 3.67.1: a file edited while a stage runs is recorded as what the stage ran with.
# Expected: dvc.lock names the version of a dependency that the command read; an edit made meanwhile
#   makes the stage out of date.
# Happens: dependencies are hashed after the command has finished. The output is that of the old
#   code, dvc.lock holds the hash of the new, `dvc status` says that all is up to date, and
#   `dvc repro` does not run the stage again.
# Source: github.com/treeverse/dvc/issues/11058, open.
# Who is hit: stages that take hours, while work on the code goes on in the same folder.
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
    cmd: sh train.sh
    deps: [train.sh]
    outs: [model.txt]
END
# All of it is read before it starts to wait (for a minute at most), as Python reads a program.
cat > train.sh <<'END'
{
  touch started
  for _ in $(seq 600); do [ -e edited ] && break; sleep 0.1; done
  echo rate 0.1 > model.txt
  exit
}
END
dvc repro -q &
for _ in $(seq 600); do [ -e started ] && break; sleep 0.1; done
sed 's/rate 0.1/rate 0.5/' train.sh > new
mv new train.sh
touch edited
wait $!
echo "train.sh now: $(grep rate train.sh)"
echo "model.txt: $(cat model.txt)"
echo "dvc status: $(dvc status)"
dvc repro -q
echo "model.txt after a second dvc repro: $(cat model.txt)"
grep -q 'rate 0.5' train.sh && grep -q 'rate 0.1' model.txt && dvc status -q ||
  { echo "no longer so" >&2; exit 1; }
