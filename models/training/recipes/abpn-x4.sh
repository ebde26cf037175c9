#!/bin/sh
# Makes abpn-x4 again. Run from the folder models: sh training/recipes/abpn-x4.sh FOLDER, with SRVID_DATA set.
# It was trained on 348 pictures, which train/ is to hold alone: budgie-backgrounds (23), codec-corpus/CID22 train (209), codec-corpus/clic2025 (41), debian:lomiri-wallpapers-16.04 (13), debian:lomiri-wallpapers-20.04 (1), elementary-wallpapers (11), fedora-backgrounds (18), pop-os-wallpapers (15), solus-artwork (17).
# Of the runs before the last, network, steps, optimizer and rate are known. All else is left at the defaults.
# Whether what such a run began from was a mean or a mixture of runs is not known.
. "${0%/*}/steps.sh"
train abpn-x4 --steps 12000 --optimizer adam --peak-rate 0.0012
train abpn-x4 --steps 15000
train abpn-x4 --steps 36000
train abpn-x4 --steps 15000 --peak-rate 0.003 --mse-from 0
ship
