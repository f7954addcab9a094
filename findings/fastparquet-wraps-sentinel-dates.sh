#!/bin/sh
# Question: what does fastparquet read from a Parquet DATE column that holds 9999-12-31, the "no end" of Japanese
#           masters?
# Guess:    the date, or NaT, or an error: pandas keeps microseconds by now, and its TIMESTAMP columns are read so.
# Seen:     fastparquet 2026.9.0, pandas 3.1.1. DATE is turned into nanoseconds without a check: 9999-12-31 is
#           1816-03-29, 0001-01-01 is 1754-08-30, 1582-10-10 is 2167-04-29. The column's statistics are wrapped in the
#           same way, so the minimum is above the file's own. The same day as TIMESTAMP in microseconds is right.
#           pyarrow 25.0.1 reads every one of them right.
# Matters:  end of membership, of consent and of an address are 9999-12-31 while they are open. Read like this every
#           open consent has ended in 1816, and no error tells of it. Birth dates of living people are in range.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check --no-compile fastparquet==2026.9.0 pandas==3.1.1 pyarrow==25.0.1 >&2
cd "$t"
"$t/v/bin/python" - >"$t/seen" <<'PY'
import datetime as d, tempfile
import fastparquet, pyarrow as pa, pyarrow.parquet as pq
days = [d.date(9999, 12, 31), d.date(1, 1, 1), d.date(1582, 10, 10), d.date(1980, 3, 5)]
moments = [d.datetime(9999, 12, 31)] * 4
path = tempfile.mkdtemp() + "/consent.parquet"
pq.write_table(pa.table({"day": pa.array(days, pa.date32()), "moment": pa.array(moments, pa.timestamp("us"))}), path)
file = fastparquet.ParquetFile(path)
got = file.to_pandas()
print("pyarrow             ", [v.isoformat() for v in pq.read_table(path)["day"].to_pylist()])
print("fastparquet         ", [str(v)[:10] for v in got["day"]], got["day"].dtype)
print("fastparquet min, max", [str(file.statistics[k]["day"][0])[:10] for k in ("min", "max")])
print("fastparquet moment  ", str(got["moment"][0])[:10], got["moment"].dtype)
PY
cat >"$t/stated" <<'EOF'
pyarrow              ['9999-12-31', '0001-01-01', '1582-10-10', '1980-03-05']
fastparquet          ['1816-03-29', '1754-08-30', '2167-04-29', '1980-03-05'] datetime64[ns]
fastparquet min, max ['1754-08-30', '1816-03-29']
fastparquet moment   9999-12-31 datetime64[us]
EOF
echo "stated:"; cat "$t/stated"; echo "seen:"; cat "$t/seen"
cmp -s "$t/stated" "$t/seen" || { echo "changed"; exit 1; }
echo "as stated"
