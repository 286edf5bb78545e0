//! A sheet of media: CSV as RFC 4180 has it, with or without a byte order mark.

use super::{NewMedium, in_row};
use crate::error::{Error, ErrorKind, Result};

const COLUMNS: [&str; 7] = ["id", "kind", "serial", "vendor", "model", "sm2", "org"];

/// A row and its number in the sheet.
type Row = (usize, Vec<String>);

pub(super) fn read(text: &str) -> Result<Vec<Result<NewMedium>>> {
    let mut rows = rows(text.strip_prefix('\u{feff}').unwrap_or(text))?.into_iter();
    let head = rows.next().map(|(_, cells)| cells).unwrap_or_default();
    if head != COLUMNS {
        return Err(bad(1, format!("its first row must be {}", COLUMNS.join(","))));
    }
    Ok(rows.map(|(row, cells)| medium(row, &cells)).collect())
}

fn medium(row: usize, cells: &[String]) -> Result<NewMedium> {
    let [id, kind, serial, vendor, model, sm2, org] = cells else {
        return Err(bad(row, format!("it has {} columns instead of {}", cells.len(), COLUMNS.len())));
    };
    let sm2 = match sm2.as_str() {
        "yes" | "是" => true,
        "no" | "否" => false,
        other => return Err(bad(row, format!("in the column sm2 stands yes or no, not {}", other.escape_debug()))),
    };
    Ok(NewMedium {
        id: id.parse().map_err(|e| in_row(row, ErrorKind::Id(e)))?,
        kind: kind.parse().map_err(|e| in_row(row, ErrorKind::Id(e)))?,
        serial: serial.clone(),
        vendor: vendor.clone(),
        model: model.clone(),
        sm2,
        org: org.parse().map_err(|e| in_row(row, ErrorKind::Id(e)))?,
    })
}

/// The rows that are not empty. A cell in quotation marks may hold commas, line ends and doubled quotation marks.
fn rows(text: &str) -> Result<Vec<Row>> {
    let mut rows: Vec<Row> = Vec::new();
    let (mut cells, mut cell, mut quoted, mut number) = (Vec::new(), String::new(), false, 1);
    let mut rest = text.chars().peekable();
    let mut push = |number: usize, cells: &mut Vec<String>, cell: &mut String| {
        cells.push(std::mem::take(cell).trim().to_owned());
        let row = std::mem::take(cells);
        if row.iter().any(|c| !c.is_empty()) {
            rows.push((number, row));
        }
    };
    while let Some(ch) = rest.next() {
        match ch {
            '"' if quoted && rest.peek() == Some(&'"') => {
                rest.next();
                cell.push('"');
            }
            '"' if quoted || cell.is_empty() => quoted = !quoted,
            ',' if !quoted => cells.push(std::mem::take(&mut cell).trim().to_owned()),
            '\r' if !quoted && rest.peek() == Some(&'\n') => {}
            '\n' if !quoted => {
                push(number, &mut cells, &mut cell);
                number += 1;
            }
            ch => cell.push(ch),
        }
    }
    if quoted {
        return Err(bad(number, "its quotation marks do not close".to_owned()));
    }
    push(number, &mut cells, &mut cell);
    Ok(rows)
}

fn bad(row: usize, what: String) -> Error {
    in_row(row, ErrorKind::Unreadable { wanted: "a sheet of media", what })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const HEAD: &str = "id,kind,serial,vendor,model,sm2,org\n";

    fn one(row: &str) -> Result<NewMedium> {
        read(&format!("{HEAD}{row}")).unwrap().remove(0)
    }

    #[test]
    fn quotation_marks_and_line_ends_are_read() {
        let sheet = "\u{feff}id,kind,serial,vendor,model,sm2,org\r\n\r\nu-1,ukey,\"A\"\"1\",\"海泰, 北京\",K9,是,lra-chengdu\r\n";
        let media: Vec<NewMedium> = read(sheet).unwrap().into_iter().map(Result::unwrap).collect();
        assert_eq!((media[0].serial.as_str(), media[0].vendor.as_str(), media[0].sm2), ("A\"1", "海泰, 北京", true));
        assert_eq!(media.len(), 1);
    }

    #[test]
    fn faults_name_their_row() {
        for (row, what) in [
            ("u-1,ukey,1,v,m,yes", "6 columns"),
            ("u-1,ukey,1,v,m,maybe,ra", "yes or no"),
            ("U 1,ukey,1,v,m,yes,ra", "medium id"),
            ("u-1,disk,1,v,m,yes,ra", "medium"),
        ] {
            let e = one(row).unwrap_err().to_string();
            assert!(e.starts_with("row 2: ") && e.contains(what), "{e}");
        }
        let third = read(&format!("{HEAD}u-1,ukey,1,v,m,yes,ra\nu-2\n")).unwrap();
        assert!(third[0].is_ok());
        assert!(third[1].as_ref().unwrap_err().to_string().starts_with("row 3: "));
        assert!(read("id,kind\n").is_err() && read("").is_err() && read(&format!("{HEAD}\"u")).is_err());
    }
}
