//! What offices send, and what nobody should.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::Write;
use std::path::PathBuf;

use rust_xlsxwriter::{Format, Workbook};
use tempfile::TempDir;
use zip::write::SimpleFileOptions;

use super::*;
use crate::{Field, Layout};

struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn workbook(&self, fill: impl FnOnce(&mut rust_xlsxwriter::Worksheet)) -> PathBuf {
        let mut workbook = Workbook::new();
        fill(workbook.add_worksheet());
        self.file("book.xlsx", &workbook.save_to_buffer().unwrap())
    }
}

fn rows(path: &Path) -> Result<(Vec<String>, Vec<Row>)> {
    let mut sheet = Sheet::open(path, Limits::OFFICE)?;
    let mut rows = Vec::new();
    while let Some(row) = sheet.next_row()? {
        rows.push(row);
    }
    Ok((sheet.heading().to_vec(), rows))
}

fn code(path: &Path) -> &'static str {
    rows(path).unwrap_err().kind().code()
}

fn text(cell: &Cell) -> String {
    cell.text().unwrap().into_owned()
}

#[test]
fn csv_is_read_in_every_encoding_an_office_saves() {
    let desk = Desk::new();
    let sheet = "姓名,证件号码\r\n张三,11010519491231002X\r\n\r\n𠮷野,\"a,\"\"b\"\"\"\r\n";
    let gb18030 = encoding_rs::GB18030.encode(sheet).0;
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(sheet.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let marked = [b"\xef\xbb\xbf".as_slice(), sheet.as_bytes()].concat();
    for (name, bytes) in
        [("utf8", sheet.as_bytes()), ("marked", &marked), ("gb18030", gb18030.as_ref()), ("utf16", &utf16)]
    {
        let (heading, rows) = rows(&desk.file(name, bytes)).unwrap();
        assert_eq!(heading, ["姓名", "证件号码"], "{name}");
        assert_eq!(rows.len(), 2, "{name}");
        assert_eq!(text(rows[0].cell(1)), "11010519491231002X");
        assert_eq!((text(rows[1].cell(0)), text(rows[1].cell(1))), ("𠮷野".to_owned(), "a,\"b\"".to_owned()));
    }
}

/// Rows have the numbers that a spreadsheet shows: empty lines count, line ends inside cells do not.
#[test]
fn rows_of_a_text_are_numbered_as_a_spreadsheet_does() {
    let desk = Desk::new();
    for end in ["\n", "\r\n"] {
        let lines = ["", "a,b", "1,2", "", "", "\"x", "y\",\"z\"", " , ", "3,\"4\"", "", "5,6"];
        for last in ["", end] {
            let sheet = desk.file("sheet", (lines.join(end) + last).as_bytes());
            let (heading, rows) = rows(&sheet).unwrap();
            assert_eq!(heading, ["a", "b"]);
            assert_eq!(rows.iter().map(|r| r.number).collect::<Vec<_>>(), [3, 6, 8, 10], "{end:?} {last:?}");
            let second: Vec<String> = rows.iter().map(|r| text(r.cell(1))).collect();
            assert_eq!(second, ["2", "z", "4", "6"]);
        }
    }
}

#[test]
fn octets_that_are_no_characters_are_named_with_their_place() {
    let desk = Desk::new();
    let (_, rows) = rows(&desk.file("bad", b"a,b\r\n1,\xff\xff\r\n2,3\r\n")).unwrap();
    assert_eq!(*rows[0].cell(1), Cell::Refused(Fault::Encoding));
    assert_eq!(rows[0].place(1).to_string(), "B2");
    assert_eq!(text(rows[1].cell(1)), "3");
}

#[test]
fn a_workbook_gives_what_its_cells_show() {
    let desk = Desk::new();
    let path = desk.workbook(|sheet| {
        sheet.write_row(0, 0, ["name", "number", "day", "flag"]).unwrap();
        sheet.write_string(2, 0, " 张三 ").unwrap();
        sheet.write_number(2, 1, 13_800_138_000.0).unwrap();
        sheet.write_number_with_format(2, 2, 46_350.0, &Format::new().set_num_format("yyyy-mm-dd")).unwrap();
        sheet.write_boolean(2, 3, true).unwrap();
        sheet.write_number(3, 1, 110_105_194_912_310_020.0).unwrap();
        sheet.write_formula(4, 0, "=1+1").unwrap();
    });
    let (heading, rows) = rows(&path).unwrap();
    assert_eq!(heading, ["name", "number", "day", "flag"]);
    assert_eq!(rows.iter().map(|r| r.number).collect::<Vec<_>>(), [3, 4, 5]);
    let shown: Vec<String> = (0..4).map(|i| text(rows[0].cell(i))).collect();
    assert_eq!(shown, ["张三", "13800138000", "2026-11-24", "yes"]);
    assert_eq!(rows[1].cell(1).text(), Err(Fault::Mangled));
    assert_eq!(*rows[2].cell(0), Cell::Refused(Fault::Formula));
    assert_eq!(rows[2].place(0).to_string(), "A5");
}

#[test]
fn only_the_first_visible_sheet_counts() {
    let desk = Desk::new();
    let mut workbook = Workbook::new();
    workbook.add_worksheet().set_hidden(true).write_string(0, 0, "secret").unwrap();
    workbook.add_worksheet().set_active(true).write_string(0, 0, "seen").unwrap();
    let path = desk.file("two.xlsx", &workbook.save_to_buffer().unwrap());
    assert_eq!(rows(&path).unwrap().0, ["seen"]);
}

#[test]
fn merged_cells_are_refused_with_their_place() {
    let desk = Desk::new();
    let path = desk.workbook(|sheet| {
        sheet.write_row(0, 0, ["a", "b"]).unwrap();
        sheet.merge_range(2, 1, 3, 1, "x", &Format::new()).unwrap();
    });
    let refused = rows(&path).unwrap_err();
    assert_eq!(refused.kind().code(), "sheet.merged-cells");
    assert!(refused.to_string().contains("B3"), "{refused}");
}

#[test]
fn a_cell_at_the_far_end_costs_nothing_and_is_refused() {
    let desk = Desk::new();
    for (row, column) in [(1_048_575, 16_383), (1_048_575, 0), (1, 64)] {
        let path = desk.workbook(|sheet| {
            sheet.write_string(0, 0, "a").unwrap();
            sheet.write_string(row, column, "x").unwrap();
        });
        assert_eq!(code(&path), "sheet.too-large");
    }
}

#[test]
fn a_workbook_that_unpacks_to_gigabytes_is_refused_before_it_is_parsed() {
    let desk = Desk::new();
    let bomb = |name: &str, piece: &[u8], times: usize| {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        for _ in 0..times {
            zip.write_all(piece).unwrap();
        }
        desk.file("bomb.xlsx", &zip.finish().unwrap().into_inner())
    };
    let zeros = vec![b' '; 1 << 20];
    assert_eq!(code(&bomb("xl/worksheets/sheet1.xml", &zeros, 128)), "sheet.too-large");
    // Many small texts are more memory than octets.
    let mut random = 1_u32;
    let texts: Vec<u8> = (0..200_000)
        .flat_map(|_| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            format!("<si><t>{random}</t></si>").into_bytes()
        })
        .collect();
    assert_eq!(code(&bomb("xl/sharedStrings.xml", &texts, 11)), "sheet.too-large");
}

#[test]
fn files_that_are_no_sheets_say_so() {
    let desk = Desk::new();
    for (bytes, wanted) in [
        (b"".as_slice(), "sheet.no-heading"),
        (b"\r\n , \r\n", "sheet.no-heading"),
        (b"PK\x03\x04 and nothing more", "sheet.damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "sheet.old-or-encrypted"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "sheet.unknown-form"),
        (b"a,1.5E+17\r\n", "sheet.heading"),
    ] {
        assert_eq!(code(&desk.file("file", bytes)), wanted, "{bytes:?}");
    }
    let whole = desk.workbook(|sheet| {
        sheet.write_string(0, 0, "a").unwrap();
    });
    let truncated = std::fs::read(whole).unwrap();
    for length in [5, 100, truncated.len() / 2, truncated.len() - 1] {
        assert_eq!(code(&desk.file("cut.xlsx", &truncated[..length])), "sheet.damaged", "{length}");
    }
}

#[test]
fn columns_are_found_by_either_name_in_any_order() {
    let desk = Desk::new();
    let field = |key, zh: &str, required| Field { key, names: vec![zh.to_owned()], required };
    let fields =
        [field("name", "姓名", true), field("document-number", "证件号码", true), field("phone", "电话", false)];
    let of = |text: &str| {
        let sheet = Sheet::open(&desk.file("sheet", text.as_bytes()), Limits::OFFICE).unwrap();
        Layout::of(&sheet, &fields)
    };
    let layout = of("Document number,,姓 名 *\r\n").unwrap();
    assert_eq!(
        (layout.column("name"), layout.column("document-number"), layout.column("phone")),
        (Some(2), Some(0), None)
    );
    assert_eq!(of("ＮＡＭＥ（姓名）,证件号码\r\n").unwrap().column("name"), Some(0));
    for (text, wanted) in [
        ("姓名,证件号\r\n", "sheet.unknown-column"),
        ("姓名,name,证件号码\r\n", "sheet.double-column"),
        ("姓名\r\n", "sheet.missing-columns"),
    ] {
        assert_eq!(of(text).unwrap_err().kind().code(), wanted);
    }
}

#[test]
fn a_heading_below_empty_rows_is_named_with_its_own_row() {
    let desk = Desk::new();
    let fields = [Field { key: "name", names: vec!["姓名".to_owned()], required: true }];
    let refused = |path: &Path| {
        let sheet = Sheet::open(path, Limits::OFFICE).unwrap();
        Layout::of(&sheet, &fields).unwrap_err().to_string()
    };
    let book = desk.workbook(|sheet| {
        sheet.write_row(3, 0, ["name", "colour"]).unwrap();
    });
    assert!(refused(&book).contains("in B4 "), "{}", refused(&book));
    let text = desk.file("below.csv", b" , \r\n,\r\nname,name\r\n");
    assert!(refused(&text).contains("in B3 "), "{}", refused(&text));
}

#[test]
fn a_long_workbook_comes_in_order_and_may_be_left_half_read() {
    let desk = Desk::new();
    let path = desk.workbook(|sheet| {
        sheet.write_string(0, 0, "n").unwrap();
        for row in 1..3000 {
            sheet.write_string(row * 2, 1, row.to_string()).unwrap();
        }
    });
    let (_, all) = rows(&path).unwrap();
    assert_eq!(all.len(), 2999);
    for (i, row) in (1_u32..).zip(&all) {
        assert_eq!((row.number, text(row.cell(1))), (i * 2 + 1, i.to_string()));
    }
    let mut sheet = Sheet::open(&path, Limits::OFFICE).unwrap();
    assert!(sheet.next_row().unwrap().is_some());
    drop(sheet);
    // The bound on rows holds in the middle: what came before it was handed over.
    let mut short = Sheet::open(&path, Limits { rows: 1000, ..Limits::OFFICE }).unwrap();
    let refused = loop {
        match short.next_row() {
            Ok(Some(row)) => assert!(row.number <= 1000),
            Ok(None) => panic!("the sheet ended"),
            Err(e) => break e.kind().code(),
        }
    };
    assert_eq!((refused, short.next_row().unwrap()), ("sheet.too-large", None));
}

#[test]
fn the_octets_of_texts_are_bounded() {
    let desk = Desk::new();
    let path = desk.workbook(|sheet| {
        for row in 0..200 {
            sheet.write_string(row, 0, format!("{row} {}", "x".repeat(500))).unwrap();
        }
    });
    assert_eq!(rows(&path).unwrap().1.len(), 199);
    let limits = Limits { text_octets: 50_000, ..Limits::INVENTORY };
    assert_eq!(Sheet::open(&path, limits).err().unwrap().kind().code(), "sheet.too-large");
}
