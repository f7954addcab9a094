#!/bin/sh
# Question: does npm's pg give a column of type date as the day that it is?
# Guess:    yes: a date has no time and no zone, so that 1988-03-05 is 1988-03-05 on every machine.
# Seen:     pg 8.23.1 (npm, pg-types 2.2.0). A date becomes a JavaScript Date at midnight of the machine's own zone. In Japan, as JSON
#           and by toISOString, it is the day before; in New York, and on a server that runs in UTC, it is the day.
# Matters:  a birth date read from a lake through the Postgres protocol is a day early in every JSON that a web page in Japan gets, and
#           right in the tests of a build machine in UTC. types.setTypeParser(1082, text => text) keeps the text.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
npm install --silent --no-audit --no-fund --prefix "$t" pg@8.23.1 pg-types@2.2.0 >&2
cat >"$t/run.cjs" <<'JS'
const { types } = require("pg");
const [date, dates] = [1082, 1182].map((oid) => types.getTypeParser(oid));
const kept = (types.setTypeParser(1082, (text) => text), types.getTypeParser(1082));
console.log(process.env.TZ, JSON.stringify(date("1988-03-05")), JSON.stringify(dates("{1988-03-05}")), kept("1988-03-05"));
JS
for zone in Asia/Tokyo UTC America/New_York; do TZ=$zone node "$t/run.cjs"; done >"$t/seen"
cat >"$t/stated" <<'EOF'
Asia/Tokyo "1988-03-04T15:00:00.000Z" ["1988-03-04T15:00:00.000Z"] 1988-03-05
UTC "1988-03-05T00:00:00.000Z" ["1988-03-05T00:00:00.000Z"] 1988-03-05
America/New_York "1988-03-05T05:00:00.000Z" ["1988-03-05T05:00:00.000Z"] 1988-03-05
EOF
echo "stated:"; cat "$t/stated"; echo "seen:"; cat "$t/seen"
cmp -s "$t/stated" "$t/seen" || { echo "changed"; exit 1; }
echo "as stated"
