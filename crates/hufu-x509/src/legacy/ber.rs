//! The little of BER that bundles of other programs are written in: lengths that are not minimal or not definite.

/// How deep indefinite lengths may nest.
const DEPTH: usize = 16;

/// One element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    /// The content, without the octets that end an indefinite length.
    pub(super) content: &'a [u8],
    /// Everything, from the tag to the end.
    pub(super) whole: &'a [u8],
}

/// The first element of `input`, and what follows it; none when there is no whole one.
pub(super) fn element(input: &[u8]) -> Option<(Element<'_>, &[u8])> {
    nested(input, DEPTH)
}

/// The elements of `input` up to the first octets that are none.
pub(super) fn elements(mut input: &[u8]) -> impl Iterator<Item = Element<'_>> {
    std::iter::from_fn(move || {
        let (found, rest) = element(input)?;
        input = rest;
        Some(found)
    })
}

fn nested(input: &[u8], depth: usize) -> Option<(Element<'_>, &[u8])> {
    let (&tag, after_tag) = input.split_first()?;
    let (&first, mut body) = after_tag.split_first()?;
    // Nothing here has a tag number of 31 or more.
    if tag & 0x1f == 0x1f {
        return None;
    }
    if first == 0x80 {
        return indefinite(input, body, tag, depth.checked_sub(1)?);
    }
    let mut length = usize::from(first);
    if first > 0x80 {
        let (octets, rest) = body.split_at_checked(usize::from(first & 0x7f))?;
        let start = octets.iter().position(|b| *b != 0).unwrap_or(octets.len());
        let significant = octets.get(start..)?;
        if significant.len() > 4 {
            return None;
        }
        length = significant.iter().fold(0, |n, b| n << 8 | usize::from(*b));
        body = rest;
    }
    let (content, rest) = body.split_at_checked(length)?;
    let whole = input.get(..input.len() - rest.len())?;
    Some((Element { tag, content, whole }, rest))
}

fn indefinite<'a>(input: &'a [u8], body: &'a [u8], tag: u8, depth: usize) -> Option<(Element<'a>, &'a [u8])> {
    let mut rest = body;
    loop {
        if let Some(after) = rest.strip_prefix(&[0, 0]) {
            let content = body.get(..body.len() - rest.len())?;
            let whole = input.get(..input.len() - after.len())?;
            return Some((Element { tag, content, whole }, after));
        }
        rest = nested(rest, depth)?.1;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_form_of_length_is_read() {
        for (input, content) in [
            (&[4_u8, 1, 7][..], &[7_u8][..]),
            (&[4, 0x81, 1, 7], &[7]),
            (&[4, 0x85, 0, 0, 0, 0, 1, 7], &[7]),
            (&[0x30, 0x80, 4, 1, 7, 0, 0], &[4, 1, 7]),
            (&[0x30, 0x80, 0x30, 0x80, 0, 0, 0, 0], &[0x30, 0x80, 0, 0]),
        ] {
            let (found, rest) = element(input).unwrap();
            assert_eq!((found.content, found.whole, rest), (content, input, &[][..]));
        }
        for bad in
            [&[][..], &[4], &[4, 2, 7], &[4, 0x82, 1], &[0x30, 0x80, 4, 1, 7], &[0x1f, 1, 1], &[4, 0x85, 1, 0, 0, 0, 0]]
        {
            assert_eq!(element(bad), None, "{bad:?}");
        }
        let deep: Vec<u8> = [0x30, 0x80].repeat(100_000);
        assert_eq!(element(&deep), None);
        assert_eq!(elements(&[4, 0, 4, 1, 7, 9]).count(), 2);
    }
}
