#!/bin/sh
# Trains lpienet-denoise and exports it. Run from the folder models: sh training/recipes/restoring/lpienet-denoise.sh FOLDER [OPTIONS], with SRVID_DATA set.
# The same command goes on where it stopped. Options of train that follow the folder stand in the place of those here. On a GPU:
#   --device cuda --optimizer adam --peak-rate 2e-3 --batch 64 --patch 96 --steps 60000 --float32-from 0.8 --validate-every 15000 --compressed 0 (without ffmpeg)
set -eu
RUNS="${1:?a folder for the runs}"
shift
"${PYTHON:-python}" -m training train lpienet --scale 1 --task denoise --run "$RUNS/lpienet-denoise" --loss restoration --chroma 4 --mse-from 0.3 --float32-from 0 \
  --optimizer soap --peak-rate 3e-3 --batch 16 --patch 64 --steps 26000 --ema 0.999 --sizes 1,0.5 --lossy-sizes 0.5,0.3 "$@"
"${PYTHON:-python}" -m training export --run "$RUNS/lpienet-denoise" --out "$RUNS/models"
