//! Strict, canonical numbers and hexadecimal for the text forms.

/// Lower-case hexadecimal of `bytes`.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for b in bytes {
        for nibble in [b >> 4, b & 15] {
            out.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
    }
    out
}

/// The octets that lower-case hexadecimal stands for; nothing else is read.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let nibble = |b: u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|&[high, low]| Some(nibble(high)? << 4 | nibble(low)?)).collect()
}

/// A digest from 64 lower-case hexadecimal digits.
pub(crate) fn digest(text: &str) -> Option<crate::Hash> {
    unhex(text)?.try_into().ok()
}

/// A number in its one decimal form: no sign for positive ones, no leading zero.
pub(crate) fn number<T: std::str::FromStr + ToString>(text: &str) -> Option<T> {
    text.parse::<T>().ok().filter(|n| n.to_string() == text)
}

/// Whether `text` may name a ledger: 1 to 128 visible ASCII characters.
pub(crate) fn is_origin(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn one_form_only() {
        assert_eq!(number::<u64>("10"), Some(10));
        assert_eq!(number::<i64>("-10"), Some(-10));
        for bad in ["", "+1", "01", "-0", " 1", "1 ", "18446744073709551616"] {
            assert_eq!(number::<u64>(bad), None, "{bad}");
            assert_eq!(number::<i64>(bad), None, "{bad}");
        }
        assert_eq!(unhex(&hex(&[0, 1, 0xab, 0xff])), Some(vec![0, 1, 0xab, 0xff]));
        for bad in ["0", "0A", "0g", "é"] {
            assert_eq!(unhex(bad), None, "{bad}");
        }
    }
}
