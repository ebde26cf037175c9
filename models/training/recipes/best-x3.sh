#!/bin/sh
# Makes best-x3 again. Run from the folder models: sh training/recipes/best-x3.sh FOLDER, with SRVID_DATA set.
# It was trained on 348 pictures, which train/ is to hold alone: budgie-backgrounds (23), codec-corpus/CID22 train (209), codec-corpus/clic2025 (41), debian:lomiri-wallpapers-16.04 (13), debian:lomiri-wallpapers-20.04 (1), elementary-wallpapers (11), fedora-backgrounds (18), pop-os-wallpapers (15), solus-artwork (17).
# It began from abpn-x3, which is made first.
# Of the runs before the last, network, steps, optimizer and rate are known. All else is left at the defaults.
# Whether what such a run began from was a mean or a mixture of runs is not known.
. "${0%/*}/abpn-x3.sh"
train best-x3 --steps 34000 --peak-rate 0.004
train best-x3 --steps 10000 --peak-rate 0.002
train best-x3 --steps 10000 --peak-rate 0.0015
train best-x3 --steps 12000 --peak-rate 0.002 --mse-from 0.15 --floor 4 --frames 0.2
average 3
