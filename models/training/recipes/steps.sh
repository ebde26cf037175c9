# The steps that the recipes beside this file are made of. A recipe reads this file first, or the recipe of the network that it began from,
# which has read it, and then lists its own steps.
# A recipe's first argument is a folder for its runs. It is started from the folder models, with SRVID_DATA set.
set -eu
RUNS="${1:?a folder for the runs}"
COUNT=0
MODELS=

training() {
  "${PYTHON:-python}" -m training "$@"
}

# train NETWORK [OPTION ...] makes one more run. It starts from the model that was written last; of a run before it, the model is written first.
train() {
  network="$1"
  shift
  if [ "$COUNT" -gt 0 ]; then
    [ -n "$MODELS" ] || ship
    set -- --from "$MODELS/${LAST#*-}-fp32.onnx" "$@"
  fi
  COUNT=$((COUNT + 1))
  LAST="$COUNT-$network"
  MODELS=
  training train "${network%%-*}" --scale "${network##*-x}" --run "$RUNS/$LAST" "$@"
}

# video SOFT SOFTEST CENTRE NETWORK [OPTION ...] trains on compressed video, which is made first; SOFT is the share of its shots that is blurred before they are
# compressed, SOFTEST the most, in pixels, CENTRE the CRF that most of them have, or "coarse" for strongly compressed video alone.
video() {
  VIDEO="$RUNS/video-x${4##*-x}-soft$1-$2-crf$3"
  case "$3" in coarse) how=--coarse ;; *) how="--centre $3" ;; esac
  training compress --scale "${4##*-x}" --soft "$1" --softest "$2" $how --out "$VIDEO"
  shift 3
  train "$@" --cache "$VIDEO"
}

# ship [OPTION ...] writes the model files of the last run.
ship() {
  export_run "$LAST" "$@"
}

# average NUMBER writes the model files of the mean of the last NUMBER runs.
average() {
  index=$((COUNT - $1))
  shift
  while [ "$index" -lt "$COUNT" ]; do
    index=$((index + 1))
    set -- "$@" "$RUNS/$index-"*
  done
  training average "$@" --run "$RUNS/mean-$LAST"
  export_run "mean-$LAST"
}

# mix SHARE [OPTION ...] writes the model files of the last run, mixed with SHARE of the network that it began from.
mix() {
  share="$1"
  shift
  training average "$RUNS/$LAST" --start "$share" --run "$RUNS/mixed-$LAST"
  export_run "mixed-$LAST" "$@"
}

# export_run NAME [OPTION ...] writes the model files of the folder NAME. The next run starts from them.
export_run() {
  name="$1"
  shift
  MODELS="$RUNS/models-$name"
  training export --run "$RUNS/$name" --out "$MODELS" "$@"
}
