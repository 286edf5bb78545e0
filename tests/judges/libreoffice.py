"""A spreadsheet reads the workbooks: LibreOffice without a window.

    libreoffice sheets --out DIR FILE...

A workbook is accepted when LibreOffice opens it and writes every sheet of it as CSV into DIR, as FILE-SHEET.csv, with the
values and not as they are shown.
"""

import pathlib
import shutil
import subprocess
import tempfile

import verdicts

PROGRAM = shutil.which("soffice") or shutil.which("libreoffice")
# Comma, quotation marks, UTF-8, from the first line, values as they are, every sheet.
FILTER = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1"


def verdict_of(workbook, out):
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [PROGRAM, f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to", FILTER,
             "--outdir", folder, str(pathlib.Path(workbook).resolve())], capture_output=True, timeout=180)
        sheets = sorted(pathlib.Path(folder).glob("*.csv"))
        if not sheets:
            raise ValueError(f"not opened: {done.stderr.decode('utf-8', 'replace')[-300:]}")
        for sheet in sheets:
            shutil.copy(sheet, pathlib.Path(out) / sheet.name)
    return f"{len(sheets)} sheets"


def main():
    made, verbs = verdicts.parser(__doc__)
    verb = verbs.add_parser("sheets", help="open workbooks and write their sheets as CSV")
    verb.add_argument("--out", required=True, help="the folder for the CSV files")
    verb.add_argument("files", nargs="+")
    args = made.parse_args()
    if not PROGRAM:
        verdicts.absent("libreoffice", "no soffice on the path")
    verdicts.judge_files(args.files, args.expect, lambda workbook: verdict_of(workbook, args.out))


main()
