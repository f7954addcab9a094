"""How quickly a running `nayose serve` answers: pages of customers, of pairs, of runs and of searches with a session, records to match with a key.

Customers, pairs and names are drawn from the lake by `nayose sql`; records to match are standardized ones of the lake, sent without their
ids. Prints half, 95 and 99 of a hundred in milliseconds, answers a second, and the memory of the process where --pid names it.

Usage: serve.py --url URL --lake LAKE --nayose NAYOSE [--cookie NAME=VALUE] [--link URL] [--key KEY] [--pid PID] [--clients 2] [--asked 1000]

The cookie is that of a signed-in browser; --link is the one-time link that the first start prints, with which the script signs in."""

import argparse
import csv
import http.client
import http.cookiejar
import io
import json
import re
import subprocess
import threading
import time
import urllib.parse
import urllib.request

CUSTOMERS = "select customer_id from golden_customer where records > 1 order by md5(customer_id) limit {n}"
PAIRS = """select channel_l || ':' || record_id_l as l, channel_r || ':' || record_id_r as r from ledger
           where decision = 'matched' order by md5(record_id_l || record_id_r) limit {n}"""
RECORDS = """select channel, concat_ws(' ', family_name, given_name) as name, concat_ws(' ', family_kana, given_kana) as kana,
             cast(birth_date as varchar) as birth_date, phones[1] as phone, emails[1] as email, postal_code, address
             from source_record order by md5(channel || record_id) limit {n}"""


def rows(options, query):
    """The rows of a query, by their columns."""
    asked = [options.nayose, "sql", "--lake", options.lake, "--format", "csv", query.format(n=options.asked)]
    return list(csv.DictReader(io.StringIO(subprocess.run(asked, check=True, capture_output=True, text=True).stdout)))


def signed_in(options):
    """The header of the session."""
    if not options.link:
        return options.cookie
    jar = http.cookiejar.CookieJar()
    urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar)).open(options.link).read()
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


def asked(options, what, requests):
    """Sends all of them, by so many clients at once."""
    place = urllib.parse.urlsplit(options.url)
    kind = http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection
    left, lock, times, wrong = list(enumerate(requests)), threading.Lock(), [], {}

    def client():
        connection = kind(place.netloc, timeout=60)
        while True:
            with lock:
                if not left:
                    return
                _, (method, path, body, headers) = left.pop()
            started = time.perf_counter()
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            answer.read()
            with lock:
                times.append(time.perf_counter() - started)
                if answer.status != 200:
                    wrong[answer.status] = wrong.get(answer.status, 0) + 1

    started = time.perf_counter()
    clients = [threading.Thread(target=client) for _ in range(options.clients)]
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    seconds = time.perf_counter() - started
    times.sort()
    at = lambda share: 1000 * times[min(len(times) - 1, int(share * len(times)))]  # noqa: E731
    print(
        f"{what:<14} {at(0.5):>9.2f} ms half {at(0.95):>9.2f} ms 95 % {at(0.99):>9.2f} ms 99 % {len(times) / seconds:>8.0f} /s"
        f"  {len(times)} asked by {options.clients}" + (f", other than 200: {wrong}" if wrong else "")
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ["--url", "--lake", "--nayose"]:
        parser.add_argument(name, required=True)
    for name in ["--cookie", "--link", "--key"]:
        parser.add_argument(name, default="")
    for name, default in [("--pid", 0), ("--clients", 2), ("--asked", 1000)]:
        parser.add_argument(name, type=int, default=default)
    options = parser.parse_args()
    session = {"Cookie": signed_in(options)}
    page = lambda path: ("GET", path, None, session)  # noqa: E731
    quoted = lambda text: urllib.parse.quote(text, safe="")  # noqa: E731
    customers = rows(options, CUSTOMERS)
    asked(options, "customer", [page(f"/customers/{row['customer_id']}") for row in customers])
    for part in ["graph", "growth", "history"]:
        asked(options, part, [page(f"/customers/{row['customer_id']}/{part}") for row in customers])
    pairs = rows(options, PAIRS)
    asked(options, "pair", [page(f"/pair?left={quoted(row['l'])}&right={quoted(row['r'])}") for row in pairs])
    asked(options, "why not", [page(f"/why-not?left={quoted(one['l'])}&right={quoted(two['r'])}") for one, two in zip(pairs, pairs[1:])])
    for path in ["/review", "/values", "/diff", "/restatements", "/runs", "/charts", "/tables"]:
        asked(options, path, [page(path)] * 20)
    records = rows(options, RECORDS)
    texts = [row[["name", "phone", "email", "kana"][n % 4]] or row["name"] for n, row in enumerate(records)]
    # What is typed goes in the body of a form, with the token of the session.
    form = urllib.request.urlopen(urllib.request.Request(options.url + "/search", headers=session)).read().decode()
    token = re.search(r'name="csrf" value="([^"]+)"', form)[1]
    typed = {**session, "Content-Type": "application/x-www-form-urlencoded"}
    search = lambda text: ("POST", "/search", urllib.parse.urlencode({"csrf": token, "q": text}), typed)  # noqa: E731
    asked(options, "search", [search(text) for text in texts if text])
    if options.key:
        headers = {"Authorization": f"Bearer {options.key}", "Content-Type": "application/json"}
        bodies = [json.dumps({name: value for name, value in row.items() if value}) for row in records]
        asked(options, "match", [("POST", "/v1/match", body.encode(), headers) for body in bodies])
    if options.pid:
        with open(f"/proc/{options.pid}/status", encoding="utf-8") as file:
            memory = {line.split(":")[0]: line.split()[1] for line in file if line.startswith(("VmRSS", "VmHWM"))}
        print(f"memory {int(memory['VmRSS']) >> 10} MiB, at most {int(memory['VmHWM']) >> 10} MiB")


if __name__ == "__main__":
    main()
