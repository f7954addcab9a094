#!/bin/sh
# Question: can OpenCC's simplified-to-traditional conversion run over a customer file that holds Chinese and Japanese
#           names?
# Guess:    yes: 张 and 陈 become 張 and 陳, and Japanese names, which are not simplified, stay.
# Seen:     opencc-python-reimplemented 0.1.7, s2t. It converts Japanese surnames whose characters are also simplified
#           forms: 里見 becomes 裏見, 余語 餘語, 叶 葉, 岳 嶽, 范 範 and 后藤 後藤. 叶 (かのう) and 葉 (よう, Ye) are
#           two families, and 范 is its own surname in both writings.
# Matters:  residents from China are in the file as 张 (app) and 張 (residence card), so a table of this kind looks
#           right. Run over all names it makes different people agree and puts 裏見 in place of 里見 on one side only,
#           if the channels are cleaned by different teams. Leave out of it every character that JIS X 0208 has.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check --no-compile opencc-python-reimplemented==0.1.7 >&2
"$t/v/bin/python" - >"$t/seen" <<'PY'
from opencc import OpenCC
convert = OpenCC("s2t").convert
for name in "张 陈 里見 余語 叶 葉 岳 范 后藤 台 田中 佐藤".split():
    changed = convert(name)
    jis = all(len(c.encode("euc_jp", "ignore")) == 2 for c in name)
    print(name, changed, "in JIS X 0208" if jis else "not in JIS X 0208", "changed" if changed != name else "")
PY
cat >"$t/stated" <<'EOF'
张 張 not in JIS X 0208 changed
陈 陳 not in JIS X 0208 changed
里見 裏見 in JIS X 0208 changed
余語 餘語 in JIS X 0208 changed
叶 葉 in JIS X 0208 changed
葉 葉 in JIS X 0208 
岳 嶽 in JIS X 0208 changed
范 範 in JIS X 0208 changed
后藤 後藤 in JIS X 0208 changed
台 臺 in JIS X 0208 changed
田中 田中 in JIS X 0208 
佐藤 佐藤 in JIS X 0208 
EOF
echo "stated:"; cat "$t/stated"; echo "seen:"; cat "$t/seen"
cmp -s "$t/stated" "$t/seen" || { echo "changed"; exit 1; }
echo "as stated"
