#!/bin/sh
# Makes abpn-x4 again. Run from the folder models: sh training/recipes/abpn-x4.sh FOLDER, with SRVID_DATA set.
# It was trained on 348 pictures, which train/ is to hold alone: budgie-backgrounds (23), codec-corpus/CID22 train (209), codec-corpus/clic2025 (41), debian:lomiri-wallpapers-16.04 (13), debian:lomiri-wallpapers-20.04 (1), elementary-wallpapers (11), fedora-backgrounds (18), pop-os-wallpapers (15), solus-artwork (17).
# Of the runs before the last, network, steps, optimizer and rate are known. All else is left at the defaults.
set -eu
RUNS="${1:?a folder for the runs}"
"${PYTHON:-python}" -m training train abpn --scale 4 --run "$RUNS/1-abpn-x4" --steps 12000 --optimizer adam --peak-rate 0.0012
"${PYTHON:-python}" -m training export --run "$RUNS/1-abpn-x4" --out "$RUNS/models-1-abpn-x4"
"${PYTHON:-python}" -m training train abpn --scale 4 --run "$RUNS/2-abpn-x4" --from "$RUNS/models-1-abpn-x4/abpn-x4-fp32.onnx" --steps 15000
"${PYTHON:-python}" -m training export --run "$RUNS/2-abpn-x4" --out "$RUNS/models-2-abpn-x4"
"${PYTHON:-python}" -m training train abpn --scale 4 --run "$RUNS/3-abpn-x4" --from "$RUNS/models-2-abpn-x4/abpn-x4-fp32.onnx" --steps 36000
"${PYTHON:-python}" -m training export --run "$RUNS/3-abpn-x4" --out "$RUNS/models-3-abpn-x4"
"${PYTHON:-python}" -m training train abpn --scale 4 --run "$RUNS/4-abpn-x4" --from "$RUNS/models-3-abpn-x4/abpn-x4-fp32.onnx" --steps 15000 --peak-rate 0.003 --mse-from 0
"${PYTHON:-python}" -m training export --run "$RUNS/4-abpn-x4" --out "$RUNS/models-4-abpn-x4"
