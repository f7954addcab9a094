#!/bin/sh
# Question: what do romanizers for Japanese make of the name characters that are not in JIS X 0208?
# Guess:    髙橋 and 山﨑 are read like 高橋 and 山崎, or the character that is not known is left where it stood.
# Seen:     pykakasi 2.3.0 drops it without a word: 髙橋 and 濵田 become '', 𠮷田 becomes タ, which is how 田 alone
#           reads, and 山﨑 becomes ヤマヤマ: the piece before the lost character is given twice. cutlet 0.5.2
#           (unidic-lite 1.0.8) writes one question mark for each character, so 髙橋 and 濵田 are both '??'. 渡邉,
#           渡邊, 齋藤 and 齊藤 are read by both.
# Matters:  these are spellings of very common names in Japanese customer files. Readings made this way are empty, or
#           are the same for different families: 髙橋 and 濵田 meet in one block, and 髙橋 never meets タカハシ. Fold
#           variants before you ask for a reading.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check --no-compile pykakasi==2.3.0 cutlet==0.5.2 unidic-lite==1.0.8 >&2
"$t/v/bin/python" - >"$t/seen" <<'PY'
import cutlet, pykakasi
kakasi, katsu = pykakasi.kakasi(), cutlet.Cutlet()
for name in "高橋 髙橋 山崎 山﨑 吉田 𠮷田 浜田 濵田 神﨑 渡邉 渡邊 齋藤 齊藤".split():
    print(name, "pykakasi", repr("".join(p["kana"] for p in kakasi.convert(name))), "cutlet", repr(katsu.romaji(name)))
PY
cat >"$t/stated" <<'EOF'
高橋 pykakasi 'タカハシ' cutlet 'Takahashi'
髙橋 pykakasi '' cutlet '??'
山崎 pykakasi 'ヤマザキ' cutlet 'Yamazaki'
山﨑 pykakasi 'ヤマヤマ' cutlet 'Yamazaki'
吉田 pykakasi 'ヨシダ' cutlet 'Yoshida'
𠮷田 pykakasi 'タ' cutlet '? ta'
浜田 pykakasi 'ハマダ' cutlet 'Hamada'
濵田 pykakasi '' cutlet '??'
神﨑 pykakasi 'カミカミ' cutlet 'Kami ?'
渡邉 pykakasi 'ワタナベ' cutlet 'Watanabe'
渡邊 pykakasi 'ワタナベ' cutlet 'Watanabe'
齋藤 pykakasi 'サイトウ' cutlet 'Saitou'
齊藤 pykakasi 'サイトウ' cutlet 'Saitou'
EOF
echo "stated:"; cat "$t/stated"; echo "seen:"; cat "$t/seen"
cmp -s "$t/stated" "$t/seen" || { echo "changed"; exit 1; }
echo "as stated"
