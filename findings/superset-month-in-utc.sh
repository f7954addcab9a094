#!/bin/sh
# Question: does a table by month in Apache Superset show the months of the database's own time zone?
# Guess:    yes: DATE_TRUNC('month', …) runs in PostgreSQL, whose zone is Asia/Tokyo, so that March is 2026-03-01; or else the CSV of the
#           chart is as wrong as the screen, and the dataset's "Hours offset" 9 mends both.
# Seen:     apache-superset 6.1.0 (PyPI, with psycopg2-binary 2.9.13), PostgreSQL of Debian 12 in the zone Asia/Tokyo, a column of type
#           timestamptz, a browser in Asia/Tokyo. The sums are those of the months in Japan. The screen shows UTC, whatever zone database and
#           browser are in: March is 2026-02-28. The CSV of the same chart says 2026-03-01 00:00:00+09:00. With "Hours offset" 9 the screen says
#           2026-03-01, and the CSV 2026-03-01 09:00:00+09:00.
# Matters:  in Japan a table by month shows March's sales under February, in London in winter nothing is wrong. What is downloaded disagrees with
#           what is seen, and the setting that mends one breaks the other by nine hours.
# Needs:    0.8 GB of packages, chromium, and PostgreSQL's server (apt-get install chromium postgresql).
set -eu
t=$(mktemp -d)
bin=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
# PostgreSQL does not run as root.
as=""
if [ "$(id -u)" = 0 ]; then as="setpriv --reuid=nobody --regid=nogroup --clear-groups"; chmod 755 "$t"; fi
mkdir "$t/pg" && chmod 700 "$t/pg"
if [ -n "$as" ]; then chown nobody:nogroup "$t/pg"; fi
trap '$as "$bin/pg_ctl" -D "$t/pg/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$t"' EXIT
cd "$t"
$as "$bin/initdb" -D "$t/pg/data" -U shop --auth=trust --encoding=UTF8 --locale=C >/dev/null
$as "$bin/pg_ctl" -D "$t/pg/data" -w -l "$t/pg/log" \
    -o "-c listen_addresses='' -c unix_socket_directories=$t/pg -c timezone=Asia/Tokyo" start >/dev/null
"$bin/psql" -q -h "$t/pg" -U shop -d postgres <<'SQL'
create table sale (sold_at timestamptz, amount int);
insert into sale values ('2026-02-28 23:30+09', 1), ('2026-03-01 00:30+09', 20), ('2026-03-31 23:30+09', 300), ('2026-04-01 00:30+09', 4000);
SQL
if [ -n "${SUPERSET_VENV:-}" ]; then python=$SUPERSET_VENV/bin/python; else
    python3 -m venv "$t/venv"
    # Superset imports cachetools and rich without naming them; with newer ones of Flask-Caching and cachelib it does not start.
    "$t/venv/bin/pip" install -q --disable-pip-version-check --no-compile apache-superset==6.1.0 psycopg2-binary==2.9.13 \
        playwright==1.65.2 Flask-Caching==2.3.1 cachelib==0.13.0 cachetools==8.0.2 rich==15.0.0 >&2
    python=$t/venv/bin/python
fi
cat >superset_config.py <<EOF2
SECRET_KEY = "0123456789abcdef0123456789abcdef"
SQLALCHEMY_DATABASE_URI = "sqlite:///$t/superset.db?check_same_thread=false"
WTF_CSRF_ENABLED = False
TALISMAN_ENABLED = False
RATELIMIT_ENABLED = False
EOF2
cat >run.py <<'PY'
import json, logging, os, shutil, sys, threading
os.environ["SUPERSET_CONFIG_PATH"] = os.path.abspath("superset_config.py")
from playwright.sync_api import sync_playwright
from superset.app import create_app
from werkzeug.serving import make_server

app = create_app()
logging.disable(logging.CRITICAL)
with app.app_context():
    from flask_appbuilder import Model
    from superset import db, security_manager

    Model.metadata.create_all(db.engine)
    app.appbuilder.add_permissions(update_perms=True)
    security_manager.sync_role_definitions()
    security_manager.add_user("admin", "A", "Admin", "a@example.com", security_manager.find_role("Admin"), password="admin")
client, token = app.test_client(), None


def ask(method, path, said):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = client.open(f"/api/v1/{path}", method=method, json=said, headers=headers)
    assert answer.status_code < 300, answer.text[:2000]
    return answer


token = ask("POST", "security/login", {"username": "admin", "password": "admin", "provider": "db", "refresh": True}).json["access_token"]
uri = f"postgresql+psycopg2://shop@/postgres?host={sys.argv[1]}"
database = ask("POST", "database/", {"database_name": "shop", "sqlalchemy_uri": uri}).json["id"]
dataset = ask("POST", "dataset/", {"database": database, "schema": "public", "table_name": "sale"}).json["id"]
month = {"timeGrain": "P1M", "columnType": "BASE_AXIS", "sqlExpression": "sold_at", "label": "sold_at", "expressionType": "SQL"}
sales = {"expressionType": "SQL", "sqlExpression": "sum(amount)", "label": "sales"}


def chart(what):
    """The months that the chart's CSV says."""
    filters = [{"col": "sold_at", "op": "TEMPORAL_RANGE", "val": "2026-03-01 : 2026-05-01"}]
    query = {"columns": [month], "metrics": [sales], "filters": filters, "orderby": [["sales", True]]}
    said = {"datasource": {"id": dataset, "type": "table"}, "queries": [query], "result_format": "csv", "result_type": "full", "force": True}
    print(what, ask("POST", "chart/data", said).get_data(as_text=True).lstrip("\ufeff").split())


def screen(what, slice_id):
    """The months that the table on the screen says, in a browser in Japan."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_context(timezone_id="Asia/Tokyo", locale="en-US").new_page()
        page.set_default_timeout(400_000)
        page.goto(f"http://127.0.0.1:{web.port}/login/")
        page.fill("#username", "admin")
        page.fill("#password", "admin")
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "login" not in url)
        page.goto(f"http://127.0.0.1:{web.port}/explore/?slice_id={slice_id}&force=true")
        page.wait_for_selector(".slice_container td")
        print(what, sorted(row.split() for row in page.locator(".slice_container tbody tr").all_inner_texts()))
        browser.close()


form = {
    "viz_type": "table", "datasource": f"{dataset}__table", "query_mode": "aggregate", "groupby": ["sold_at"], "time_grain_sqla": "P1M",
    "temporal_columns_lookup": {"sold_at": True}, "metrics": [{**sales, "optionName": "metric_sales"}], "row_limit": 1000,
    "adhoc_filters": [{"clause": "WHERE", "expressionType": "SIMPLE", "subject": "sold_at", "operator": "TEMPORAL_RANGE",
                       "comparator": "2026-03-01 : 2026-05-01"}],
    "table_timestamp_format": "%Y-%m-%d", "server_pagination": False, "order_desc": False,
}
said = {"slice_name": "sales by month", "viz_type": "table", "params": json.dumps(form), "datasource_id": dataset, "datasource_type": "table"}
slice_id = ask("POST", "chart/", said).json["id"]
web = make_server("127.0.0.1", 0, app, threaded=True)
threading.Thread(target=web.serve_forever, daemon=True).start()
for what, offset in [("", 0), (" with hours offset 9", 9)]:
    ask("PUT", f"dataset/{dataset}", {"offset": offset})
    chart(f"CSV{what}:")
    screen(f"screen{what}:", slice_id)
PY
{
    "$bin/psql" -At -h "$t/pg" -U shop -d postgres -c "select 'PostgreSQL:', date_trunc('month', sold_at), sum(amount) from sale
        where sold_at >= '2026-03-01' group by 2 order by 3"
    "$python" run.py "$t/pg" 2>err | grep -v "^Loaded your"
} >seen
cat >stated <<'EOF2'
PostgreSQL:|2026-03-01 00:00:00+09|320
PostgreSQL:|2026-04-01 00:00:00+09|4000
CSV: ['sold_at,sales', '2026-03-01', '00:00:00+09:00,320', '2026-04-01', '00:00:00+09:00,4000']
screen: [['2026-02-28', '320'], ['2026-03-31', '4k']]
CSV with hours offset 9: ['sold_at,sales', '2026-03-01', '09:00:00+09:00,320', '2026-04-01', '09:00:00+09:00,4000']
screen with hours offset 9: [['2026-03-01', '320'], ['2026-04-01', '4k']]
EOF2
echo "stated:"; cat stated; echo "seen:"; cat seen
cmp -s stated seen || { tail -3 err; echo "changed"; exit 1; }
echo "as stated"
