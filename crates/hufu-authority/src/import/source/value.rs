//! What stands in one cell, in the forms in which people and programs write it.

use hufu_model::certificate::Algorithm;
use hufu_model::ident::unhex;
use hufu_model::time::{DISPLAY_OFFSET, Day};

/// The content octets of an INTEGER with this magnitude.
fn integer(magnitude: &[u8], negative: bool) -> Vec<u8> {
    let start = magnitude.iter().position(|b| *b != 0).unwrap_or(magnitude.len());
    let mut octets = magnitude.get(start..).unwrap_or_default().to_vec();
    if octets.is_empty() || octets.first().is_some_and(|b| *b >= 0x80) {
        octets.insert(0, 0);
    }
    if negative {
        // Two's complement: every bit turned round, and one more.
        let mut carry = true;
        for octet in octets.iter_mut().rev() {
            let (sum, over) = (!*octet).overflowing_add(u8::from(carry));
            (*octet, carry) = (sum, over && carry);
        }
        while octets.len() > 1 && octets.first() == Some(&0xff) && octets.get(1).is_some_and(|b| *b >= 0x80) {
            octets.remove(0);
        }
    }
    octets
}

/// A serial number in hexadecimal digits, with or without colons, spaces, `0x` and a minus: the content octets of its
/// INTEGER.
pub(super) fn hex_serial(text: &str) -> Option<Vec<u8>> {
    let (negative, text) = sign(text);
    let text = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let mut digits: String = text.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
    if digits.is_empty() || digits.len() > 128 {
        return None;
    }
    if !digits.len().is_multiple_of(2) {
        digits.insert(0, '0');
    }
    Some(integer(&unhex(&digits)?, negative))
}

/// A serial number in decimal digits.
pub(super) fn decimal_serial(text: &str) -> Option<Vec<u8>> {
    let (negative, digits) = sign(text);
    if digits.is_empty() || digits.len() > 128 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut magnitude: Vec<u8> = Vec::new();
    for digit in digits.bytes() {
        let mut carry = u16::from(digit - b'0');
        for octet in magnitude.iter_mut().rev() {
            let value = u16::from(*octet) * 10 + carry;
            [_, *octet] = value.to_be_bytes();
            carry = value >> 8;
        }
        if carry > 0 {
            magnitude.insert(0, u8::try_from(carry).ok()?);
        }
    }
    Some(integer(&magnitude, negative))
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    }
}

/// A moment, in seconds since the Unix epoch, and whether only its day was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) seconds: i64,
    pub(super) day_only: bool,
}

/// Reads `2017-03-01`, `2017/3/1`, `2017.3.1`, `2017年3月1日`, `20170301`, each with or without a time (`8:30`,
/// `08:30:00`, `083000`), and a zone behind it (`Z`, `+08:00`). Without a zone it is UTC+08:00; without a time it is the
/// start of the day.
pub(super) fn moment(text: &str) -> Option<Moment> {
    let text = text.trim();
    let (date, rest) = date(text)?;
    let start = date.first_instant().unix_seconds();
    let rest = rest.trim_start_matches([' ', 'T', '\u{3000}']);
    if rest.is_empty() {
        return Some(Moment { seconds: start, day_only: true });
    }
    let (time, zone) = zone(rest)?;
    let seconds = start + clock(time)? + i64::from(DISPLAY_OFFSET.whole_seconds()) - zone;
    Some(Moment { seconds, day_only: false })
}

/// The day a text begins with, and what follows.
fn date(text: &str) -> Option<(Day, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 8 || digits == 14 {
        let (day, rest) = text.split_at_checked(8)?;
        return Some((calendar(day.get(..4)?, day.get(4..6)?, day.get(6..)?)?, rest));
    }
    let (year, rest) = text.split_at_checked(4).filter(|_| digits == 4)?;
    let rest = rest.strip_prefix(['-', '/', '.', '年'])?;
    let (month, rest) = number(rest)?;
    let rest = rest.strip_prefix(['-', '/', '.', '月'])?;
    let (day, rest) = number(rest)?;
    Some((calendar(year, month, day)?, rest.strip_prefix('日').unwrap_or(rest)))
}

/// One or two digits, and what follows.
fn number(text: &str) -> Option<(&str, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    (1..=2).contains(&digits).then(|| text.split_at_checked(digits))?
}

fn calendar(year: &str, month: &str, day: &str) -> Option<Day> {
    format!("{year}-{month:0>2}-{day:0>2}").parse().ok()
}

/// Splits the zone off: its seconds east of Greenwich.
fn zone(text: &str) -> Option<(&str, i64)> {
    if let Some(time) = text.strip_suffix(['Z', 'z']) {
        return Some((time.trim_end(), 0));
    }
    let Some(at) = text.rfind(['+', '-']) else { return Some((text, i64::from(DISPLAY_OFFSET.whole_seconds()))) };
    let (time, zone) = text.split_at_checked(at)?;
    let east = if zone.starts_with('+') { 1 } else { -1 };
    let digits: String = zone.chars().filter(char::is_ascii_digit).collect();
    let (hours, minutes) = match digits.len() {
        2 => (digits.as_str(), "0"),
        4 => digits.split_at_checked(2)?,
        _ => return None,
    };
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours <= 14 && minutes < 60).then(|| (time.trim_end(), east * (hours * 3600 + minutes * 60)))
}

/// Seconds since midnight.
fn clock(text: &str) -> Option<i64> {
    // Parts of a second are no part of a certificate.
    let text = text.split_once('.').map_or(text, |(whole, _)| whole);
    let parts: Vec<&str> = if text.contains(':') {
        text.split(':').collect()
    } else if text.len() == 6 {
        vec![text.get(..2)?, text.get(2..4)?, text.get(4..)?]
    } else {
        return None;
    };
    let mut numbers = [0_i64; 3];
    if !(2..=3).contains(&parts.len()) {
        return None;
    }
    for (place, part) in numbers.iter_mut().zip(parts) {
        *place =
            part.parse().ok().filter(|_| (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()))?;
    }
    let [hour, minute, second] = numbers;
    (hour < 24 && minute < 60 && second < 60).then_some(hour * 3600 + minute * 60 + second)
}

/// An algorithm in the usual writings: `RSA2048`, `RSA (1024)`, `sha256WithRSA`, `国密SM2`. With it the size of the key
/// in bits, where it says so.
pub(super) fn algorithm(text: &str) -> Option<(Algorithm, Option<u32>)> {
    let known = |word: &str| hufu_data::inventory_word("algorithm", word)?.parse::<Algorithm>().ok();
    if let Some(algorithm) = known(text) {
        return Some((algorithm, None));
    }
    let plain = hufu_data::folded(text).replace(['(', ')', '位'], "").replace("bits", "").replace("bit", "");
    let word = plain.trim_end_matches(|c: char| c.is_ascii_digit());
    let bits = plain.get(word.len()..).filter(|digits| !digits.is_empty()).map(str::parse);
    match (known(word).or_else(|| known(&plain))?, bits) {
        (Algorithm::Rsa, Some(bits)) => Some((Algorithm::Rsa, Some(bits.ok()?))),
        (algorithm, _) => Some((algorithm, None)),
    }
}

/// A name of a directory as [`hufu_x509::name::Name::display_der`] writes it: from the country on, without spaces between the parts. Both
/// orders, and the form with slashes (`/C=CN/CN=…`), are read; what is in none of these forms stays as it is.
pub(super) fn name(text: &str) -> String {
    let text = text.trim();
    let parts = if text.starts_with('/') { slashed(text) } else { comma_separated(text) };
    let Some(mut parts) = parts else { return text.to_owned() };
    let country = |part: Option<&(&str, String)>| part.is_some_and(|(kind, _)| *kind == "C");
    if country(parts.last()) && !country(parts.first()) {
        parts.reverse();
    }
    parts.iter().map(|(kind, value)| format!("{kind}={value}")).collect::<Vec<_>>().join(",")
}

/// The parts of a name, sorted and without case: two writings of one name give the same.
pub(super) fn parts(name: &str) -> Option<Vec<String>> {
    let mut parts: Vec<String> =
        comma_separated(name)?.into_iter().map(|(kind, value)| format!("{kind}={value}").to_lowercase()).collect();
    parts.sort_unstable();
    Some(parts)
}

/// The names that attributes go by, and the ones that come out.
const KINDS: [(&str, &str); 17] = [
    ("c", "C"),
    ("st", "ST"),
    ("s", "ST"),
    ("sp", "ST"),
    ("l", "L"),
    ("o", "O"),
    ("ou", "OU"),
    ("cn", "CN"),
    ("serialnumber", "serialNumber"),
    ("sn", "serialNumber"),
    ("oid.2.5.4.5", "serialNumber"),
    ("2.5.4.5", "serialNumber"),
    ("e", "emailAddress"),
    ("email", "emailAddress"),
    ("emailaddress", "emailAddress"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
    ("oid.1.2.840.113549.1.9.1", "emailAddress"),
];

fn kind(text: &str) -> Option<&'static str> {
    let text = text.trim().to_lowercase();
    KINDS.iter().find(|(known, _)| *known == text).map(|(_, shown)| *shown)
}

/// Splits at bare commas; the escapes of RFC 4514 stay as they are. None for several attributes in one part, and for
/// quotation marks.
fn comma_separated(text: &str) -> Option<Vec<(&'static str, String)>> {
    let mut parts = Vec::new();
    let (mut part, mut escaped) = (String::new(), false);
    for ch in text.chars().chain([',']) {
        match ch {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '+' | '"' | ';' => return None,
            ',' => {
                let (left, value) = part.split_once('=')?;
                let value = value.trim_start_matches(' ');
                let bare = value.trim_end_matches(' ');
                // An escaped space at the end belongs to the value.
                let value = if bare.ends_with('\\') { value } else { bare };
                parts.push((kind(left)?, value.to_owned()));
                part.clear();
                continue;
            }
            _ => {}
        }
        part.push(ch);
    }
    // What is left was held open by a backslash at the end.
    part.is_empty().then_some(parts)
}

/// OpenSSL's one-line form. A slash in a value is told from one between parts by what follows it.
fn slashed(text: &str) -> Option<Vec<(&'static str, String)>> {
    let mut parts: Vec<(&'static str, String)> = Vec::new();
    for piece in text.strip_prefix('/')?.split('/') {
        match piece.split_once('=').and_then(|(left, value)| Some((kind(left)?, value))) {
            Some((kind, value)) => parts.push((kind, escaped(value))),
            None => {
                let (_, value) = parts.last_mut()?;
                value.push('/');
                value.push_str(&escaped(piece));
            }
        }
    }
    Some(parts)
}

fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for ch in value.chars() {
        if matches!(ch, ',' | '+' | '"' | '\\' | '<' | '>' | ';') {
            out.push('\\');
        }
        out.push(ch);
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn serial_numbers_are_the_octets_of_their_integer() {
        for (text, octets) in [
            ("1", &[1_u8][..]),
            ("0A:ff", &[0x0a, 0xff]),
            ("0x80", &[0, 0x80]),
            ("00ff", &[0, 0xff]),
            ("00", &[0]),
            ("-05", &[0xfb]),
            ("-80", &[0x80]),
            ("-0100", &[0xff, 0]),
            ("12 34", &[0x12, 0x34]),
        ] {
            assert_eq!(hex_serial(text).as_deref(), Some(octets), "{text}");
        }
        for (text, octets) in [
            ("0", &[0_u8][..]),
            ("10", &[10]),
            ("128", &[0, 0x80]),
            ("65536", &[1, 0, 0]),
            ("-5", &[0xfb]),
            ("18446744073709551616", &[1, 0, 0, 0, 0, 0, 0, 0, 0]),
        ] {
            assert_eq!(decimal_serial(text).as_deref(), Some(octets), "{text}");
        }
        for bad in ["", "-", "xyz", "1.5", &"1".repeat(129)] {
            assert_eq!((hex_serial(bad), decimal_serial(bad)), (None, None), "{bad}");
        }
    }

    #[test]
    fn days_and_moments_are_read_in_the_usual_forms() {
        let day = 1_488_297_600; // 2017-03-01T00:00:00+08:00
        for text in ["2017-03-01", "2017/3/1", "2017.3.1", "20170301", "2017年3月1日", " 2017年03月01日 "] {
            assert_eq!(moment(text), Some(Moment { seconds: day, day_only: true }), "{text}");
        }
        for (text, after) in [
            ("2017-03-01 08:30:15", 30_615),
            ("2017/3/1 8:30", 30_600),
            ("2017年3月1日 8:30:15", 30_615),
            ("20170301083015", 30_615),
            ("20170301 083015", 30_615),
            ("2017-03-01T00:30:15Z", 30_615),
            ("2017-03-01T08:30:15+08:00", 30_615),
            ("2017-03-01 08:30:15.123 +0800", 30_615),
            ("20170301003015Z", 30_615),
            ("2017-02-28T20:00:00-04:00", 28_800),
        ] {
            assert_eq!(moment(text), Some(Moment { seconds: day + after, day_only: false }), "{text}");
        }
        for bad in [
            "",
            "17-03-01",
            "3/1/2017",
            "2017-13-01",
            "2017-02-30",
            "2017",
            "201703",
            "2017-03-01 25:00",
            "2017-03-01 8",
            "2017-03-01 08:30:15+99:00",
            "2017-3",
            "2017-03-01x",
            "1488297600",
            "2017-003-01",
            "2017-03-01 +8:+3",
        ] {
            assert_eq!(moment(bad), None, "{bad}");
        }
    }

    #[test]
    fn algorithms_are_read_in_the_usual_writings() {
        use Algorithm::{Ecdsa, MlDsa, Other, Rsa, Sm2};
        for (text, algorithm, bits) in [
            ("RSA", Rsa, None),
            ("RSA2048", Rsa, Some(2048)),
            ("RSA-1024", Rsa, Some(1024)),
            ("RSA（4096位）", Rsa, Some(4096)),
            ("rsa 2048 bits", Rsa, Some(2048)),
            ("SHA1WithRSA", Rsa, None),
            ("国密SM2", Sm2, None),
            ("SM2-256", Sm2, None),
            ("SM3withSM2", Sm2, None),
            ("ECDSA P-256", Ecdsa, None),
            ("Dilithium3", MlDsa, None),
            ("DSA1024", Other, None),
        ] {
            assert_eq!(super::algorithm(text), Some((algorithm, bits)), "{text}");
        }
        assert_eq!(super::algorithm("RSA99999999999"), None);
        assert_eq!(super::algorithm("AES"), None);
    }

    #[test]
    fn names_come_out_as_certificates_give_them() {
        let shown = "C=CN,O=示例\\, 公司,OU=财务部,CN=张三,emailAddress=a@b.cn";
        for text in [
            shown,
            "C=CN, O=示例\\, 公司, OU=财务部, CN=张三, E=a@b.cn",
            "EMAILADDRESS=a@b.cn, CN=张三, OU=财务部, O=示例\\, 公司, C=CN",
            "/C=CN/O=示例, 公司/OU=财务部/CN=张三/emailAddress=a@b.cn",
        ] {
            assert_eq!(name(text), shown, "{text}");
        }
        assert_eq!(name("/C=CN/CN=a/b"), "C=CN,CN=a/b");
        for kept in ["旧 CA", "CN=a+OU=b,C=CN", "XY=1,C=CN", "CN=\"a\"", "CN=a\\"] {
            assert_eq!(name(kept), kept);
        }
        assert_eq!(parts("C=CN,CN=A"), parts("CN=a,C=cn"));
        assert_ne!(parts("C=CN,CN=A"), parts("C=CN,CN=B"));
    }
}
