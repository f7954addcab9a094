#!/bin/sh
# Question: do three ports of libphonenumber give one number for a phone field with a word after the number?
# Guess:    yes. They share metadata and parsing rules; what follows the number is cut off.
# Seen:     libphonenumber-js 1.13.16, google-libphonenumber 3.2.47 (JavaScript), phonenumbers 9.0.43 (Python).
#           03-1234-5678(代) and 090-1234-5678 (母): both JavaScript ports cut the kanji off, the Python port raises.
#           090-1234-5678 (haha): libphonenumber-js cuts the word off; the other two turn its letters into the digits
#           of their telephone keys, +8190123456784242, invalid. A # at the end, which telephone exchanges leave,
#           makes all three read the last block as an extension.
# Matters:  (代), (母), "haha", "home" are ordinary memos in Japanese phone fields. The web shop checks with one port,
#           a batch with another, and two channels stop sharing the number of one customer. Cut memos off before
#           parsing.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
npm install --silent --no-audit --no-fund --prefix "$t" libphonenumber-js@1.13.16 google-libphonenumber@3.2.47 >&2
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check --no-compile phonenumbers==9.0.43 >&2
cat >"$t/run.cjs" <<'JS'
const small = require("libphonenumber-js/max");
const { PhoneNumberUtil } = require("google-libphonenumber");
const google = PhoneNumberUtil.getInstance();
const say = (port, text, read) => {
  try { console.log(port, text, read()); } catch (e) { console.log(port, text, "error"); }
};
for (const text of process.argv.slice(2)) {
  say("libphonenumber-js", text, () => {
    const n = small.parsePhoneNumberWithError(text, "JP");
    return [n.number, n.ext ? "ext " + n.ext : "", n.isValid() ? "valid" : "invalid"].filter(Boolean).join(" ");
  });
  say("google-libphonenumber", text, () => {
    const n = google.parse(text, "JP");
    return ["+" + n.getCountryCode() + n.getNationalNumber(), n.getExtension() ? "ext " + n.getExtension() : "", google.isValidNumber(n) ? "valid" : "invalid"].filter(Boolean).join(" ");
  });
}
JS
cat >"$t/run.py" <<'PY'
import sys, phonenumbers as p
for text in sys.argv[1:]:
    try:
        n = p.parse(text, "JP")
    except p.NumberParseException:
        print("phonenumbers", text, "error")
        continue
    print(*filter(None, ["phonenumbers", text, f"+{n.country_code}{n.national_number}", n.extension and f"ext {n.extension}", "valid" if p.is_valid_number(n) else "invalid"]))
PY
set -- "090-1234-5678" "03-1234-5678(代)" "090-1234-5678 (母)" "090-1234-5678 (haha)" "03-1234-5678 home" "090-1234-5678#"
{ node "$t/run.cjs" "$@"; "$t/v/bin/python" "$t/run.py" "$@"; } >"$t/seen"
cat >"$t/stated" <<'EOF'
libphonenumber-js 090-1234-5678 +819012345678 valid
google-libphonenumber 090-1234-5678 +819012345678 valid
libphonenumber-js 03-1234-5678(代) +81312345678 valid
google-libphonenumber 03-1234-5678(代) +81312345678 valid
libphonenumber-js 090-1234-5678 (母) +819012345678 valid
google-libphonenumber 090-1234-5678 (母) +819012345678 valid
libphonenumber-js 090-1234-5678 (haha) +819012345678 valid
google-libphonenumber 090-1234-5678 (haha) +8190123456784242 invalid
libphonenumber-js 03-1234-5678 home +81312345678 valid
google-libphonenumber 03-1234-5678 home +813123456784663 invalid
libphonenumber-js 090-1234-5678# +810901234 ext 5678 invalid
google-libphonenumber 090-1234-5678# +81901234 ext 5678 invalid
phonenumbers 090-1234-5678 +819012345678 valid
phonenumbers 03-1234-5678(代) error
phonenumbers 090-1234-5678 (母) error
phonenumbers 090-1234-5678 (haha) +8190123456784242 invalid
phonenumbers 03-1234-5678 home +813123456784663 invalid
phonenumbers 090-1234-5678# +81901234 ext 5678 invalid
EOF
echo "stated:"; cat "$t/stated"; echo "seen:"; cat "$t/seen"
cmp -s "$t/stated" "$t/seen" || { echo "changed"; exit 1; }
echo "as stated"
