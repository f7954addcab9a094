"""Where the time of a run goes, stage by stage, beside the limit: what it takes on this machine to read and write the same bytes once.

One undisturbed run of the retail pipeline on a generated retailer. Whenever the run logs that a stage is done, Linux is asked what the
process has used since the stage before: processor time, bytes of read and write calls, the peak of resident memory. Files that came
into the lake since then are those that the stage wrote. After the run, in this process on one thread, each of these files is copied,
decoded and encoded once more by pyarrow with its own compression, and the raw files are copied and parsed by pyarrow's readers:

- copy: plain copies of as many bytes as the stage read and wrote, warm in the page cache: what a disk cannot be asked to beat;
- codec: processor time to decode what the stage read, once, and to encode what it wrote, once. No engine on these formats is far below.

Times the codec says how far the stage's own processor time is from that limit: what is left are joins, sorts, normalizers, comparisons.
Bytes that a stage read twice count twice in its limit as well. Pages of mapped files are no read calls and are not seen.

Usage: run_profile.py NAYOSE FOLDER PEOPLE [-- MORE ARGUMENTS OF nayose run], in an environment with peers_requirements.txt. Linux only.
Everything is made below FOLDER and removed again."""

import glob
import gzip
import io
import json
import os
import shutil
import subprocess
import sys
import time

import pyarrow
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet as parquet

from peers import machine

SEED = "4242"
MIB = 2**20
TICKS = os.sysconf("SC_CLK_TCK")
# What Parquet calls LZ4_RAW, pyarrow writes for "lz4".
CODECS = {"LZ4_RAW": "lz4", "UNCOMPRESSED": "none"}


def used(pid):
    """Processor seconds, bytes read and written so far, and the peak of memory since this was asked last."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    with open(f"/proc/{pid}/io") as file:
        calls = dict(line.strip().split(": ") for line in file)
    with open(f"/proc/{pid}/status") as file:
        peaks = [int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:")]
    if peaks:
        with open(f"/proc/{pid}/clear_refs", "w") as file:
            file.write("5")
    return {
        "processor": (int(fields[11]) + int(fields[12])) / TICKS,
        "read": int(calls["rchar"]),
        "written": int(calls["wchar"]),
        "peak": peaks[0] if peaks else 0,
    }


def files_of(folder):
    return {path: os.path.getsize(path) for at, _, names in os.walk(folder) for name in names if (path := os.path.join(at, name))}


def measured(nayose, folder, more):
    """The run's stages: what each used, its rows, the files that it wrote. The last is what follows the stages."""
    lake = f"{folder}/lake"
    command = [nayose, "run", "pipelines/retail/pipeline.yaml", "--input", f"{folder}/input", "--lake", lake, "--log", "json", *more]
    zero = {"processor": 0, "read": 0, "written": 0}
    stages, before, known, said = [], zero, {}, []
    started = last = time.time()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        said.append(line)
        told = json.loads(line)
        if "stage" not in told:
            continue
        now, at, there = used(process.pid), time.time(), files_of(lake)
        stages.append({name: now[name] - before[name] for name in zero} | {
            "stage": told["stage"], "wall": at - last, "peak": now["peak"], "rows": told["rows"],
            "files": [path for path, size in there.items() if known.get(path) != size],
        })  # fmt: skip
        last, before, known = at, now, there
    _, status, rest = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit("".join(said[-2:]))
    # Linux has forgotten the bytes of a process that has ended.
    processor, there = rest.ru_utime + rest.ru_stime, files_of(lake)
    stages.append({
        "stage": "publish", "wall": time.time() - last, "processor": processor - before["processor"], "rows": {}, "read": 0,
        "files": [path for path, size in there.items() if known.get(path) != size],
        "written": sum(size for path, size in there.items() if known.get(path) != size),
    })  # fmt: skip
    return stages, time.time() - started


def timed(work):
    """Processor seconds of this process, and what came out."""
    started = time.process_time()
    found = work()
    return time.process_time() - started, found


def copied(paths, to):
    """Wall seconds of plain copies, one file after the other: each byte is read and written by calls."""
    started = time.time()
    for path in paths:
        with open(path, "rb") as source, open(to, "wb") as target:
            while block := source.read(MIB):
                target.write(block)
    seconds = time.time() - started
    os.remove(to)
    return seconds


def recoded(path):
    """Processor seconds to decode a Parquet file, and to encode it again."""
    decode = encode = 0
    with parquet.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            codec = file.metadata.row_group(group).column(0).compression
            seconds, table = timed(lambda: file.read_row_group(group, use_threads=False))
            decode += seconds
            put = lambda: parquet.write_table(table, io.BytesIO(), compression=CODECS.get(codec, codec.lower()))
            encode += timed(put)[0]
    return decode, encode


def is_json(line):
    try:
        return bool(json.loads(line))
    except ValueError:
        return False


def parsed(path):
    """Processor seconds to decode and parse a raw file, its damaged lines aside; none where pyarrow's reader gives up."""
    if path.endswith(".parquet"):
        return timed(lambda: parquet.read_table(path, use_threads=False))[0]
    with open(path, "rb") as file:
        packed = file.read()
    if path.endswith(".jsonl.gz"):
        decode, text = timed(lambda: gzip.decompress(packed))
        text = b"\n".join(filter(is_json, text.split(b"\n")))
        options = pyarrow.json.ReadOptions(use_threads=False)
        read = lambda: pyarrow.json.read_json(io.BytesIO(text), read_options=options)
    else:
        decode, text = timed(lambda: packed.decode("cp932" if "/shop/" in path else "utf8", "replace").encode())
        # One block: a damaged quote may make a long value, which must not straddle two.
        options = pyarrow.csv.ReadOptions(use_threads=False, block_size=len(text) + 1)
        rules = pyarrow.csv.ParseOptions(newlines_in_values=True, invalid_row_handler=lambda row: "skip")
        read = lambda: pyarrow.csv.read_csv(io.BytesIO(text), read_options=options, parse_options=rules)
    try:
        return decode + timed(read)[0]
    except pyarrow.ArrowInvalid:
        return None


def raw_seconds(paths):
    """Processor seconds to parse the raw files once: those that cannot be read count with the rate of the others of their kind."""
    total = 0
    for kind in {path.rpartition("/")[0] for path in paths}:
        of_kind = [path for path in paths if path.startswith(f"{kind}/")]
        took = {path: seconds for path in of_kind if (seconds := parsed(path)) is not None}
        read = sum(map(os.path.getsize, took))
        total += sum(took.values()) * sum(map(os.path.getsize, of_kind)) / max(read, 1)
    return total


def limits(stages, folder):
    """Adds to each stage: wall seconds of copies, processor seconds of the codec."""
    raw = [path for path in glob.glob(f"{folder}/input/**", recursive=True) if path.endswith((".csv", ".parquet", ".jsonl.gz"))]
    raw = [path for path in raw if not path.endswith("truth.csv")]
    every = [path for stage in stages for path in stage["files"] if os.path.exists(path)]
    rate = sum(map(os.path.getsize, every + raw)) / copied(every + raw, f"{folder}/copy")
    codec = {path: recoded(path) for path in every if path.endswith(".parquet")}
    decoded = sum(map(os.path.getsize, codec)) / sum(decode for decode, _ in codec.values())
    for stage in stages:
        stage["copy"] = (stage["read"] + stage["written"]) / rate
        encode = sum(codec[path][1] for path in stage["files"] if path in codec)
        stage["codec"] = encode + (raw_seconds(raw) if stage["stage"] == "ingest" else stage["read"] / decoded)
    encoded = sum(map(os.path.getsize, codec)) / sum(encode for _, encode in codec.values())
    return f"copy {rate / MIB:,.0f} MiB/s; pyarrow on one thread: decode {decoded / MIB:,.0f}, encode {encoded / MIB:,.0f} MiB/s of files"


def row(stage):
    """A line of the table. What was not asked for stays empty, and a quotient of next to nothing."""
    told = lambda value, text: text if value else ""
    far = stage["processor"] / stage["codec"] if stage["codec"] > 0.05 else 0
    rows, peak, read = max(stage["rows"].values(), default=0), stage.get("peak", 0) / MIB, stage["read"] / MIB
    cells = [stage["stage"], f"{stage['wall']:.1f}", f"{stage['processor']:.1f}", told(peak, f"{peak:,.0f}"), told(read, f"{read:,.0f}")]
    cells += [f"{stage['written'] / MIB:,.0f}", told(rows, f"{rows:,}"), f"{stage['copy']:.1f}", f"{stage['codec']:.1f}"]
    return [*cells, told(far, f"{far:.1f}")]


def main():
    nayose, folder, people, *more = sys.argv[1:]
    before = machine()
    shutil.rmtree(folder, ignore_errors=True)
    generate = [nayose, "generate", "--people", people, "--seed", SEED, "--out", f"{folder}/input"]
    subprocess.run(generate, check=True, stdout=subprocess.DEVNULL)
    stages, wall = measured(nayose, folder, more[1:])
    rates = limits(stages, folder)
    sums = {name: sum(stage[name] for stage in stages) for name in ["processor", "read", "written", "copy", "codec"]}
    whole = {"stage": "whole run", "wall": wall, "peak": max(stage.get("peak", 0) for stage in stages), "rows": {}, **sums}
    head = ["stage", "wall s", "processor s", "peak MiB", "read MiB", "written MiB", "rows of its largest table"]
    print("|", " | ".join([*head, "limit: copy, s", "limit: codec, processor s", "times the codec"]), "|\n" + "|---" * 10 + "|")
    for stage in [*stages, whole]:
        print("|", " | ".join(row(stage)), "|")
    version = subprocess.run([nayose, "--version"], check=True, capture_output=True, text=True).stdout.splitlines()[0]
    print(f"\n{int(people):,} people, seed {SEED} {' '.join(more[1:])}; {rates}\n{version}; pyarrow {pyarrow.__version__}; {before}")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
