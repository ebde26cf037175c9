#!/bin/sh
# Makes abpn-x2 again. Run from the folder models: sh training/recipes/abpn-x2.sh FOLDER, with SRVID_DATA set.
# It was trained on 348 pictures, which train/ is to hold alone: budgie-backgrounds (23), codec-corpus/CID22 train (209), codec-corpus/clic2025 (41), debian:lomiri-wallpapers-16.04 (13), debian:lomiri-wallpapers-20.04 (1), elementary-wallpapers (11), fedora-backgrounds (18), pop-os-wallpapers (15), solus-artwork (17).
# Of the runs before the last, network, steps, optimizer and rate are known. All else is left at the defaults.
set -eu
RUNS="${1:?a folder for the runs}"
"${PYTHON:-python}" -m training train abpn --scale 2 --run "$RUNS/1-abpn-x2" --steps 24000 --optimizer adam --peak-rate 0.0012
"${PYTHON:-python}" -m training export --run "$RUNS/1-abpn-x2" --out "$RUNS/models-1-abpn-x2"
"${PYTHON:-python}" -m training train abpn --scale 2 --run "$RUNS/2-abpn-x2" --from "$RUNS/models-1-abpn-x2/abpn-x2-fp32.onnx" --steps 20000
"${PYTHON:-python}" -m training export --run "$RUNS/2-abpn-x2" --out "$RUNS/models-2-abpn-x2"
"${PYTHON:-python}" -m training train abpn --scale 2 --run "$RUNS/3-abpn-x2" --from "$RUNS/models-2-abpn-x2/abpn-x2-fp32.onnx" --steps 45000
"${PYTHON:-python}" -m training export --run "$RUNS/3-abpn-x2" --out "$RUNS/models-3-abpn-x2"
"${PYTHON:-python}" -m training train abpn --scale 2 --run "$RUNS/4-abpn-x2" --from "$RUNS/models-3-abpn-x2/abpn-x2-fp32.onnx" --steps 5000 --peak-rate 0.001 --mse-from 0 --lossy-sizes 1,0.7,0.5
"${PYTHON:-python}" -m training export --run "$RUNS/4-abpn-x2" --out "$RUNS/models-4-abpn-x2"
