#!/bin/sh
# Trains PCSR and exports it. Run from the folder models: sh training/recipes/bundles/pcsr.sh FOLDER [OPTIONS], with SRVID_DATA set.
# The same command goes on where it stopped. Options of pcsr-train that follow the folder stand in the place of those here.
set -eu
RUNS="${1:?a folder for the runs}"
shift
"${PYTHON:-python}" -m training pcsr-train --run "$RUNS/pcsr" --from best-x2-fp32.onnx --steps 18500 --light-steps 3000 --validate-every 2000 "$@"
"${PYTHON:-python}" -m training pcsr-export --run "$RUNS/pcsr" --out "$RUNS/models"
