#!/bin/sh
# Question: do the two best known normalizers for Japanese text keep the house number of an address?
# Guess:    they turn full-width digits and all hyphens into ASCII; a wave dash becomes a tilde or stays.
# Seen:     neologdn 0.5.6 deletes the wave dash: 1〜3丁目 (blocks 1 to 3) becomes 13丁目, another place. Both
#           neologdn and jaconv 0.5.0 normalize() turn the full-width hyphen-minus, which is what Japanese keyboards
#           put between full-width digits, into the long vowel mark ー: １－２－３ becomes 1ー2ー3. The minus sign
#           U+2212 in the same place becomes an ASCII hyphen, so the same address typed on two systems comes out in
#           two ways. They disagree on U+2015. neologdn also joins Ａ棟 １０１ to A棟101 but leaves 1-2 101 apart.
# Matters:  CP932 exports read by one decoder hold U+FF0D where another reads U+2212. Addresses normalized by either
#           library then differ, a phone number keeps a vowel mark between its digits, and a range of blocks is read
#           as one other block. Neither library can stand before an address or phone parser.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check --no-compile neologdn==0.5.6 jaconv==0.5.0 >&2
"$t/v/bin/python" - >"$t/seen" <<'PY'
import jaconv, neologdn
for text in ["1〜3丁目", "1～3丁目", "１－２－３", "１−２−３", "１―２―３", "090－1234－5678", "Ａ棟 １０１", "1-2 101"]:
    marks = sorted({f"U+{ord(c):04X}" for c in text if c in "〜～－−―"})
    print(text, *marks, "neologdn", neologdn.normalize(text), "jaconv", jaconv.normalize(text))
PY
cat >"$t/stated" <<'EOF'
1〜3丁目 U+301C neologdn 13丁目 jaconv 1ー3丁目
1～3丁目 U+FF5E neologdn 13丁目 jaconv 1ー3丁目
１－２－３ U+FF0D neologdn 1ー2ー3 jaconv 1ー2ー3
１−２−３ U+2212 neologdn 1-2-3 jaconv 1-2-3
１―２―３ U+2015 neologdn 1ー2ー3 jaconv 1-2-3
090－1234－5678 U+FF0D neologdn 090ー1234ー5678 jaconv 090ー1234ー5678
Ａ棟 １０１ neologdn A棟101 jaconv A棟 101
1-2 101 neologdn 1-2 101 jaconv 1-2 101
EOF
echo "stated:"; cat "$t/stated"; echo "seen:"; cat "$t/seen"
cmp -s "$t/stated" "$t/seen" || { echo "changed"; exit 1; }
echo "as stated"
