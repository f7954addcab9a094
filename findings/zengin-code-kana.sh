#!/bin/sh
# Question: are the kana of zengin-code, the open list of Japanese banks and branches, ordinary katakana?
# Guess:    yes: 三菱ＵＦＪ is ミツビシユーエフジェイ, 東京 is トウキョウ, and the Hepburn column follows the sound.
# Seen:     zengin-code 1.0.0-p20260824 (npm). The kana are the character set of bank transfers in full-width letters:
#           not one small ャュョッ among all branches, and no long vowel mark ー; U+FF0D stands for it. So
#           ミツビシユ－エフジエイ and トウキヨウ. The columns hira and roma are made from that, "toukiyou" and
#           "mitsubishiyu-efujiei". NFKC turns U+FF0D into an ASCII hyphen, not into ー.
# Matters:  account holders of direct debits come in the same writing: キヨウコ may be キョウコ or キヨウコ. Kana from
#           a bank file agree with kana of a web shop only after small kana are made large on both sides and both
#           marks are folded; fold only for comparing, since it makes different names equal.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
npm install --silent --no-audit --no-fund --prefix "$t" zengin-code@1.0.0-p20260824 >&2
cat >"$t/run.cjs" <<'JS'
const banks = require("zengin-code");
let names = 0, small = 0, long = 0, minus = 0;
for (const bank of Object.values(banks))
  for (const { kana } of [bank, ...Object.values(bank.branches)]) {
    names += 1;
    small += /[ァィゥェォッャュョヮヵヶ]/.test(kana);
    long += kana.includes("\u30fc");
    minus += kana.includes("\uff0d");
  }
console.log("bank", banks["0005"].kana, banks["0005"].roma, "NFKC", banks["0005"].kana.normalize("NFKC"));
console.log("branch", banks["0001"].branches["001"].kana, banks["0001"].branches["001"].roma);
console.log(`of ${names} names: ${small} with small kana, ${long} with U+30FC, ${minus} with U+FF0D`);
JS
node "$t/run.cjs" >"$t/seen"
cat >"$t/stated" <<'EOF'
bank ミツビシユ－エフジエイ mitsubishiyu-efujiei NFKC ミツビシユ-エフジエイ
branch トウキヨウ toukiyou
of 30090 names: 0 with small kana, 0 with U+30FC, 517 with U+FF0D
EOF
echo "stated:"; cat "$t/stated"; echo "seen:"; cat "$t/seen"
cmp -s "$t/stated" "$t/seen" || { echo "changed"; exit 1; }
echo "as stated"
