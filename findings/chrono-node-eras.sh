#!/bin/sh
# Question: does the Japanese parser of chrono-node read birth dates of all living customers, in the usual spellings?
# Guess:    it knows the eras of living people (明治 aside), spaces or not, and gives no result where it does not.
# Seen:     chrono-node 2.10.3. 昭和, 平成 and 令和 are read; 大正 is not known, but instead of no result the rest is
#           read as a date of its own: 大正10年5月1日 (1921) is the year 10. One space after the era (昭和 55年 3月
#           5日) and the short 昭55年 do the same: year 55. 令和6年5月 has no result.
# Matters:  forms with one box for the era and one for the year are joined with a space. The result is a valid Date,
#           so the birth date goes on as 0055-03-05: it agrees with nobody's, and it agrees with that of another
#           person whose era was lost in the same way.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
cd "$t"
npm install --silent --no-audit --no-fund --prefix "$t" chrono-node@2.10.3 >&2
cat >"$t/run.cjs" <<'JS'
const chrono = require("chrono-node");
const reference = new Date(Date.UTC(2026, 10, 1));
for (const text of ["昭和55年3月5日", "平成元年1月8日", "令和元年5月1日", "大正10年5月1日", "昭和 55年 3月 5日", "昭55年3月5日", "令和6年5月"]) {
  const [found] = chrono.ja.parse(text, reference);
  const start = found && found.start;
  console.log(text, found ? `year ${start.get("year")} month ${start.get("month")} day ${start.get("day")}, read from ${found.text}` : "no result");
}
JS
node "$t/run.cjs" >"$t/seen"
cat >"$t/stated" <<'EOF'
昭和55年3月5日 year 1980 month 3 day 5, read from 昭和55年3月5日
平成元年1月8日 year 1989 month 1 day 8, read from 平成元年1月8日
令和元年5月1日 year 2019 month 5 day 1, read from 令和元年5月1日
大正10年5月1日 year 10 month 5 day 1, read from 10年5月1日
昭和 55年 3月 5日 year 55 month 3 day 5, read from 55年 3月 5日
昭55年3月5日 year 55 month 3 day 5, read from 55年3月5日
令和6年5月 no result
EOF
echo "stated:"; cat "$t/stated"; echo "seen:"; cat "$t/seen"
cmp -s "$t/stated" "$t/seen" || { echo "changed"; exit 1; }
echo "as stated"
