#!/bin/sh
# Trains plain-denoise and exports it in both precisions. Run from the folder models: sh training/recipes/restoring/plain-denoise.sh FOLDER [OPTIONS], with SRVID_DATA set.
# The same command goes on where it stopped. Options of train that follow the folder stand in the place of those here.
. "${0%/*}/steps.sh"
learn plain denoise --batch 16 --steps 30000 --mse-from 0.1 "$@"
training export --run "$RUN" --calibration percentile --percentile 99.997 --out "$RUNS/models"
