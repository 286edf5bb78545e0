//! Distinguished names: strict when they are written, patient and safe when they are shown.
//!
//! ```asn1
//! -- RFC 5280 §4.1.2.4, GB/T 20518-2018 §5.2.3.4
//! Name ::= SEQUENCE OF RelativeDistinguishedName
//! RelativeDistinguishedName ::= SET SIZE (1..MAX) OF SEQUENCE { type OBJECT IDENTIFIER, value ANY }
//! ```
//!
//! A [`Name`] is what goes into a certificate: known attributes, one per RDN, each value checked by
//! [`hufu_model::text`]. A name of another authority stays DER and is only shown, by [`Name::display_der`].

use std::fmt;

use hufu_model::ident::hex;
use hufu_model::profile::NameAttribute;
use hufu_model::text;

use crate::error::{Error, ErrorKind, Result};
use crate::oid::{self, Oid};
use crate::tlv::{Fault, Reader, Tlv, nest, put, tag};

/// A subject or issuer that may stand in a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    parts: Vec<(NameAttribute, String)>,
}

impl Name {
    /// A name from its attributes, in the order in which they are encoded and shown.
    ///
    /// # Errors
    /// [`ErrorKind::Name`] saying which attribute breaks which rule: no attributes, one that stands twice (organisational
    /// units may), and [`check_value`].
    pub fn new(parts: Vec<(NameAttribute, String)>) -> Result<Self> {
        if parts.is_empty() {
            return Err(Error::new(ErrorKind::Name).about("it has no attributes"));
        }
        for (i, (attribute, value)) in parts.iter().enumerate() {
            check_value(*attribute, value)?;
            if *attribute != NameAttribute::Unit && parts.iter().take(i).any(|(a, _)| a == attribute) {
                return Err(Error::new(ErrorKind::Name).about(format!("{attribute} stands twice")));
            }
        }
        Ok(Self { parts })
    }

    /// The attributes in order.
    #[must_use]
    pub fn parts(&self) -> &[(NameAttribute, String)] {
        &self.parts
    }

    /// The DER encoding: one attribute per RDN; country and serialNumber PrintableString, emailAddress IA5String,
    /// everything else UTF8String, which GB/T 20518 §5.2.3.4 prefers.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        nest(&mut out, tag::SEQUENCE, |out| {
            for (attribute, value) in &self.parts {
                nest(out, tag::SET, |out| {
                    nest(out, tag::SEQUENCE, |out| {
                        put(out, tag::OID, attribute_oid(*attribute).as_bytes());
                        put(out, string_tag(*attribute), value.as_bytes());
                    });
                });
            }
        });
        out
    }

    /// Any DER name as text: `C=CN,O=…,CN=…`, in the order of the encoding (RFC 4514 §2 would turn it round, which
    /// nobody who compares it with a form expects), with the escapes of RFC 4514 §2.4.
    ///
    /// Every string type is read. What a terminal or a log would obey instead of show (control characters, direction
    /// overrides, invisible characters) comes out as the hexadecimal pairs of its UTF-8 octets, `\E2\80\AE`; a value
    /// that is not text at all as `#` and its DER.
    ///
    /// # Errors
    /// [`ErrorKind::NotDer`] when the octets are no Name.
    pub fn display_der(der: &[u8]) -> Result<String> {
        let mut out = String::with_capacity(der.len());
        for rdn in rdns(der)? {
            let mut separator = if out.is_empty() { "" } else { "," };
            for (kind, value) in rdn {
                out.push_str(separator);
                separator = "+";
                match attribute_of(kind.value) {
                    Some(attribute) => out.push_str(attribute.code()),
                    None => out.push_str(&oid::dotted(kind.value)),
                }
                out.push('=');
                match string_of(&value) {
                    Some(text) => escape(&text, &mut out),
                    None => {
                        out.push('#');
                        out.push_str(&hex(value.whole));
                    }
                }
            }
        }
        Ok(out)
    }

    /// Reads the text form back: `C=CN,O=示例公司,CN=张三`, attributes by the names of [`NameAttribute`] in upper or
    /// lower case, values with the escapes of RFC 4514. Spaces around a comma or an equals sign are not minded.
    ///
    /// # Errors
    /// [`ErrorKind::Name`] for another form, an unknown attribute, several attributes in one RDN, and as [`Name::new`].
    pub fn parse_text(text: &str) -> Result<Self> {
        let bad = |what: String| Error::new(ErrorKind::Name).about(what);
        if text.len() > MAX_TEXT {
            return Err(bad(format!("its text is longer than {MAX_TEXT} octets")));
        }
        let mut parts = Vec::new();
        let mut rest = text;
        loop {
            let Some((kind, after)) = rest.split_once('=') else {
                return Err(bad(format!("{:?} is not of the form CN=…", shown(rest))));
            };
            let kind = kind.trim_matches(' ');
            let attribute = NameAttribute::ALL.into_iter().find(|a| a.code().eq_ignore_ascii_case(kind));
            let attribute = attribute.ok_or_else(|| {
                let known = NameAttribute::ALL.map(NameAttribute::code).join(", ");
                bad(format!("{:?} is no attribute; use {known}", shown(kind)))
            })?;
            let (value, end) = unescape(after).map_err(|what| bad(format!("{attribute}: {what}")))?;
            parts.push((attribute, value));
            match end {
                Some(next) => rest = next,
                None => break,
            }
        }
        Self::new(parts)
    }
}

/// The longest text that [`Name::parse_text`] reads, in octets.
const MAX_TEXT: usize = 8192;

impl fmt::Display for Name {
    /// As [`Name::display_der`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        for (i, (attribute, value)) in self.parts.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            out.push_str(attribute.code());
            out.push('=');
            escape(value, &mut out);
        }
        f.write_str(&out)
    }
}

/// Checks one value: the length bounds of RFC 5280 Appendix A, a country of two capital letters, a serialNumber of
/// PrintableString characters, a mail address, and for everything else [`text::check_name`].
///
/// # Errors
/// [`ErrorKind::Name`] with the attribute and the rule; hostile characters are never repeated.
pub fn check_value(attribute: NameAttribute, value: &str) -> Result<()> {
    let bad = |what: String| Err(Error::new(ErrorKind::Name).about(format!("{attribute}: {what}")));
    match attribute {
        NameAttribute::Country if value.len() == 2 && value.bytes().all(|b| b.is_ascii_uppercase()) => Ok(()),
        NameAttribute::Country => bad("a country is two capital letters, such as CN".to_owned()),
        NameAttribute::Email if value.len() > attribute.max_chars() => bad("it is too long".to_owned()),
        NameAttribute::Email => text::check_email(value).or_else(|e| bad(e.to_string())),
        NameAttribute::SerialNumber if !value.bytes().all(is_printable_octet) => {
            bad("it holds letters, digits, spaces and '()+,-./:=? only".to_owned())
        }
        _ => text::check_name(value, attribute.max_chars()).or_else(|e| bad(e.to_string())),
    }
}

/// PrintableString (X.680 §41.4).
pub(crate) fn is_printable_octet(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&b)
}

/// The string type an attribute is written with.
pub(crate) const fn string_tag(attribute: NameAttribute) -> u8 {
    match attribute {
        NameAttribute::Country | NameAttribute::SerialNumber => tag::PRINTABLE,
        NameAttribute::Email => tag::IA5,
        _ => tag::UTF8,
    }
}

/// The OID of an attribute.
pub(crate) const fn attribute_oid(attribute: NameAttribute) -> Oid {
    match attribute {
        NameAttribute::Country => oid::COUNTRY,
        NameAttribute::Province => oid::PROVINCE,
        NameAttribute::Locality => oid::LOCALITY,
        NameAttribute::Organisation => oid::ORGANISATION,
        NameAttribute::Unit => oid::UNIT,
        NameAttribute::CommonName => oid::COMMON_NAME,
        NameAttribute::SerialNumber => oid::NAME_SERIAL_NUMBER,
        NameAttribute::Email => oid::EMAIL,
    }
}

/// The attribute with this OID (content octets), if it is one we write.
pub(crate) fn attribute_of(oid: &[u8]) -> Option<NameAttribute> {
    NameAttribute::ALL.into_iter().find(|a| attribute_oid(*a).as_bytes() == oid)
}

/// One RDN: type and value of each attribute.
pub(crate) type Rdn<'a> = Vec<(Tlv<'a>, Tlv<'a>)>;

/// Takes a Name apart.
pub(crate) fn rdns(der: &[u8]) -> std::result::Result<Vec<Rdn<'_>>, Fault> {
    let mut input = Reader::new(der);
    let mut list = input.expect(tag::SEQUENCE, "a name is no SEQUENCE")?.inside();
    input.finish("octets behind a name")?;
    let mut out = Vec::new();
    while !list.is_empty() {
        let set = list.expect(tag::SET, "a relative distinguished name is no SET")?;
        let mut set_inside = set.inside();
        let mut rdn = Vec::with_capacity(1);
        while !set_inside.is_empty() {
            let mut pair = set_inside.expect(tag::SEQUENCE, "an attribute is no SEQUENCE")?.inside();
            let kind = pair.expect(tag::OID, "an attribute has no type")?;
            let value = pair.any()?;
            pair.finish("a field that an attribute does not have")?;
            rdn.push((kind, value));
        }
        if rdn.is_empty() {
            return Err(set.fault("a relative distinguished name without attributes"));
        }
        out.push(rdn);
    }
    Ok(out)
}

/// The text of a string of any type; none when the octets are no text of their type.
pub(crate) fn string_of(value: &Tlv<'_>) -> Option<String> {
    match value.tag {
        tag::UTF8 => String::from_utf8(value.value.to_vec()).ok(),
        tag::PRINTABLE | tag::NUMERIC | tag::IA5 | tag::VISIBLE => {
            value.value.is_ascii().then(|| value.value.iter().map(|b| char::from(*b)).collect())
        }
        // T.61 is dead; what is found under its tag is UTF-8 or Latin-1.
        tag::TELETEX => Some(match std::str::from_utf8(value.value) {
            Ok(text) => text.to_owned(),
            Err(_) => value.value.iter().map(|b| char::from(*b)).collect(),
        }),
        tag::BMP if value.value.len().is_multiple_of(2) => {
            let units = value.value.chunks_exact(2).map(|c| c.iter().fold(0_u16, |n, b| n << 8 | u16::from(*b)));
            char::decode_utf16(units).collect::<std::result::Result<_, _>>().ok()
        }
        tag::UNIVERSAL if value.value.len().is_multiple_of(4) => {
            let units = value.value.chunks_exact(4).map(|c| c.iter().fold(0_u32, |n, b| n << 8 | u32::from(*b)));
            units.map(char::from_u32).collect()
        }
        _ => None,
    }
}

/// Appends `value` with the escapes of RFC 4514 §2.4, and with every unsafe character as hexadecimal pairs.
fn escape(value: &str, out: &mut String) {
    let last = value.chars().count().saturating_sub(1);
    for (i, ch) in value.chars().enumerate() {
        match ch {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => out.extend(['\\', ch]),
            '#' if i == 0 => out.push_str("\\#"),
            ' ' if i == 0 || i == last => out.push_str("\\ "),
            ' '..='~' => out.push(ch),
            _ => {
                let mut octets = [0; 4];
                let text = ch.encode_utf8(&mut octets);
                if text::printable(text) == *text {
                    out.push(ch);
                } else {
                    for b in text.bytes() {
                        out.push('\\');
                        out.push_str(&hex(&[b]).to_ascii_uppercase());
                    }
                }
            }
        }
    }
}

/// Reads one escaped value up to the next bare comma: the value, and what follows the comma.
fn unescape(text: &str) -> std::result::Result<(String, Option<&str>), &'static str> {
    let text = text.trim_start_matches(' ');
    let mut out = Vec::with_capacity(text.len());
    // Spaces at the end count only when the last of them is escaped.
    let mut keep = 0;
    let mut chars = text.char_indices();
    let mut rest = None;
    while let Some((i, ch)) = chars.next() {
        match ch {
            ',' => {
                rest = text.get(i + 1..);
                break;
            }
            '+' => return Err("several attributes in one part are not allowed; write a plus sign as \\+"),
            ';' | '"' | '<' | '>' => return Err("the signs ; \" < and > are not allowed"),
            '\\' => {
                let (_, first) = chars.next().ok_or("a backslash at the end")?;
                match first {
                    ' ' | '"' | '#' | '+' | ',' | ';' | '<' | '=' | '>' | '\\' => {
                        out.push(u8::try_from(u32::from(first)).unwrap_or_default());
                    }
                    _ => {
                        let pair = text.get(i + 1..i + 3).and_then(hufu_model::ident::unhex);
                        out.extend(pair.ok_or("a backslash stands before a sign or two hexadecimal digits")?);
                        chars.next();
                    }
                }
                keep = out.len();
            }
            _ => {
                out.extend(ch.encode_utf8(&mut [0; 4]).bytes());
                if ch != ' ' {
                    keep = out.len();
                }
            }
        }
    }
    out.truncate(keep);
    let value = String::from_utf8(out).map_err(|_| "the escaped octets are not UTF-8")?;
    Ok((value, rest))
}

/// The beginning of a text that was refused, safe to print.
fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests;
