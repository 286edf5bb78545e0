"""The browser as a judge: opens pages in headless Chromium and says what it found.

A page is accepted when nothing was said on the console, nothing but the page itself was asked for, every character has a
glyph of a real font, no label of a picture stands upon another or leaves its picture, and every table stands in a section
with a heading. The browser is spoken to through pipes (Chrome DevTools Protocol), without a port.
"""

import base64
import fcntl
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import verdicts

LABELS = """(() => {
  const wrong = [];
  for (const svg of document.querySelectorAll('svg')) {
    const whole = svg.getBoundingClientRect();
    const all = [...svg.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]);
    all.forEach(([text, box], n) => {
      if (box.left < whole.left - 1 || box.right > whole.right + 1 || box.bottom > whole.bottom + 2)
        wrong.push('outside: ' + text);
      for (const [other, its] of all.slice(n + 1)) {
        const wide = Math.min(box.right, its.right) - Math.max(box.left, its.left);
        const tall = Math.min(box.bottom, its.bottom) - Math.max(box.top, its.top);
        if (wide > 1 && tall > 0.45 * Math.min(box.height, its.height)) wrong.push(text + ' upon ' + other);
      }
    });
    if (!svg.querySelector('title') || !svg.querySelector('desc')) wrong.push('a picture without a description');
  }
  if (!document.documentElement.lang) wrong.push('no language');
  for (const table of document.querySelectorAll('table')) {
    if (!table.querySelector('th[scope=col]')) wrong.push('a table without headings');
  }
  return wrong.slice(0, 9);
})()"""


class Browser:
    """A browser that runs while the judge does."""

    def __init__(self, program, profile):
        (to_read, self.to), (self.back, to_write) = os.pipe(), os.pipe()
        # The browser reads its orders from 3 and answers on 4; high numbers first, so that neither covers the other.
        reading, writing = fcntl.fcntl(to_read, fcntl.F_DUPFD, 20), fcntl.fcntl(to_write, fcntl.F_DUPFD, 20)

        def place():
            os.dup2(reading, 3)
            os.dup2(writing, 4)

        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update", "--disable-sync",
                 "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={profile}"]
        self.process = subprocess.Popen([program, *flags], preexec_fn=place, pass_fds=(3, 4), stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        for end in (to_read, to_write, reading, writing):
            os.close(end)
        self.number, self.rest, self.events = 0, b"", []

    def message(self):
        while b"\0" not in self.rest:
            more = os.read(self.back, 1 << 16)
            if not more:
                raise RuntimeError("the browser has ended")
            self.rest += more
        one, self.rest = self.rest.split(b"\0", 1)
        return json.loads(one)

    def ask(self, method, session=None, **params):
        self.number += 1
        order = {"id": self.number, "method": method, "params": params}
        if session:
            order["sessionId"] = session
        os.write(self.to, json.dumps(order).encode() + b"\0")
        while True:
            got = self.message()
            if got.get("id") == self.number:
                if "error" in got:
                    raise RuntimeError(f"{method}: {got['error']['message']}")
                return got["result"]
            self.events.append(got)

    def wait_for(self, method):
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self.message())

    def end(self):
        self.process.kill()
        self.process.wait()


def judge(browser, path, pictures):
    """Raises with what is wrong with a page."""
    browser.events.clear()
    target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
    session = browser.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in ("Page", "Log", "Runtime", "Network", "DOM", "CSS"):
        browser.ask(f"{domain}.enable", session)
    browser.events.clear()
    url = pathlib.Path(path).resolve().as_uri()
    browser.ask("Page.navigate", session, url=url)
    browser.wait_for("Page.loadEventFired")
    wrong = browser.ask("Runtime.evaluate", session, expression=LABELS, returnByValue=True)["result"]["value"]
    root = browser.ask("DOM.getDocument", session, depth=0)["root"]["nodeId"]
    body = browser.ask("DOM.querySelector", session, nodeId=root, selector="body")["nodeId"]
    nodes = browser.ask("DOM.querySelectorAll", session, nodeId=body, selector="h1, h2, th, td, text")["nodeIds"]
    fonts = set()
    for node in nodes[:400]:
        for font in browser.ask("CSS.getPlatformFontsForNode", session, nodeId=node)["fonts"]:
            fonts.add(font["familyName"])
    text = browser.ask("Runtime.evaluate", session, expression="document.body.innerText", returnByValue=True)
    chinese = any("\u4e00" <= c <= "\u9fff" for c in text["result"]["value"])
    if chinese and not any(name in font for font in fonts for name in ("CJK", "Han", "Hei", "Song", "Ming")):
        wrong.append(f"no font for Chinese among {sorted(fonts)}")
    if any("LastResort" in font or not font for font in fonts):
        wrong.append("characters without a glyph")
    for event in browser.events:
        params = event.get("params", {})
        if event.get("method") in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
            wrong.append(f"console: {json.dumps(params)[:200]}")
        elif event.get("method") == "Log.entryAdded":
            wrong.append(f"log: {params['entry']['text'][:200]}")
        elif event.get("method") == "Network.requestWillBeSent" and params["request"]["url"] != url:
            wrong.append(f"asked for {params['request']['url'][:200]}")
    if pictures:
        shown = browser.ask("Page.captureScreenshot", session, captureBeyondViewport=True)["data"]
        pathlib.Path(pictures, pathlib.Path(path).stem + ".png").write_bytes(base64.b64decode(shown))
    browser.ask("Target.closeTarget", targetId=target)
    if wrong:
        raise ValueError("; ".join(wrong))
    return "rendered, silent, alone"


def main():
    parser, verbs = verdicts.parser(__doc__)
    verb = verbs.add_parser("page", help="open pages of HTML")
    verb.add_argument("--pictures", help="leave a PNG of each page in this folder")
    verb.add_argument("files", nargs="+")
    args = parser.parse_args()
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not program:
        verdicts.absent("chromium", "not installed")
    with tempfile.TemporaryDirectory(prefix="hufu-chromium-", ignore_cleanup_errors=True) as profile:
        browser = Browser(program, profile)
        try:
            verdicts.judge_files(args.files, args.expect, lambda path: judge(browser, path, args.pictures))
        finally:
            browser.end()


main()
