#!/bin/sh
# Question: what does "did you mean …?" of a sign-up form say to taro.yamada@docomo.ne.jp, with the lists that come with it?
# Guess:    nothing: docomo.ne.jp and au.com are no slips of the key, but domains of the largest mobile carriers.
# Seen:     mailcheck 1.1.1 and @zootools/email-spell-checker 1.12.0 (npm). Both ask whether docomo.net, softbank.net, ezweb.net was meant:
#           of .ne.jp they look for a known ending that is near, and find .net. au.com, the mail of au, becomes qq.com, which is in
#           China, and livedoor.com live.com. mailcheck makes of i.softbank.jp gmx.softbank.jp. yahoo.co.jp and nifty.com stay.
# Matters:  who takes the suggestion, or a batch that cleans a list by it, gives the address of nobody or of a stranger. The record then
#           shares no mail with the other channels of the same customer, and consent and mail of hers go elsewhere. Such
#           a checker needs the Japanese domains and endings (domains, topLevelDomains) before it is switched on.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
npm install --silent --no-audit --no-fund --prefix "$t" mailcheck@1.1.1 @zootools/email-spell-checker@1.12.0 >&2
cat >"$t/run.mjs" <<'JS'
import mailcheck from "mailcheck";
import checker from "@zootools/email-spell-checker";
const domains = "docomo.ne.jp au.com ezweb.ne.jp softbank.ne.jp i.softbank.jp biglobe.ne.jp livedoor.com yahoo.co.jp nifty.com";
for (const domain of domains.split(" ")) {
  const email = `taro.yamada@${domain}`;
  let said;
  mailcheck.run({ email, suggested: (s) => (said = s.domain), empty: () => (said = "-") });
  console.log(domain, "mailcheck", said, "email-spell-checker", checker.run({ email })?.domain ?? "-");
}
JS
node "$t/run.mjs" >"$t/seen"
cat >"$t/stated" <<'EOF'
docomo.ne.jp mailcheck docomo.net email-spell-checker docomo.net
au.com mailcheck qq.com email-spell-checker qq.com
ezweb.ne.jp mailcheck ezweb.net email-spell-checker ezweb.net
softbank.ne.jp mailcheck softbank.net email-spell-checker softbank.net
i.softbank.jp mailcheck gmx.softbank.jp email-spell-checker -
biglobe.ne.jp mailcheck biglobe.net email-spell-checker biglobe.net
livedoor.com mailcheck live.com email-spell-checker live.com
yahoo.co.jp mailcheck - email-spell-checker -
nifty.com mailcheck - email-spell-checker -
EOF
echo "stated:"; cat "$t/stated"; echo "seen:"; cat "$t/seen"
cmp -s "$t/stated" "$t/seen" || { echo "changed"; exit 1; }
echo "as stated"
