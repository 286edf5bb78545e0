//! A table that is running text: the sentences of the bulletin.

use hufu_authority::data::Lang;
use hufu_authority::report::Table;

use super::words::Words;

/// The name of such a table.
const NAME: &str = "paragraph";

/// Its sentences, one behind the other; none for a table of another kind.
pub(super) fn of(table: &Table, words: Words) -> Option<String> {
    if table.name != NAME {
        return None;
    }
    let column = table.columns.first()?;
    let sentences = table.rows.iter().filter_map(|row| row.values.first()).map(|value| words.value(value, column.kind));
    Some(sentences.collect::<Vec<_>>().join(if words.lang == Lang::Zh { "" } else { " " }))
}
