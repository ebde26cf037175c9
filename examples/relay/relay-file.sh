#!/bin/sh
# Relays a file at its own frame rate, in a loop. Then open http://127.0.0.1:8787/
# The first argument names another file. Further arguments are passed to srvid, such as --listen 127.0.0.1:9000.
set -eu
here=$(dirname "$0")
input=${1:-$here/../clips/city-360p25.mp4}
[ $# -eq 0 ] || shift
exec ${SRVID:-npx srvid} relay "$input" --loop --preset live-1080p "$@"
