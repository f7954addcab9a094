"""Many clients at a running `nayose serve` for some minutes, while a run is published under them.

Programs ask for customers, for what ids mean and for records to match; every answer names its run. Prints how many answers there were, which were not
200, the times, and how the answers divide over runs. Ends with 1 where an answer was an error, where one question had two answers of one run (half a run
was seen), or where a client was led back to an earlier run.

Usage: serve_load.py --url URL --key KEY --lake LAKE --nayose NAYOSE [--clients 64] [--minutes 5] [--asked 500] [--pid PID] [--publish COMMAND]

The command is started after a fifth of the time, such as `nayose run --publish-plan PLAN --lake LAKE`; its exit code has to be 0."""

import argparse
import hashlib
import http.client
import json
import random
import shlex
import subprocess
import threading
import time
import urllib.parse

from serve import CUSTOMERS, RECORDS, rows


class Seen:
    """What the clients were told."""

    def __init__(self):
        self.lock = threading.Lock()
        self.times, self.wrong, self.runs, self.answers = [], {}, {}, {}
        self.two_answers, self.led_back = 0, 0

    def note(self, question, status, body, seconds, client_runs):
        """An answer to a question."""
        run = json.loads(body).get("run_id") if status == 200 else None
        digest = hashlib.sha256(body).digest()
        with self.lock:
            self.times.append(seconds)
            if status != 200:
                self.wrong[status] = self.wrong.get(status, 0) + 1
                return
            self.runs[run] = self.runs.get(run, 0) + 1
            self.two_answers += self.answers.setdefault((question, run), digest) != digest
            self.led_back += run in client_runs[:-1]
            if run not in client_runs:
                client_runs.append(run)


def client(options, questions, seen, until, seed):
    place = urllib.parse.urlsplit(options.url)
    draw, connection, runs = random.Random(seed), None, []
    while time.monotonic() < until:
        method, path, body = draw.choice(questions)
        started = time.perf_counter()
        try:
            connection = connection or http.client.HTTPConnection(place.netloc, timeout=60)
            headers = {"Authorization": f"Bearer {options.key}", "Content-Type": "application/json"}
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            status, text = answer.status, answer.read()
        except OSError as error:
            # A server closes connections that were kept for long; a browser asks again on a new one, and so does this, once.
            status, text, connection = type(error).__name__, b"", None
        seen.note((path, body), status, text, time.perf_counter() - started, runs)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ["--url", "--key", "--lake", "--nayose"]:
        parser.add_argument(name, required=True)
    parser.add_argument("--publish", default="")
    for name, default in [("--clients", 64), ("--minutes", 5), ("--asked", 500), ("--pid", 0)]:
        parser.add_argument(name, type=int, default=default)
    options = parser.parse_args()
    ids = [row["customer_id"] for row in rows(options, CUSTOMERS)]
    records = [{name: value for name, value in row.items() if value} for row in rows(options, RECORDS)]
    questions = [("GET", f"/v1/customers/{one}", None) for one in ids] + [("GET", f"/v1/resolve/{one}", None) for one in ids]
    questions += [("POST", "/v1/match", json.dumps(record).encode()) for record in records]
    seen, until = Seen(), time.monotonic() + 60 * options.minutes
    clients = [threading.Thread(target=client, args=(options, questions, seen, until, seed)) for seed in range(options.clients)]
    for one in clients:
        one.start()
    code = 0
    if options.publish:
        time.sleep(12 * options.minutes)
        code = subprocess.run(shlex.split(options.publish), check=False, capture_output=True).returncode
        print(f"published with exit code {code}, {(until - time.monotonic()) / 60:.1f} minutes before the end")
    for one in clients:
        one.join()
    times = sorted(seen.times)
    half, most = (1000 * times[int(share * (len(times) - 1))] for share in (0.5, 0.95))
    print(f"{len(times)} answers to {options.clients} clients, {len(times) / (60 * options.minutes):.0f} /s; half {half:.1f} ms, 95 % {most:.1f} ms")
    print(f"other than 200: {seen.wrong or 'none'}; by run: {seen.runs}; two answers of one run: {seen.two_answers}; led back: {seen.led_back}")
    if options.pid:
        with open(f"/proc/{options.pid}/status", encoding="utf-8") as file:
            memory = {line.split(":")[0]: line.split()[1] for line in file if line.startswith(("VmRSS", "VmHWM"))}
        print(f"memory {int(memory['VmRSS']) >> 10} MiB, at most {int(memory['VmHWM']) >> 10} MiB")
    raise SystemExit(bool(seen.wrong or seen.two_answers or seen.led_back or code or (options.publish and len(seen.runs) < 2)))


if __name__ == "__main__":
    main()
