# The steps that the recipes beside this file are made of. A recipe reads this file first.
# A recipe's first argument is a folder for its runs, which options of train may follow. It is started from the folder models, with SRVID_DATA set.
set -eu
RUNS="${1:?a folder for the runs}"
shift

training() {
  "${PYTHON:-python}" -m training "$@"
}

# learn NETWORK TASK [OPTION ...] trains NETWORK for TASK, or goes on with that.
learn() {
  RUN="$RUNS/$1-$2"
  network="$1" task="$2"
  shift 2
  training train "$network" --scale 1 --task "$task" --run "$RUN" --loss restoration --chroma 4 --mse-from 0.3 --float32-from 0 \
    --optimizer soap --peak-rate 3e-3 --patch 64 --steps 50000 --ema 0.999 --sizes 1,0.5 --lossy-sizes 0.5,0.3 "$@"
}

# restore NETWORK TASK [OPTION ...] does the same, and writes the model files.
restore() {
  learn "$@"
  training export --run "$RUN" --out "$RUNS/models"
}
