#!/bin/sh
# Question: what do Meta's two libraries hash as the postal code 100-0001, and as the phone 090-1234-5678?
# Guess:    1000001: Meta's page wants no dash, and the library says "for other locations, follow each country's standards". The phone
#           is an error: it lacks the country code, and the Python library has an error for this.
# Seen:     facebook-business 26.0.3 (Python), facebook-nodejs-business-sdk 24.0.1 (npm). Both keep what is before the first dash of a
#           postal code: 100, for all of 千代田区 and more. 1000001 stays. Both hash 9012345678 for the phone, which begins like Turkey (+90),
#           and 312345678 for 03-1234-5678. +81 (0)90-1234-5678 keeps the 0. Full-width digits are hashed as they are. The npm library
#           refuses addresses with two dots, which docomo issued; the Python library takes them.
# Matters:  hashes hide it: nothing is refused and the platform matches fewer people, or strangers. Send 7 digits without dash
#           and phones with 81 and without the 0, as pipelines/retail/crm/ad_audience.sql does; the library leaves both as they are.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
npm install --silent --no-audit --no-fund --prefix "$t" facebook-nodejs-business-sdk@24.0.1 >&2
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check --no-compile facebook-business==26.0.3 >&2
cat >"$t/run.py" <<'PY'
import hashlib, sys
from facebook_business.adobjects.serverside.normalize import Normalize
for field, text in (a.split("=", 1) for a in sys.argv[1:]):
    try:
        value = Normalize.normalize_field_skip_hashing(field, text)
        hashed = hashlib.sha256(value.encode()).hexdigest() == Normalize.normalize_field(field, text)
        print("Python", field, text, value if hashed else "another hash")
    except (TypeError, ValueError):
        print("Python", field, text, "error")
PY
cat >"$t/run.cjs" <<'JS'
const { createHash } = require("node:crypto");
const { ServerSideUtils: utils } = require("facebook-nodejs-business-sdk");
const normalize = { zp: utils.normalizeZip, ph: utils.normalizePhone, em: utils.normalizeEmail };
for (const [field, text] of process.argv.slice(2).map((a) => a.split("="))) {
  try {
    const value = normalize[field](text);
    const hashed = createHash("sha256").update(value).digest("hex") === utils.normalizeAndHash(text, field);
    console.log("npm", field, text, hashed ? value : "another hash");
  } catch {
    console.log("npm", field, text, "error");
  }
}
JS
set -- "zp=100-0001" "zp=1000001" "ph=090-1234-5678" "ph=03-1234-5678" "ph=+81 (0)90-1234-5678" "ph=+819012345678" "ph=８１９０１２３４５６７８" "em=taro..yamada@docomo.ne.jp"
{ "$t/v/bin/python" "$t/run.py" "$@"; node "$t/run.cjs" "$@"; } >"$t/seen"
cat >"$t/stated" <<'EOF'
Python zp 100-0001 100
Python zp 1000001 1000001
Python ph 090-1234-5678 9012345678
Python ph 03-1234-5678 312345678
Python ph +81 (0)90-1234-5678 8109012345678
Python ph +819012345678 819012345678
Python ph ８１９０１２３４５６７８ ８１９０１２３４５６７８
Python em taro..yamada@docomo.ne.jp taro..yamada@docomo.ne.jp
npm zp 100-0001 100
npm zp 1000001 1000001
npm ph 090-1234-5678 9012345678
npm ph 03-1234-5678 312345678
npm ph +81 (0)90-1234-5678 8109012345678
npm ph +819012345678 819012345678
npm ph ８１９０１２３４５６７８ ８１９０１２３４５６７８
npm em taro..yamada@docomo.ne.jp error
EOF
echo "stated:"; cat "$t/stated"; echo "seen:"; cat "$t/seen"
cmp -s "$t/stated" "$t/seen" || { echo "changed"; exit 1; }
echo "as stated"
