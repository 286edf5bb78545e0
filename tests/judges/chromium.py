"""A browser reads the pages: Chromium without a window, without a network.

    chromium page [--pictures DIR] FILE...

A page is accepted when it is rendered, when nothing was said on its console, when nothing but the page itself and what
stands in it (data:) was asked for, and when it has something to look at. With --pictures a PNG of each page is left there.
"""

import json
import pathlib
import re
import shutil
import struct
import subprocess
import tempfile
import zlib

import verdicts

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")
# Every name leads nowhere: what a page asked for would fail, and be said.
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
         "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr", "--window-size=1280,2400"]
CONSOLE = re.compile(r"CONSOLE[:(].*")


def run(arguments, timeout=120):
    done = subprocess.run([PROGRAM, *FLAGS, *arguments], capture_output=True, timeout=timeout)
    return done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


def asked_for(log, page):
    """The addresses that were asked for on behalf of the page, from Chromium's network log."""
    text = pathlib.Path(log).read_text(encoding="utf-8", errors="replace").rstrip().rstrip(",")
    if not text.endswith("]}"):
        text += "]}"
    found = set()
    for event in json.loads(text)["events"]:
        parameters = event.get("params") or {}
        url = parameters.get("url", "")
        initiator = str(parameters.get("initiator", ""))
        # What the browser wants for itself has no initiator; what a page wants names the page's origin.
        if url and not url.startswith(("file:", "data:", "chrome:", "devtools:")) and initiator not in ("", "not an origin"):
            found.add(url)
    return found


def colours(png):
    """How many different octets the picture has: an empty page has one colour."""
    data, place = b"", 8
    while place < len(png):
        (size,) = struct.unpack(">I", png[place:place + 4])
        if png[place + 4:place + 8] == b"IDAT":
            data += png[place + 8:place + 8 + size]
        place += 12 + size
    return len(set(zlib.decompress(data)))


def verdict_of(page, pictures):
    page = pathlib.Path(page).resolve()
    with tempfile.TemporaryDirectory() as folder:
        picture, log = pathlib.Path(folder) / "page.png", pathlib.Path(folder) / "net.json"
        _, said = run([f"--user-data-dir={folder}/profile", f"--screenshot={picture}", f"--log-net-log={log}",
                       "--virtual-time-budget=2000", page.as_uri()])
        console = CONSOLE.findall(said)
        if console:
            raise ValueError(f"said on the console: {console[0][:200]}")
        if not picture.exists():
            raise ValueError(f"not rendered: {said[-300:]}")
        wanted = asked_for(log, page)
        if wanted:
            raise ValueError(f"asked for {sorted(wanted)[:3]}")
        png = picture.read_bytes()
        if colours(png) < 16:
            raise ValueError("the page is empty")
        if pictures:
            shutil.copy(picture, pathlib.Path(pictures) / f"{page.stem}.png")
    return "rendered, silent, alone"


def main():
    made, verbs = verdicts.parser(__doc__)
    verb = verbs.add_parser("page", help="render pages of HTML")
    verb.add_argument("--pictures", help="leave a PNG of each page in this folder")
    verb.add_argument("files", nargs="+")
    args = made.parse_args()
    if not PROGRAM:
        verdicts.absent("chromium", "no chromium on the path")
    verdicts.judge_files(args.files, args.expect, lambda page: verdict_of(page, args.pictures))


main()
