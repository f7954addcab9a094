#!/bin/sh
# Question: in a session of Asia/Tokyo, is a sale of 08:30 on 1 April in Tokyo on or after `date '2026-04-01'`?
# Guess:    yes, at least where the column itself is in Asia/Tokyo: `cast(at as date)` says 1 April.
# Seen:     DataFusion 55.0.0 (Python). The session's time_zone means literals alone: days of a UTC column stay those of UTC. A column in
#           Asia/Tokyo has its days there by `cast(at as date)` and `date_trunc`, and yet `at >= date '2026-04-01'` is false for that
#           same row, as the date becomes midnight in UTC. `at >= '2026-04-01'` and `at >= timestamptz '2026-04-01'` are true.
#           `cast(at as timestamp)` gives the clock of UTC.
# Matters:  a report that filters by a date and groups by day loses nine hours at each end of a month: sales before nine in the morning
#           are in the day by GROUP BY, and out of it by WHERE.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
cat >"$t/run.py" <<'PY'
import datetime, datafusion, pyarrow as pa
from datafusion import SessionConfig, SessionContext
context = SessionContext(SessionConfig().set("datafusion.execution.time_zone", "Asia/Tokyo"))
at = datetime.datetime(2026, 3, 31, 23, 30, tzinfo=datetime.timezone.utc)
for name, zone in [("utc", "UTC"), ("tokyo", "Asia/Tokyo")]:
    context.register_record_batches(name, [[pa.record_batch({"at": pa.array([at], pa.timestamp("us", tz=zone))})]])
print("datafusion", datafusion.__version__)
for table in ["utc", "tokyo"]:
    for asked in ["cast(at as date)", "at >= date '2026-04-01'", "at >= timestamptz '2026-04-01'", "at >= '2026-04-01'", "cast(cast(at as timestamp) as varchar)"]:
        print(f"  {table}: {asked}: {context.sql(f'select {asked} as x from {table}').to_pylist()[0]['x']}")
PY
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check --no-compile datafusion==55.0.0 pyarrow==26.0.1 >&2
"$t/v/bin/python" "$t/run.py" >"$t/seen"
cat >"$t/stated" <<'EOF'
datafusion 55.0.0
  utc: cast(at as date): 2026-03-31
  utc: at >= date '2026-04-01': False
  utc: at >= timestamptz '2026-04-01': True
  utc: at >= '2026-04-01': False
  utc: cast(cast(at as timestamp) as varchar): 2026-03-31T23:30:00
  tokyo: cast(at as date): 2026-04-01
  tokyo: at >= date '2026-04-01': False
  tokyo: at >= timestamptz '2026-04-01': True
  tokyo: at >= '2026-04-01': True
  tokyo: cast(cast(at as timestamp) as varchar): 2026-03-31T23:30:00
EOF
echo "stated:"; cat "$t/stated"; echo "seen:"; cat "$t/seen"
cmp -s "$t/stated" "$t/seen" || { echo "changed"; exit 1; }
echo "as stated"
