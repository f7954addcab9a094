#!/bin/sh
# Question: what does deltalake answer when asked for a table as of a time at which it did not exist?
# Guess:    an error that names the earliest commit, as for a version that does not exist; a time without a zone is
#           refused or is local time.
# Seen:     deltalake 1.6.6. load_as_version(2000-01-01) loads version 0 and raises nothing; a time in the future
#           loads the newest version. A datetime without a zone is taken for UTC: a batch in Tokyo that passes its own
#           clock looks nine hours ahead and gets a version written after the moment it meant. The same time as ISO
#           text without a zone is refused. A version number that does not exist raises.
# Matters:  "which ID had this customer on that day" is an audit question. For a day before the first run the answer
#           is an ID that nobody had been given, and with local time it is the state after a merge instead of before.
#           Pass times with a zone, and compare them with the time of version 0 first.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check --no-compile deltalake==1.6.6 pyarrow==25.0.1 >&2
cd "$t"
"$t/v/bin/python" - >"$t/seen" 2>"$t/err" <<'PY' || { cat "$t/err"; exit 1; }
import datetime as d, tempfile, time
from zoneinfo import ZoneInfo
import deltalake, pyarrow as pa
path = tempfile.mkdtemp() + "/id_map"
deltalake.write_deltalake(path, pa.table({"customer_id": ["C1"]}))
time.sleep(1.5)
between = d.datetime.now(d.timezone.utc)
time.sleep(1.5)
deltalake.write_deltalake(path, pa.table({"customer_id": ["C2"]}), mode="append")
tokyo = between.astimezone(ZoneInfo("Asia/Tokyo"))
def show(label, when):
    table = deltalake.DeltaTable(path)
    try:
        table.load_as_version(when)
        print(label, "-> version", table.version())
    except Exception as e:
        print(label, "-> error", type(e).__name__)
show("between the commits, UTC", between)
show("between the commits, Tokyo with zone", tokyo)
show("between the commits, Tokyo without zone", tokyo.replace(tzinfo=None))
show("between the commits, Tokyo text without zone", tokyo.replace(tzinfo=None).isoformat())
show("year 2000, UTC", d.datetime(2000, 1, 1, tzinfo=d.timezone.utc))
show("year 2100, UTC", d.datetime(2100, 1, 1, tzinfo=d.timezone.utc))
show("version 7", 7)
PY
cat >"$t/stated" <<'EOF'
between the commits, UTC -> version 0
between the commits, Tokyo with zone -> version 0
between the commits, Tokyo without zone -> version 1
between the commits, Tokyo text without zone -> error ValueError
year 2000, UTC -> version 0
year 2100, UTC -> version 1
version 7 -> error DeltaError
EOF
echo "stated:"; cat "$t/stated"; echo "seen:"; cat "$t/seen"
cmp -s "$t/stated" "$t/seen" || { echo "changed"; exit 1; }
echo "as stated"
