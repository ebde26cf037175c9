#!/bin/sh
# Trains plain-denoise and exports it in both precisions. Run from the folder models: sh training/recipes/restoring/plain-denoise.sh FOLDER [OPTIONS], with SRVID_DATA set.
# The same command goes on where it stopped. Options of train that follow the folder stand in the place of those here, of the first run.
. "${0%/*}/steps.sh"
ranges="--calibration percentile --percentile 99.997"
learn plain denoise --batch 16 --steps 30000 --mse-from 0.1 "$@"
training export --run "$RUN" $ranges --out "$RUNS/first"
RUNS="$RUNS/second"
learn plain denoise --batch 16 --steps 2500 --mse-from 0 --peak-rate 1e-3 --from "${RUNS%/second}/first/plain-denoise-fp32.onnx"
training export --run "$RUN" $ranges --out "$RUNS/models"
