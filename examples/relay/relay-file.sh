#!/bin/sh
# Relays a file at its own rate, from the beginning again when it ends. Then open http://127.0.0.1:8787/
# Give another file as the first argument; further arguments go to srvid, such as --listen 127.0.0.1:9000.
set -eu
here=$(dirname "$0")
input=${1:-$here/../clips/city-360p25.mp4}
[ $# -eq 0 ] || shift
exec ${SRVID:-npx srvid} relay "$input" --loop --preset live-1080p "$@"
