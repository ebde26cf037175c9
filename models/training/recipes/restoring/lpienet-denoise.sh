#!/bin/sh
# Trains lpienet-denoise and exports it. Run from the folder models: sh training/recipes/restoring/lpienet-denoise.sh FOLDER [OPTIONS], with SRVID_DATA set.
# The same command goes on where it stopped. Options of train that follow the folder stand in the place of those here. On a GPU:
#   --device cuda --optimizer adam --peak-rate 2e-3 --batch 64 --patch 96 --steps 60000 --float32-from 0.8 --validate-every 15000 --compressed 0 (without ffmpeg)
. "${0%/*}/steps.sh"
restore lpienet denoise --batch 16 --steps 26000 "$@"
