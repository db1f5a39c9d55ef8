#!/usr/bin/env bash
# Cerium. Licensed under the Apache License 2.0.
# Cerium and Spark read each other's event logs: a Spark program and a Cerium program write logs into one folder, Spark's
# history server and `cerium history` show it, and every field of every resource of the REST API has to agree.
#
# usage: spark_history.sh BUILD
#
# Needs Java 17 and pyspark: $SPARK_HOME, or a package of Python, or pip, which installs it into BUILD/pyspark. Ends with 77
# where they are missing.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "$1" && pwd)

skip() {
  echo "spark_history.sh: *** SKIPPED: $* ***" >&2
  exit 77
}
command -v java >/dev/null || skip "there is no Java here"
python=python3
if [[ -z ${SPARK_HOME:-} ]]; then
  if ! python3 -c 'import pyspark' 2>/dev/null; then
    [[ -x $build/pyspark/bin/python ]] || python3 -m venv "$build/pyspark" || skip "python3 -m venv fails"
    python=$build/pyspark/bin/python
    "$python" -c 'import pyspark' 2>/dev/null || "$python" -m pip install -q pyspark || skip "pip cannot install pyspark"
  fi
  SPARK_HOME=$("$python" -c 'import os, pyspark; print(os.path.dirname(pyspark.__file__))')
fi
export SPARK_HOME PYSPARK_PYTHON=$python SPARK_LOCAL_IP=127.0.0.1

work=$(mktemp -d)
mkdir "$work/logs"
pids=()
cleanup() {
  ((${#pids[@]})) && kill "${pids[@]}" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

"$SPARK_HOME/bin/spark-submit" --master 'local-cluster[2,1,1024]' "$here/spark_program.py" "$work/logs" \
  >"$work/spark.out" 2>&1 || "$SPARK_HOME/bin/spark-submit" --master 'local[2]' "$here/spark_program.py" "$work/logs" \
  >>"$work/spark.out" 2>&1 || { cat "$work/spark.out"; exit 1; }
for master in 'local[2]' 'local-cluster[2,2,512m]'; do
  CERIUM_MASTER=$master CERIUM_EVENT_LOG_DIR=$work/logs CERIUM_LOG_LEVEL=OFF "$build/tests/ui_program" >/dev/null
done

port=18480
SPARK_HISTORY_OPTS="-Dspark.history.fs.logDirectory=file:$work/logs -Dspark.history.ui.port=$port" \
  "$SPARK_HOME/bin/spark-class" org.apache.spark.deploy.history.HistoryServer >"$work/history.out" 2>&1 &
pids+=($!)
"$build/bin/cerium" history "$work/logs" --port 0 >"$work/cerium.out" &
pids+=($!)

wanted=$(find "$work/logs" -maxdepth 1 -name 'eventlog_v2_*' | wc -l)
for ((try = 0; try < 120; ++try)); do
  # Spark takes the next port where this one is taken.
  spark=$(grep -o 'started at http://[^ ]*' "$work/history.out" | tail -1 | sed 's/started at //') || spark=
  found=$(curl -sf "$spark/api/v1/applications" | grep -o '"id"' | wc -l) || found=0
  ((found < wanted)) || break
  sleep 1
done
((found >= wanted)) || { cat "$work/history.out"; echo "Spark's history server shows $found of $wanted logs" >&2; exit 1; }
own=$(grep -o 'http://[0-9.:]*' "$work/cerium.out")
python3 "$here/compare_rest.py" "$spark" "$own"
