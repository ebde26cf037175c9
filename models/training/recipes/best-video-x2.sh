#!/bin/sh
# Makes best-video-x2 again. Run from the folder models: sh training/recipes/best-video-x2.sh FOLDER, with SRVID_DATA set.
# It was trained on 469 pictures, which train/ is to hold alone: Debian package palapeli-data (4), artwork (8), backgrounds (4), budgie-backgrounds (32), codec-corpus/CID22 train (209), codec-corpus/clic2025 (41), data-stunning (54), debian:lomiri-wallpapers-16.04 (13), debian:lomiri-wallpapers-20.04 (1), deepin-wallpapers (12), elementary-wallpapers (11), fedora-backgrounds (18), gb82-image-set (11), pop-os-wallpapers (15), solus-artwork (17), wallpapers (19).
# Of the runs before the last, network, steps, optimizer and rate are known. All else is left at the defaults.
. "${0%/*}/steps.sh"
train abpn-x2 --steps 24000 --optimizer adam --peak-rate 0.0012
train abpn-x2 --steps 20000
train abpn-x2 --steps 45000
train abpn-x2 --steps 5000 --peak-rate 0.001
train best-x2 --steps 11500 --peak-rate 0.002
train best-x2 --steps 36000 --peak-rate 0.004
train best-x2 --steps 10000 --peak-rate 0.002
train best-x2 --steps 16000 --peak-rate 0.0015
train best-x2 --steps 12000 --peak-rate 0.002 --mse-from 0.15 --floor 4 --lossy-sizes 1,0.7,0.5 --frames 0.2
compress 2
train best-video-x2 --steps 2600 --peak-rate 0.002 --mse-from 0 --floor 2 --degraded 0.8 --sizes 1,0.6 --lossy-sizes 0.7,0.45 --frames 0.1 --cache "$RUNS/video-x2"
mix 0.3 --cache "$RUNS/video-x2"
