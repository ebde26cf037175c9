#!/bin/sh
# Makes swift-coarse-x2 again. Run from the folder models: sh training/recipes/swift-coarse-x2.sh FOLDER, with SRVID_DATA set.
# It was trained on 469 pictures, which train/ is to hold alone: Debian package palapeli-data (4), artwork (8), backgrounds (4), budgie-backgrounds (32), codec-corpus/CID22 train (209), codec-corpus/clic2025 (41), data-stunning (54), debian:lomiri-wallpapers-16.04 (13), debian:lomiri-wallpapers-20.04 (1), deepin-wallpapers (12), elementary-wallpapers (11), fedora-backgrounds (18), gb82-image-set (11), pop-os-wallpapers (15), solus-artwork (17), wallpapers (19).
# It began from swift-video-x2, which is made first.
. "${0%/*}/swift-video-x2.sh"
video 0.6 1.8 coarse swift-coarse-x2 --steps 5000 --peak-rate 0.003 --mse-from 0 --floor 2 --degraded 1 --float32-from 0 --sizes 1,0.6 --lossy-sizes 0.7,0.45
ship --cache "$VIDEO"
