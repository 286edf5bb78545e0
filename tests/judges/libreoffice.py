"""LibreOffice as a judge: opens workbooks of reports and finds the numbers of the same reports in JSON again.

Beside each workbook NAME.xlsx lies NAME.json. A workbook is accepted when every sheet of a table, as LibreOffice saves it
as CSV, has a row for each row of the table, and in it every count, as a number, and every identifier, digit by digit.
"""

import csv
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import verdicts

# Field by comma, text in quotation marks, UTF-8, values as they are and not as they are shown, every sheet.
FILTER = 'csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1'


def sheets(program, path, folder):
    """The sheets of a workbook as LibreOffice reads them, in the order of their names in the file."""
    profile = pathlib.Path(folder, "profile").as_uri()
    command = [program, f"-env:UserInstallation={profile}", "--headless", "--convert-to", FILTER, "--outdir", folder, path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180)
    found = sorted(pathlib.Path(folder).glob("*.csv"), key=lambda p: p.stat().st_mtime_ns)
    if not found:
        raise ValueError(f"nothing was converted: {done.stdout}{done.stderr}")
    return [list(csv.reader(file.open(encoding="utf-8", newline=""))) for file in found]


def number(cell):
    """A cell as a number; none when it is not one."""
    try:
        return float(cell)
    except ValueError:
        return None


def holds(rows, table):
    """What a table says that none of a sheet's rows do."""
    wrong = []
    for place, row in enumerate(table["rows"], 1):
        cells = rows[place] if place < len(rows) else []
        for column, kind in enumerate(c["kind"] for c in table["columns"]):
            value = list(row["values"].values())[column]
            cell = cells[column] if column < len(cells) else ""
            if kind == "count" and value is not None and number(cell) != value:
                wrong.append(f"row {place}: {cell!r} is not {value}")
            if kind == "share" and value is not None and abs((number(cell) or 0) - value) > 1e-9:
                wrong.append(f"row {place}: {cell!r} is not {value}")
            if kind == "identifier" and value and cell != value:
                wrong.append(f"row {place}: {cell!r} is not {value!r}")
    return wrong


def verdict(program, path):
    """Nothing, or raises with what differs."""
    report = json.loads(pathlib.Path(path).with_suffix(".json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="hufu-libreoffice-") as folder:
        found = sheets(program, path, folder)
    for table in report["tables"]:
        best = min((holds(rows, table) for rows in found if len(rows) > len(table["rows"])), key=len,
                   default=[f"no sheet for {table['name']}"])
        if best:
            raise ValueError(f"{table['name']}: {'; '.join(best[:5])}")


def main():
    parser, verbs = verdicts.parser(__doc__)
    verb = verbs.add_parser("workbook", help="find the numbers of reports in their workbooks")
    verb.add_argument("files", nargs="+")
    args = parser.parse_args()
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if not program:
        verdicts.absent("libreoffice", "not installed")
    surprises = 0
    for path in args.files:
        try:
            verdict(program, path)
            ok, reason = True, "accepted"
        except Exception as error:  # A judge that chokes on a file has not accepted it.
            ok, reason = False, f"{type(error).__name__}: {error}"
        surprises += ok != (args.expect == "accept")
        print(json.dumps({"file": path, "ok": ok, "reason": reason}, ensure_ascii=False))
    sys.exit(1 if surprises else 0)


main()
