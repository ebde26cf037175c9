#!/bin/sh
# Makes ultra-x4 again. Run from the folder models: sh training/recipes/ultra-x4.sh FOLDER, with SRVID_DATA set.
# It was trained on 469 pictures, which train/ is to hold alone: Debian package palapeli-data (4), artwork (8), backgrounds (4), budgie-backgrounds (32), codec-corpus/CID22 train (209), codec-corpus/clic2025 (41), data-stunning (54), debian:lomiri-wallpapers-16.04 (13), debian:lomiri-wallpapers-20.04 (1), deepin-wallpapers (12), elementary-wallpapers (11), fedora-backgrounds (18), gb82-image-set (11), pop-os-wallpapers (15), solus-artwork (17), wallpapers (19).
. "${0%/*}/steps.sh"
train ultra-x4 --steps 14825 --optimizer muon --peak-rate 0.01 --mse-from 0.3 --batch 64 --float32-from 0.85 --ema 0.9995 --frames 0.1
ship
