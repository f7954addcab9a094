"""Sign-in by OpenID Connect against a real provider: npm's `oidc-provider` on loopback.

In: the path of nayose in NAYOSE, a folder with `node_modules/oidc-provider` in NAYOSE_OIDC_MODULES. Out: nothing, or what is wrong.
A browser is played by urllib with its cookies, one redirect at a time.
"""

import html
import http.cookiejar
import os
import re
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

SECRET = "a secret of the provider's"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Redirects are looked at, not followed."""

    def redirect_request(self, *_):
        return None


class Browser:
    """A browser with its cookies."""

    def __init__(self):
        self.cookies = http.cookiejar.CookieJar()
        # Cookies of one host are those of all its ports, as in a real browser.
        handlers = [urllib.request.HTTPCookieProcessor(self.cookies), NoRedirect(), urllib.request.ProxyHandler({})]
        self.opener = urllib.request.build_opener(*handlers)

    def ask(self, url: str, form: dict | None = None):
        """Status, where it leads to, text."""
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        try:
            answer = self.opener.open(url, data, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        to = answer.headers.get("location")
        return answer.status, urllib.parse.urljoin(url, to) if to else None, answer.read().decode()

    def follow(self, url: str, until: str):
        """Follows redirects until one leads below a place; answers that one, or the page in between."""
        for _ in range(10):
            status, to, text = self.ask(url)
            if to is None:
                return url, text
            assert status in (302, 303), f"{url}: {status}"
            if to.startswith(until):
                return to, ""
            url = to
        raise AssertionError(f"{url} leads in circles")

    def sign_in(self, nayose: str, account: str) -> str:
        """Goes through the provider's forms; answers where it sends the browser back to."""
        status, url, _ = self.ask(f"{nayose}/sign-in/oidc?next=/access")
        assert status == 303, status
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
        assert asked["code_challenge_method"] == "S256" and asked["response_type"] == "code", asked
        assert len(asked["state"]) > 15 and len(asked["nonce"]) > 15 and "openid" in asked["scope"].split(), asked
        back = f"{nayose}/sign-in/oidc/back"
        for _ in range(4):
            url, text = self.follow(url, back)
            if url.startswith(back):
                return url
            action = html.unescape(re.search(r'<form[^>]* action="([^"]+)"', text)[1])
            hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', text))
            typed = {"login": account, "password": "any"} if 'name="login"' in text else {}
            _, to, _ = self.ask(urllib.parse.urljoin(url, action), {**hidden, **typed})
            url = to
        raise AssertionError("the provider asks for more and more")


def check(nayose: str):
    """Who has a group comes in, who has none does not, and nobody comes in by what another began."""
    browser = Browser()
    _, _, page = browser.ask(f"{nayose}/sign-in?next=/access")
    assert "/sign-in/oidc?next=" in page, page
    back = browser.sign_in(nayose, "k.tanaka")

    other = Browser()
    status, _, _ = other.ask(back)
    assert status == 403, f"another browser comes in with the answer: {status}"

    status, to, text = browser.ask(back)
    assert (status, to) == (303, f"{nayose}/access"), (status, to, text)
    status, _, text = browser.ask(to)
    assert status == 200 and "k.tanaka" in text, (status, text)
    names = {cookie.name: cookie for cookie in browser.cookies}
    assert names["nayose_session"].has_nonstandard_attr("HttpOnly"), names

    status, _, _ = browser.ask(back)
    assert status == 403, f"an answer is good twice: {status}"

    wrong = Browser()
    back = wrong.sign_in(nayose, "k.tanaka")
    status, _, _ = wrong.ask(re.sub(r"state=[^&]+", "state=another", back))
    assert status == 403, f"an answer with another state is good: {status}"

    stranger = Browser()
    status, _, text = stranger.ask(stranger.sign_in(nayose, "m.sato"))
    assert status == 403 and "has no role here" in text, (status, text)


def main():
    """Starts both, and checks."""
    ports = free_port(), free_port()
    provider, nayose = (f"http://127.0.0.1:{port}" for port in ports)
    environment = {**os.environ, "NAYOSE_OIDC_SECRET": SECRET}
    script = Path(__file__).parent / "oidc/provider.mjs"
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "serve.yaml"
        settings.write_text(
            f"""
public_url: {nayose}
oidc:
  issuer: {provider}
  client_id: nayose
  client_secret_env: NAYOSE_OIDC_SECRET
  scopes: [profile, groups]
  roles: {{ nayose-audit: [auditor] }}
""",
            encoding="utf-8",
        )
        # Its first run is still to come; signing in needs none.
        pipeline = str(Path(__file__).resolve().parents[2] / "pipelines/retail/pipeline.yaml")
        command = [os.environ["NAYOSE"], "serve", pipeline, "--lake", f"{folder}/lake", "--listen", f"127.0.0.1:{ports[1]}"]
        processes = [
            subprocess.Popen(
                ["node", str(script), str(ports[0]), f"{nayose}/sign-in/oidc/back"],
                env=environment,
                stdout=subprocess.PIPE,
                text=True,
            ),
            subprocess.Popen(
                [*command, "--settings", str(settings)], env=environment, stdout=subprocess.PIPE, text=True
            ),
        ]
        try:
            for process in processes:
                assert process.stdout.readline(), f"{process.args[0]} did not start"
            check(nayose)
        finally:
            for process in processes:
                process.terminate()
                process.wait(timeout=30)
    print("sign-in by OpenID Connect works as it should")


if __name__ == "__main__":
    sys.exit(main())
