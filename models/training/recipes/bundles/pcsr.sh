#!/bin/sh
# Trains PCSR and exports it. Run from the folder models: sh training/recipes/bundles/pcsr.sh FOLDER [OPTIONS], with SRVID_DATA set.
# The same command goes on where it stopped. Options of pcsr-train that follow the folder stand in the place of those here, in both runs.
set -eu
RUNS="${1:?a folder for the runs}"
shift

# bundle NAME START [OPTION ...] trains from START in a run of its own, and writes the bundle.
bundle() {
  name="$1" start="$2"
  shift 2
  "${PYTHON:-python}" -m training pcsr-train --run "$RUNS/$name" --from "$start" --light-steps 3000 --validate-every 2000 "$@"
  "${PYTHON:-python}" -m training pcsr-export --run "$RUNS/$name" --crops 48 --out "$RUNS/models-$name"
}

bundle first best-x2-fp32.onnx --steps 18500 "$@"
bundle second "$RUNS/models-first/pcsr-backbone-fp32.onnx" --steps 10000 --peak-rate 2e-3 --mse-from 0 "$@"
bundle third "$RUNS/models-second/pcsr-backbone-fp32.onnx" --body 32,32,32,32,32,32 --steps 9000 --peak-rate 3e-3 --mse-from 0 --light-steps 2500 "$@"
