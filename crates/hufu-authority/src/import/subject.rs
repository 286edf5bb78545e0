//! Names as they are compared: what two systems write differently and mean alike becomes one text.

use hufu_model::ident::Digest;
use hufu_x509::digest::sm3;

/// A DN (RFC 4514) as it is compared: full-width forms become ASCII, letters small, runs of spaces one space, and the order
/// of its parts, which two systems may write from either end, does not matter.
pub(crate) fn normalised(dn: &str) -> String {
    let mut parts: Vec<String> = split(dn).into_iter().map(folded).filter(|part| !part.is_empty()).collect();
    parts.sort_unstable();
    parts.join(",")
}

/// The common name of a DN as it is compared; the whole DN when it has none.
pub(crate) fn common_name(dn: &str) -> String {
    let names = split(dn).into_iter().map(folded);
    let mut names = names.filter_map(|part| part.strip_prefix("cn=").map(str::to_owned));
    names.next().filter(|name| !name.is_empty()).unwrap_or_else(|| normalised(dn))
}

/// The identity of a certificate of another authority: SM3 over the length of its issuer's name as it is compared, in 8
/// octets, that name, and the content octets of its serial number. It is the same for a row of a list and for the
/// certificate itself.
#[must_use]
pub fn certificate_id(issuer: &str, serial: &[u8]) -> Digest {
    id_of(&normalised(issuer), serial)
}

/// As [`certificate_id`], of an issuer's name as it is compared.
pub(super) fn id_of(issuer: &str, serial: &[u8]) -> Digest {
    let mut input = Vec::with_capacity(8 + issuer.len() + serial.len());
    input.extend((issuer.len() as u64).to_be_bytes());
    input.extend(issuer.as_bytes());
    input.extend(serial);
    sm3(&input)
}

/// The parts between the commas that are not escaped.
fn split(dn: &str) -> Vec<&str> {
    let mut parts = Vec::with_capacity(6);
    let (mut start, mut escaped) = (0, false);
    for (at, byte) in dn.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b',' => {
                parts.push(dn.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(dn.get(start..).unwrap_or_default());
    parts
}

fn folded(part: &str) -> String {
    let mut out = String::with_capacity(part.len());
    for c in part.chars() {
        let c = match c {
            '\u{3000}' => ' ',
            // The full-width forms of the printable ASCII characters, in the same order.
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            c => c,
        };
        if c.is_whitespace() {
            if !out.is_empty() && !out.ends_with([' ', '=']) {
                out.push(' ');
            }
            continue;
        }
        if c == '=' && out.ends_with(' ') {
            out.pop();
        }
        // One letter at a time keeps its place; what folds to several letters is compared as it is.
        let mut lower = c.to_lowercase();
        match (lower.next(), lower.next()) {
            (Some(one), None) => out.push(one),
            _ => out.push(c),
        }
    }
    out.truncate(out.trim_end().len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_the_same_compares_equal() {
        let same = "cn=张 三,o=四川省 ca,c=cn";
        for other in ["C=CN,O=四川省  CA,CN=张 三", " cn = 张　三 , o=四川省 ＣＡ,c=cn", "CN=张 三,,C=cn,O=四川省 ca"]
        {
            assert_eq!(normalised(other), normalised(same), "{other}");
            assert_eq!(certificate_id(other, &[1]), certificate_id(same, &[1]));
        }
        for other in ["CN=张 三,O=四川省 ca", "CN=李 三,O=四川省 ca,C=cn", "CN=张 三\\,O=四川省 ca,C=cn"]
        {
            assert_ne!(normalised(other), normalised(same), "{other}");
        }
        assert_ne!(certificate_id("CN=a", &[1]), certificate_id("CN=a", &[0, 1]));
        assert_eq!(common_name("C=CN,CN=Ｌi  Lei"), "li lei");
        assert_eq!(common_name("C=CN,O=x"), normalised("O=x,C=CN"));
        assert_eq!((normalised(""), common_name("")), (String::new(), String::new()));
    }
}
