//! A sheet of media, CSV or workbook, as offices and makers of UKeys send them.

use std::borrow::Cow;
use std::path::Path;

use hufu_sheet::{Field, Layout, Limits, Row, Sheet};

use super::{NewMedium, in_row};
use crate::error::{Error, ErrorKind, Result};

/// The columns: stable name, Chinese and English names.
const COLUMNS: [(&str, &str, &str); 7] = [
    ("id", "介质编号", "medium id"),
    ("kind", "介质类型", "medium kind"),
    ("serial", "序列号", "serial number"),
    ("vendor", "厂商", "maker"),
    ("model", "型号", "model"),
    ("sm2", "支持SM2", "SM2-capable"),
    ("org", "保管机构", "organisation"),
];

pub(super) fn read(path: &Path) -> Result<Vec<Result<NewMedium>>> {
    let mut sheet = Sheet::open(path, Limits::OFFICE)?;
    let field = |(key, zh, en): (&'static str, &str, &str)| Field {
        key,
        names: vec![zh.to_owned(), en.to_owned()],
        required: true,
    };
    let layout = Layout::of(&sheet, &COLUMNS.map(field))?;
    let mut media = Vec::new();
    while let Some(row) = sheet.next_row()? {
        media.push(medium(&layout, &row).map_err(|e| in_row(row.number, e)));
    }
    Ok(media)
}

fn medium(layout: &Layout, row: &Row) -> Result<NewMedium> {
    let text = |key: &'static str| -> Result<Cow<'_, str>> {
        layout.cell(row, key).text().map_err(|fault| bad(format!("{key}: {fault}")))
    };
    let sm2 = match &*text("sm2")? {
        "yes" | "是" => true,
        "no" | "否" => false,
        other => return Err(bad(format!("in the column sm2 stands yes or no, not {}", other.escape_debug()))),
    };
    Ok(NewMedium {
        id: text("id")?.parse()?,
        kind: text("kind")?.parse()?,
        serial: text("serial")?.into_owned(),
        vendor: text("vendor")?.into_owned(),
        model: text("model")?.into_owned(),
        sm2,
        org: text("org")?.parse()?,
    })
}

fn bad(what: String) -> Error {
    ErrorKind::Unreadable { wanted: "a row of media", what }.into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const HEAD: &str = "id,kind,serial,vendor,model,sm2,org\n";

    fn read(text: &str) -> Result<Vec<Result<NewMedium>>> {
        let file = std::env::temp_dir().join(format!("hufu-media-{}-{}.csv", std::process::id(), text.len()));
        std::fs::write(&file, text).unwrap();
        let read = super::read(&file);
        std::fs::remove_file(&file).unwrap();
        read
    }

    #[test]
    fn quotation_marks_line_ends_and_chinese_headings_are_read() {
        let sheet = "\u{feff}介质编号,介质类型,序列号,厂商,型号,支持SM2,保管机构\r\n\r\n\
                     u-1,ukey,\"A\"\"1\",\"海泰, 北京\",K9,是,lra-chengdu\r\n";
        let media: Vec<NewMedium> = read(sheet).unwrap().into_iter().map(Result::unwrap).collect();
        assert_eq!((media[0].serial.as_str(), media[0].vendor.as_str(), media[0].sm2), ("A\"1", "海泰, 北京", true));
        assert_eq!(media.len(), 1);
    }

    #[test]
    fn faults_name_their_row() {
        for (row, what) in [
            ("u-1,ukey,1,v,m,maybe,ra", "yes or no"),
            ("U 1,ukey,1,v,m,yes,ra", "medium id"),
            ("u-1,disk,1,v,m,yes,ra", "medium"),
            ("u-1,ukey,5.10105E+17,v,m,yes,ra", "serial"),
            ("u-1,ukey", "yes or no"),
        ] {
            let e = read(&format!("{HEAD}{row}\n")).unwrap().remove(0).unwrap_err().to_string();
            assert!(e.starts_with("row 2: ") && e.contains(what), "{e}");
        }
        let third = read(&format!("{HEAD}u-1,ukey,1,v,m,yes,ra\nu-2\n")).unwrap();
        assert!(third[0].is_ok());
        assert!(third[1].as_ref().unwrap_err().to_string().starts_with("row 3: "));
        assert!(read("id,kind\n").is_err() && read("id,kind,serial,vendor,model,sm2,org,colour\n").is_err());
    }
}
