#!/bin/sh
# Relays a camera. The address may contain user and password; they are never logged, shown or sent on. A camera that goes away is
# opened again, with growing delays, and viewers stay connected. Further arguments are passed to srvid.
#
# Without a camera, use MediaMTX (https://github.com/bluenviron/mediamtx) as RTSP server and ffmpeg as the camera:
#
#     mediamtx &
#     ffmpeg -re -stream_loop -1 -i examples/clips/city-360p25.mp4 -c copy -f rtsp rtsp://127.0.0.1:8554/camera
#
set -eu
input=${1:-rtsp://127.0.0.1:8554/camera}
[ $# -eq 0 ] || shift
exec ${SRVID:-npx srvid} relay "$input" --name camera --preset live-1080p "$@"
