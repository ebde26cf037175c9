#!/bin/sh
# Makes best-x4 again. Run from the folder models: sh training/recipes/best-x4.sh FOLDER, with SRVID_DATA set.
# It was trained on 348 pictures, which train/ is to hold alone: budgie-backgrounds (23), codec-corpus/CID22 train (209), codec-corpus/clic2025 (41), debian:lomiri-wallpapers-16.04 (13), debian:lomiri-wallpapers-20.04 (1), elementary-wallpapers (11), fedora-backgrounds (18), pop-os-wallpapers (15), solus-artwork (17).
# It began from abpn-x4, which is made first.
. "${0%/*}/abpn-x4.sh"
train best-x4 --steps 34000 --peak-rate 0.004 --mse-from 0 --floor 4
ship
