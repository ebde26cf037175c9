#!/bin/sh
# Makes xlsr-rgb-x3 again. Run from the folder models: sh training/recipes/xlsr-rgb-x3.sh FOLDER, with SRVID_DATA set.
# It was trained on 348 pictures, which train/ is to hold alone: budgie-backgrounds (23), codec-corpus/CID22 train (209), codec-corpus/clic2025 (41), debian:lomiri-wallpapers-16.04 (13), debian:lomiri-wallpapers-20.04 (1), elementary-wallpapers (11), fedora-backgrounds (18), pop-os-wallpapers (15), solus-artwork (17).
. "${0%/*}/steps.sh"
train xlsr-rgb-x3 --channels 3 --steps 9000 --peak-rate 0.008 --mse-from 0.3 --luma 0.5
ship
