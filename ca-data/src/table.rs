//! Reads the CSV tables that are built into the program.

/// The rows of a table with exactly `columns`, one array of cells for each.
///
/// The tables are part of the program: the tests of this crate read every one of them whole, so a row that cannot be
/// read is left out here instead of ending a program that runs.
pub(crate) fn rows<const N: usize>(csv: &'static str, columns: [&str; N]) -> Vec<[String; N]> {
    let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(csv.as_bytes());
    if !reader.headers().is_ok_and(|h| h.iter().eq(columns)) {
        return Vec::new();
    }
    let cells = |record: csv::StringRecord| -> Option<[String; N]> {
        record.iter().map(str::to_owned).collect::<Vec<_>>().try_into().ok()
    };
    reader.into_records().filter_map(|r| r.ok().and_then(cells)).collect()
}
