//! Which column of a sheet says what.

use hufu_data::{InventoryColumn, folded, inventory_columns};
use hufu_sheet::{Cell, Row};

/// The dialect of sheets that people write; the others are tables of programs.
const PEOPLE: &str = "inventory";
/// What a row needs when it does not carry the certificate itself. The serial number has two forms, either will do.
const NEEDED: [&str; 6] = ["serial", "issuer", "subject", "algorithm", "not-before", "not-after"];

/// The columns of one sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns {
    known: Vec<(&'static InventoryColumn, usize)>,
    /// Whether a person wrote it.
    pub(super) by_people: bool,
    /// The names of columns that nothing is taken from.
    pub(super) unknown: Vec<String>,
}

/// Why a sheet is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// These columns are missing.
    Missing(Vec<&'static str>),
    /// Two columns say the same: where the second one stands, counted from 0, and its name.
    Double(usize, String),
}

impl Columns {
    /// Finds the columns by the names in the heading.
    pub(super) fn of(heading: &[String]) -> Result<Self, Refusal> {
        let plain: Vec<String> = heading.iter().map(|name| folded(name.trim().trim_end_matches('*'))).collect();
        let dialects = inventory_columns().iter().map(|c| c.dialect.as_str());
        let fits = |dialect: &&str| {
            let mut needed = inventory_columns().iter().filter(|c| c.dialect == *dialect && c.needed).peekable();
            needed.peek().is_some() && needed.all(|c| plain.iter().any(|name| called(c, name)))
        };
        let dialect = dialects.filter(|d| *d != PEOPLE).find(fits).unwrap_or(PEOPLE);
        let mut found = Self { known: Vec::new(), by_people: dialect == PEOPLE, unknown: Vec::new() };
        for (at, (name, plain)) in heading.iter().zip(&plain).enumerate().filter(|(_, (_, plain))| !plain.is_empty()) {
            let among = |name: &str| inventory_columns().iter().find(|c| c.dialect == dialect && called(c, name));
            // What stands in brackets may tell two columns apart, or be a remark: first with them, then without.
            let bare = plain.split('(').next().unwrap_or_default();
            let Some(column) = among(plain).or_else(|| among(bare)) else {
                found.unknown.push(name.clone());
                continue;
            };
            if column.key != "-" && found.known.iter().any(|(c, _)| c.key == column.key) {
                return Err(Refusal::Double(at, name.clone()));
            }
            found.known.push((column, at));
        }
        let has = |key: &str| found.known.iter().any(|(c, _)| c.key == key);
        if has("certificate") {
            return Ok(found);
        }
        let missing = NEEDED.into_iter().filter(|key| !has(key));
        let shown = missing.filter_map(|key| inventory_columns().iter().find(|c| c.dialect == dialect && c.key == key));
        let missing: Vec<&str> = shown.filter_map(|c| c.names.first().map(String::as_str)).collect();
        if missing.is_empty() { Ok(found) } else { Err(Refusal::Missing(missing)) }
    }

    /// The column with this key, its cell in a row, and how it is written. None when the sheet does not have it.
    pub(super) fn cell<'r>(&self, row: &'r Row, key: &str) -> Option<(&'static InventoryColumn, &'r Cell)> {
        let (column, at) = self.known.iter().find(|(c, _)| c.key == key)?;
        Some((column, row.cell(*at)))
    }
}

fn called(column: &InventoryColumn, plain: &str) -> bool {
    folded(&column.key) == plain && column.key != "-" || column.names.iter().any(|name| folded(name) == plain)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn of(heading: &str) -> Result<Columns, Refusal> {
        Columns::of(&heading.split(',').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn both_languages_any_order_and_remarks_in_brackets_are_understood() {
        for heading in [
            "证书序列号,颁发者,主题,算法,生效时间,失效时间",
            "Serial Number,Issuer,Subject,Algorithm,Not Before,Not After",
            "序列号（十进制）,签发者,主体,密钥算法,有效期起 *,有效期至,备注,",
        ] {
            let columns = of(heading).unwrap();
            assert!(columns.by_people);
            assert_eq!(columns.known.len(), 6, "{heading}");
        }
        let columns = of("序列号（十进制）,颁发者（CA）,主题,算法,生效日期(年月日),失效时间,备注").unwrap();
        assert_eq!(columns.known[0].0.form, "decimal");
        assert_eq!(columns.known[1].0.key, "issuer");
        assert_eq!(columns.unknown, ["备注"]);
        assert_eq!(of("证书(Base64),机构").unwrap().known.len(), 2);
    }

    #[test]
    fn missing_and_double_columns_are_named() {
        assert_eq!(of("序列号,颁发者,主题,失效时间"), Err(Refusal::Missing(vec!["算法", "生效时间"])));
        assert_eq!(
            of("备注"),
            Err(Refusal::Missing(vec!["证书序列号", "颁发者", "主题", "算法", "生效时间", "失效时间"]))
        );
        assert_eq!(of("cert,序列号,serial"), Err(Refusal::Double(2, "serial".to_owned())));
    }

    #[test]
    fn tables_of_other_programs_are_told_by_their_columns() {
        let ejbca =
            of("fingerprint,base64Cert,issuerDN,serialNumber,status,revocationDate,revocationReason,x").unwrap();
        assert!(!ejbca.by_people);
        assert_eq!(ejbca.unknown, ["x"]);
        let row = Row { number: 2, cells: vec![Cell::Empty, Cell::Empty, Cell::Empty, Cell::Text("12".to_owned())] };
        assert_eq!(ejbca.cell(&row, "serial").unwrap().0.form, "decimal");
        let xipki = of("ID,SN,REV,RR,RT,NBEFORE,CERT").unwrap();
        assert!(!xipki.by_people && xipki.unknown.is_empty());
        // Only with what makes it one: otherwise it is read as a sheet of a person.
        assert!(of("CERT,REV,RR").unwrap().by_people);
    }
}
