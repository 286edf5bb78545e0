//! Long lists, read page by page.

/// Reads the pages of a list: each one begins after the last row of the one before, and the first empty one is the end.
///
/// `read` gets the key of that row, none at first; `key` tells it from a row. An error is the last item.
///
/// ```
/// # let numbers = [3, 5, 8];
/// let after = |last: Option<u32>| -> hufu_store::Result<Vec<u32>> {
///     Ok(numbers.into_iter().filter(|n| last.is_none_or(|last| *n > last)).take(2).collect())
/// };
/// let pages: Vec<_> = hufu_store::pages(after, |n| *n).collect::<Result<_, _>>()?;
/// assert_eq!(pages, [vec![3, 5], vec![8]]);
/// # Ok::<(), hufu_store::Error>(())
/// ```
pub fn pages<K, T, E>(
    mut read: impl FnMut(Option<K>) -> Result<Vec<T>, E>,
    key: impl Fn(&T) -> K,
) -> impl Iterator<Item = Result<Vec<T>, E>> {
    // What to read after; none once there is nothing more to read.
    let mut next = Some(None);
    std::iter::from_fn(move || {
        let page = read(next.take()?);
        if let Ok(rows) = &page {
            next = Some(Some(key(rows.last()?)));
        }
        Some(page)
    })
}

#[cfg(test)]
mod tests {
    use super::pages;

    type Page = Result<Vec<u32>, &'static str>;

    /// The numbers below `end`, three at a time; asked for what comes after `broken`, an error. Also what was asked for.
    fn counted(end: u32, broken: Option<u32>) -> (Vec<Page>, Vec<Option<u32>>) {
        let mut asked = Vec::new();
        let read = |after: Option<u32>| {
            asked.push(after);
            if broken.is_some() && after == broken {
                return Err("broken");
            }
            Ok((after.map_or(0, |n| n + 1)..end).take(3).collect())
        };
        let found = pages(read, |n| *n).collect();
        (found, asked)
    }

    #[test]
    fn every_row_comes_once_and_an_empty_page_ends_it() {
        assert_eq!(counted(0, None), (vec![], vec![None]));
        let two = vec![Ok(vec![0, 1, 2]), Ok(vec![3])];
        assert_eq!(counted(4, None), (two, vec![None, Some(2), Some(3)]));
        let full = vec![Ok(vec![0, 1, 2]), Ok(vec![3, 4, 5])];
        assert_eq!(counted(6, None), (full, vec![None, Some(2), Some(5)]));
    }

    #[test]
    fn nothing_is_read_after_an_error_or_the_end() {
        let failed = vec![Ok(vec![0, 1, 2]), Err("broken")];
        assert_eq!(counted(9, Some(2)), (failed, vec![None, Some(2)]));

        let mut reads = 0;
        let mut none = pages(
            |_: Option<u32>| {
                reads += 1;
                Ok::<_, ()>(Vec::<u32>::new())
            },
            |n| *n,
        );
        assert_eq!((none.next(), none.next()), (None, None));
        drop(none);
        assert_eq!(reads, 1);
    }
}
