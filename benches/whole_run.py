"""A whole run as a table: seconds by stage, rows, peak memory, quality. Usage: whole_run.py NAYOSE FOLDER"""

import json
import os
import resource
import subprocess
import sys
import time

nayose, folder = sys.argv[1:3]
lake, summary = f"{folder}/lake", f"{folder}/summary.json"
started = time.time()
subprocess.run(
    [nayose, "run", "pipelines/retail/pipeline.yaml", "--input", f"{folder}/input", "--lake", lake, "--log", "json", "--summary", summary],
    check=True,
    stderr=subprocess.DEVNULL,
)
seconds = time.time() - started
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024**2
for stage in json.load(open(summary))["stages"]:
    rows = ", ".join(f"{table} {n:,}" for table, n in stage["rows"].items())
    print(f"{stage['stage']:<10}{stage['seconds']:>9.2f} s   {rows}")
print(f"{'whole run':<10}{seconds:>9.2f} s   peak {peak:.2f} GiB on {os.cpu_count()} cores")
found = json.loads(
    subprocess.run([nayose, "evaluate", "--lake", lake, "--truth", f"{folder}/input/truth.csv", "--format", "json"], check=True, capture_output=True).stdout
)
print("pairwise", {k: round(v, 4) for k, v in found["pairwise"].items() if isinstance(v, float)})
