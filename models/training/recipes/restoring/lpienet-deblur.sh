#!/bin/sh
# Trains lpienet-deblur and exports it. Run from the folder models: sh training/recipes/restoring/lpienet-deblur.sh FOLDER [OPTIONS], with SRVID_DATA set.
# It begins from the denoising network, as the shipped one did. The same command goes on where it stopped. Options of train that follow the folder stand in the place of those here. On a GPU:
#   --device cuda --optimizer adam --peak-rate 2e-3 --batch 64 --patch 96 --steps 60000 --float32-from 0.8 --validate-every 15000
. "${0%/*}/steps.sh"
restore lpienet deblur --batch 16 --peak-rate 2e-3 --mse-from 0.1 --steps 24000 --from lpienet-denoise-fp32.onnx "$@"
