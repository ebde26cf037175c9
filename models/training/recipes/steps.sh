# The steps that the recipes beside this file are made of. A recipe reads this file first, and then lists its own steps.
# A recipe's first argument is a folder for its runs. It is started from the folder models, with SRVID_DATA set.
set -eu
RUNS="${1:?a folder for the runs}"
COUNT=0

training() {
  "${PYTHON:-python}" -m training "$@"
}

# train NETWORK [OPTION ...] makes one more run. It starts from the model of the run before it, if there is one.
train() {
  network="$1"
  shift
  if [ "$COUNT" -gt 0 ]; then
    ship
    set -- --from "$RUNS/models-$LAST/${LAST#*-}-fp32.onnx" "$@"
  fi
  COUNT=$((COUNT + 1))
  LAST="$COUNT-$network"
  training train "${network%%-*}" --scale "${network##*-x}" --run "$RUNS/$LAST" "$@"
}

# compress SCALE makes the compressed video that networks of this scale learn from.
compress() {
  training compress --scale "$1" --out "$RUNS/video-x$1"
}

# ship [OPTION ...] writes the model files of the last run.
ship() {
  training export --run "$RUNS/$LAST" --out "$RUNS/models-$LAST" "$@"
}

# average NUMBER writes the model files of the mean of the last NUMBER runs.
average() {
  index=$((COUNT - $1))
  shift
  while [ "$index" -lt "$COUNT" ]; do
    index=$((index + 1))
    set -- "$@" "$RUNS/$index-"*
  done
  training average "$@" --run "$RUNS/mean"
  training export --run "$RUNS/mean" --out "$RUNS/models"
}

# mix SHARE [OPTION ...] writes the model files of the last run, mixed with SHARE of the network that it began from.
mix() {
  share="$1"
  shift
  training average "$RUNS/$LAST" --start "$share" --run "$RUNS/mixed"
  training export --run "$RUNS/mixed" --out "$RUNS/models" "$@"
}
