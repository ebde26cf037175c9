#!/bin/sh
# Relays a camera. User and password may stand in the address; they are never logged, shown or sent on. A camera that goes away is
# tried again, later and later, and viewers stay. Further arguments go to srvid.
#
# Without a camera at hand, MediaMTX (https://github.com/bluenviron/mediamtx) is a server for one, and ffmpeg plays its part:
#
#     mediamtx &
#     ffmpeg -re -stream_loop -1 -i examples/clips/city-360p25.mp4 -c copy -f rtsp rtsp://127.0.0.1:8554/camera
#
set -eu
input=${1:-rtsp://127.0.0.1:8554/camera}
[ $# -eq 0 ] || shift
exec ${SRVID:-npx srvid} relay "$input" --name camera --preset live-1080p "$@"
