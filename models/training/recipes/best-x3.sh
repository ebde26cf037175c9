#!/bin/sh
# Makes best-x3 again. Run from the folder models: sh training/recipes/best-x3.sh FOLDER, with SRVID_DATA set.
# It was trained on 348 pictures, which train/ is to hold alone: budgie-backgrounds (23), codec-corpus/CID22 train (209), codec-corpus/clic2025 (41), debian:lomiri-wallpapers-16.04 (13), debian:lomiri-wallpapers-20.04 (1), elementary-wallpapers (11), fedora-backgrounds (18), pop-os-wallpapers (15), solus-artwork (17).
# Of the runs before the last, network, steps, optimizer and rate are known. All else is left at the defaults.
set -eu
RUNS="${1:?a folder for the runs}"
"${PYTHON:-python}" -m training train abpn --scale 3 --run "$RUNS/1-abpn-x3" --steps 11000 --optimizer adam --peak-rate 0.0008
"${PYTHON:-python}" -m training export --run "$RUNS/1-abpn-x3" --out "$RUNS/models-1-abpn-x3"
"${PYTHON:-python}" -m training train abpn --scale 3 --run "$RUNS/2-abpn-x3" --from "$RUNS/models-1-abpn-x3/abpn-x3-fp32.onnx" --steps 20000
"${PYTHON:-python}" -m training export --run "$RUNS/2-abpn-x3" --out "$RUNS/models-2-abpn-x3"
"${PYTHON:-python}" -m training train abpn --scale 3 --run "$RUNS/3-abpn-x3" --from "$RUNS/models-2-abpn-x3/abpn-x3-fp32.onnx" --steps 45000 --peak-rate 0.007
"${PYTHON:-python}" -m training export --run "$RUNS/3-abpn-x3" --out "$RUNS/models-3-abpn-x3"
"${PYTHON:-python}" -m training train abpn --scale 3 --run "$RUNS/4-abpn-x3" --from "$RUNS/models-3-abpn-x3/abpn-x3-fp32.onnx" --steps 16000 --peak-rate 0.003
"${PYTHON:-python}" -m training export --run "$RUNS/4-abpn-x3" --out "$RUNS/models-4-abpn-x3"
"${PYTHON:-python}" -m training train abpn --scale 3 --run "$RUNS/5-abpn-x3" --from "$RUNS/models-4-abpn-x3/abpn-x3-fp32.onnx" --steps 12000 --peak-rate 0.004
"${PYTHON:-python}" -m training export --run "$RUNS/5-abpn-x3" --out "$RUNS/models-5-abpn-x3"
"${PYTHON:-python}" -m training train best --scale 3 --run "$RUNS/6-best-x3" --from "$RUNS/models-5-abpn-x3/abpn-x3-fp32.onnx" --steps 34000 --peak-rate 0.004
"${PYTHON:-python}" -m training export --run "$RUNS/6-best-x3" --out "$RUNS/models-6-best-x3"
"${PYTHON:-python}" -m training train best --scale 3 --run "$RUNS/7-best-x3" --from "$RUNS/models-6-best-x3/best-x3-fp32.onnx" --steps 10000 --peak-rate 0.002
"${PYTHON:-python}" -m training export --run "$RUNS/7-best-x3" --out "$RUNS/models-7-best-x3"
"${PYTHON:-python}" -m training train best --scale 3 --run "$RUNS/8-best-x3" --from "$RUNS/models-7-best-x3/best-x3-fp32.onnx" --steps 10000 --peak-rate 0.0015
"${PYTHON:-python}" -m training export --run "$RUNS/8-best-x3" --out "$RUNS/models-8-best-x3"
"${PYTHON:-python}" -m training train best --scale 3 --run "$RUNS/9-best-x3" --from "$RUNS/models-8-best-x3/best-x3-fp32.onnx" --steps 12000 --peak-rate 0.002 --mse-from 0.15 --floor 4 --frames 0.2
"${PYTHON:-python}" -m training average "$RUNS/7-best-x3" "$RUNS/8-best-x3" "$RUNS/9-best-x3" --run "$RUNS/mean"
"${PYTHON:-python}" -m training export --run "$RUNS/mean" --out "$RUNS/models"
