//! Names of persons in lists: enough to find somebody who stands at the counter, not enough to publish.

use crate::sealed::mask_name;

/// Attributes of a subject that tell who a person is.
const PERSONAL: [&str; 8] = ["CN", "SN", "SURNAME", "GIVENNAME", "GN", "E", "EMAIL", "EMAILADDRESS"];

/// A subject (RFC 4514) whose names of a person show their first character only. What has no attributes is masked whole.
pub(crate) fn masked_subject(subject: &str) -> String {
    let mut out = String::with_capacity(subject.len());
    let mut rest = subject;
    while !rest.is_empty() {
        let end = end_of_attribute(rest);
        let (attribute, after) = rest.split_at(end);
        match attribute.split_once('=') {
            Some((name, value)) if !PERSONAL.contains(&name.trim().to_ascii_uppercase().as_str()) => {
                out.push_str(name);
                out.push('=');
                out.push_str(value);
            }
            Some((name, value)) => {
                out.push_str(name);
                out.push('=');
                out.push_str(&mask_name(value));
            }
            None => out.push_str(&mask_name(attribute)),
        }
        let separator = after.chars().next();
        out.extend(separator);
        rest = after.get(separator.map_or(0, char::len_utf8)..).unwrap_or_default();
    }
    out
}

/// Where the first attribute ends: at a comma or plus sign that no backslash stands before.
fn end_of_attribute(text: &str) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' | '+' => return at,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::masked_subject;

    #[test]
    fn names_of_persons_are_masked_and_offices_are_not() {
        let table = [
            ("CN=张三丰,OU=信息中心,O=四川省,C=CN", "CN=张**,OU=信息中心,O=四川省,C=CN"),
            ("cn=Smith\\, John+SN=Smith,C=CN", "cn=S***********+SN=S****,C=CN"),
            ("张三丰", "张**"),
            ("C=CN,E=zhang@example.cn", "C=CN,E=z***************"),
            ("CN=", "CN="),
            ("", ""),
        ];
        for (subject, masked) in table {
            assert_eq!(masked_subject(subject), masked);
        }
    }
}
