//! What a printable name may hold, and how text is compared, shown and masked.
//!
//! Names come from strangers and end in certificates, lists, sheets, terminals and logs, so one rule decides for all of
//! them: [`check_name`]. It refuses what cannot be seen, what looks like something else, and what another program would
//! run; it lets every real name pass, from `阿卜杜拉·买买提` to the rarest ideographs. It is no transliteration and no
//! spelling check. Start with [`check_name`].

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::holder::{DocumentType, check_document, is_birth_date};
use character::{Script, bad_character, is_middle_dot, script};

mod character;

pub use character::BadCharacter;

/// Why a name, host name, mail address or telephone number is refused. Positions count characters from 1.
///
/// Its `Display` shows characters as `U+202E`, never as themselves, and never repeats an identity number: it may be
/// printed and logged.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameFault {
    /// There is no text.
    Empty,
    /// The text is longer than the bound of the field.
    TooLong {
        /// Its length, in characters.
        length: usize,
        /// The bound.
        max: usize,
    },
    /// A space at the start or the end.
    OuterSpace,
    /// Two spaces one after the other.
    DoubleSpace {
        /// Where the second one stands.
        at: usize,
    },
    /// A character that no name may hold.
    Character {
        /// The character.
        ch: char,
        /// Where it stands.
        at: usize,
        /// What is wrong with it.
        class: BadCharacter,
    },
    /// The text is not in normalisation form C: the same letters exist in another spelling.
    NotNfc {
        /// Where the two spellings begin to differ.
        at: usize,
    },
    /// A look-alike form of other characters, such as a full-width letter.
    Compatibility {
        /// The character.
        ch: char,
        /// Where it stands.
        at: usize,
        /// What it stands for.
        plain: String,
    },
    /// A combining mark without a letter, or more than [`MAX_MARKS`] on one letter.
    Mark {
        /// Where it stands.
        at: usize,
    },
    /// A spreadsheet would take the text for a formula, or a command for an option.
    Formula {
        /// The first character.
        ch: char,
    },
    /// One word mixes letters of scripts that look alike, e.g. a Cyrillic а among Latin letters.
    MixedScripts {
        /// Where the first letter of the second script stands.
        at: usize,
    },
    /// A raw resident identity number stands in the name, where everybody could read it for ever.
    IdentityNumber {
        /// Where it begins.
        at: usize,
    },
    /// The text is no DNS host name.
    HostName {
        /// The rule it breaks.
        rule: &'static str,
    },
    /// The text is no mail address.
    Email {
        /// The rule it breaks.
        rule: &'static str,
    },
    /// The text is no telephone number.
    Phone,
}

impl NameFault {
    /// The stable code, `name.bidi`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "name.empty",
            Self::TooLong { .. } => "name.too-long",
            Self::OuterSpace => "name.outer-space",
            Self::DoubleSpace { .. } => "name.double-space",
            Self::Character { class, .. } => class.code(),
            Self::NotNfc { .. } => "name.not-nfc",
            Self::Compatibility { .. } => "name.look-alike",
            Self::Mark { .. } => "name.mark",
            Self::Formula { .. } => "name.formula",
            Self::MixedScripts { .. } => "name.mixed-scripts",
            Self::IdentityNumber { .. } => "name.identity-number",
            Self::HostName { .. } => "name.host",
            Self::Email { .. } => "name.email",
            Self::Phone => "name.phone",
        }
    }

    /// Every code, for the message catalogues.
    pub const CODES: [&'static str; 21] = [
        "name.empty",
        "name.too-long",
        "name.outer-space",
        "name.double-space",
        "name.control",
        "name.bidi",
        "name.invisible",
        "name.separator",
        "name.space",
        "name.private-use",
        "name.no-character",
        "name.syntax",
        "name.not-nfc",
        "name.look-alike",
        "name.mark",
        "name.formula",
        "name.mixed-scripts",
        "name.identity-number",
        "name.host",
        "name.email",
        "name.phone",
    ];

    /// Where the fault is, counted in characters from 1; none when it concerns the whole text.
    #[must_use]
    pub const fn position(&self) -> Option<usize> {
        match self {
            Self::DoubleSpace { at }
            | Self::Character { at, .. }
            | Self::NotNfc { at }
            | Self::Compatibility { at, .. }
            | Self::Mark { at }
            | Self::MixedScripts { at }
            | Self::IdentityNumber { at } => Some(*at),
            Self::Formula { .. } => Some(1),
            _ => None,
        }
    }
}

impl fmt::Display for NameFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "there is no text"),
            Self::TooLong { length, max } => write!(f, "{length} characters are too long, {max} are allowed"),
            Self::OuterSpace => write!(f, "a space at the start or the end; remove it"),
            Self::DoubleSpace { at } => write!(f, "two spaces at character {at}; leave one"),
            Self::Character { ch, at, class } => {
                write!(f, "character {at} (U+{:04X}) {}; remove it", u32::from(*ch), class.words())
            }
            Self::NotNfc { at } => {
                write!(f, "character {at} is spelt in parts or in an old form; write the text in Unicode form NFC")
            }
            Self::Compatibility { ch, at, plain } => {
                write!(f, "character {at} (U+{:04X}) only looks like {plain:?}; write that", u32::from(*ch))
            }
            Self::Mark { at } => write!(f, "character {at} is a combining mark that belongs to no letter"),
            Self::Formula { ch } => {
                write!(f, "the text begins with {ch:?}, which spreadsheets and commands take for an instruction")
            }
            Self::MixedScripts { at } => {
                write!(f, "the word at character {at} mixes Latin letters with Cyrillic or Greek ones that look alike")
            }
            Self::IdentityNumber { at } => write!(
                f,
                "an identity number begins at character {at}; a name is public, the number belongs into document-number"
            ),
            Self::HostName { rule } => write!(f, "not a host name: {rule}"),
            Self::Email { rule } => write!(f, "not a mail address: {rule}"),
            Self::Phone => {
                write!(f, "not a telephone number; write 13800138000, 010-66666666, 028-86600000-123 or +8613800138000")
            }
        }
    }
}

impl std::error::Error for NameFault {}

/// How many combining marks one letter may carry. Tibetan needs four; more is a text that climbs out of its line.
pub const MAX_MARKS: usize = 4;

/// Checks a name that people will read: of a holder, an organisation, a unit, a place.
///
/// # Errors
/// The first [`NameFault`], the bound of `max_chars` characters before everything else.
pub fn check_name(text: &str, max_chars: usize) -> Result<(), NameFault> {
    let length = text.chars().count();
    if length == 0 {
        return Err(NameFault::Empty);
    }
    if length > max_chars {
        return Err(NameFault::TooLong { length, max: max_chars });
    }
    // Before the characters: a formula is named as what it is, not by the first odd sign in it.
    if let Some(ch @ ('=' | '+' | '-' | '@')) = text.chars().next() {
        return Err(NameFault::Formula { ch });
    }
    check_characters(text)?;
    check_spaces(text)?;
    check_form(text)?;
    check_marks(text)?;
    check_scripts(text)?;
    match find_identity_number(text) {
        Some(at) => Err(NameFault::IdentityNumber { at }),
        None => Ok(()),
    }
}

fn check_characters(text: &str) -> Result<(), NameFault> {
    for (i, ch) in text.chars().enumerate() {
        if let Some(class) = bad_character(ch) {
            return Err(NameFault::Character { ch, at: i + 1, class });
        }
    }
    Ok(())
}

fn check_spaces(text: &str) -> Result<(), NameFault> {
    if text.starts_with(' ') || text.ends_with(' ') {
        return Err(NameFault::OuterSpace);
    }
    let mut before = None;
    for (i, ch) in text.chars().enumerate() {
        if ch == ' ' && before == Some(' ') {
            return Err(NameFault::DoubleSpace { at: i + 1 });
        }
        before = Some(ch);
    }
    Ok(())
}

/// NFC for the whole text, and no character that NFKC would replace but the brackets and commas of Chinese text.
fn check_form(text: &str) -> Result<(), NameFault> {
    let mut composed = text.nfc();
    for (i, ch) in text.chars().enumerate() {
        if composed.next() != Some(ch) {
            return Err(NameFault::NotNfc { at: i + 1 });
        }
    }
    for (i, ch) in text.chars().enumerate() {
        if !matches!(ch, '（' | '）' | '，' | '：') && !std::iter::once(ch).nfkc().eq(std::iter::once(ch)) {
            let plain = std::iter::once(ch).nfkc().collect();
            return Err(NameFault::Compatibility { ch, at: i + 1, plain });
        }
    }
    Ok(())
}

fn check_marks(text: &str) -> Result<(), NameFault> {
    // A mark at the very start, or after a space or an ASCII character, has no letter to stand on: NFC would have
    // composed the common Latin ones.
    let (mut marks, mut carried) = (0, false);
    for (i, ch) in text.chars().enumerate() {
        if is_combining_mark(ch) {
            marks += 1;
            if !carried || marks > MAX_MARKS {
                return Err(NameFault::Mark { at: i + 1 });
            }
        } else {
            (marks, carried) = (0, ch.is_alphabetic());
        }
    }
    Ok(())
}

fn check_scripts(text: &str) -> Result<(), NameFault> {
    let mut word: Option<Script> = None;
    for (i, ch) in text.chars().enumerate() {
        match script(ch) {
            Some(now) if word.is_some_and(|w| w != now) => return Err(NameFault::MixedScripts { at: i + 1 }),
            Some(now) => word = Some(now),
            None if ch.is_alphabetic() || is_combining_mark(ch) => {}
            None => word = None,
        }
    }
    Ok(())
}

/// Finds 17 digits and a digit or X that hold a date of birth, spaces and hyphens between them not counted. The check
/// digit is not asked: a number with a slip in it gives away as much. Between other digits, as in the old form `0` and the
/// number, it is one when region and check digit are right.
fn find_identity_number(text: &str) -> Option<usize> {
    identity_number(text).map(|(first, _)| first)
}

/// As [`find_identity_number`], with the place of the last character, both counted from 1.
fn identity_number(text: &str) -> Option<(usize, usize)> {
    let plain: Vec<(usize, char)> =
        text.chars().enumerate().filter(|(_, c)| !matches!(c, ' ' | '-')).map(|(i, c)| (i + 1, c)).collect();
    let is_digit = |i: usize| plain.get(i).is_some_and(|(_, c)| c.is_ascii_digit());
    for start in 0..plain.len().saturating_sub(17) {
        let bounded = (start == 0 || !is_digit(start - 1)) && !is_digit(start + 18);
        let last = is_digit(start + 17) || plain.get(start + 17).is_some_and(|(_, c)| matches!(c, 'X' | 'x'));
        if last && (start..start + 17).all(is_digit) {
            let number: String = plain[start..start + 18].iter().map(|(_, c)| c).collect();
            let whole = || check_document(DocumentType::ResidentId, &number).is_ok();
            if is_birth_date(&number[6..14]) && (bounded || whole()) {
                return Some((plain[start].0, plain[start + 17].0));
            }
        }
    }
    None
}

/// Checks a remark in an operator's own words, which may be empty: it fits on the screen it is shown on, and holds nothing
/// that a terminal or a log would obey, nothing that cannot be seen, and no identity number.
///
/// # Errors
/// The first [`NameFault`].
pub fn check_remark(text: &str, max_chars: usize) -> Result<(), NameFault> {
    let length = text.chars().count();
    if length > max_chars {
        return Err(NameFault::TooLong { length, max: max_chars });
    }
    for (i, ch) in text.chars().enumerate() {
        match bad_character(ch) {
            None | Some(BadCharacter::Syntax | BadCharacter::Space) => {}
            Some(class) => return Err(NameFault::Character { ch, at: i + 1, class }),
        }
    }
    match find_identity_number(text) {
        Some(at) => Err(NameFault::IdentityNumber { at }),
        None => Ok(()),
    }
}

/// The text as an error may repeat it: masked when an identity number stands in it, as when the columns of a sheet
/// slipped.
pub(crate) fn repeatable(text: &str) -> String {
    if find_identity_number(text).is_some() { mask_id(text) } else { text.to_owned() }
}

/// The form in which texts are compared: NFKC, lower case, single spaces, one middle dot. Two names with one fold are
/// one name for uniqueness and for the blind index.
#[must_use]
pub fn fold(text: &str) -> String {
    let lower: String = text.nfkc().flat_map(char::to_lowercase).collect();
    // Lower-casing can leave NFKC (İ becomes i and a dot), so the result is brought back into it.
    let folded: String = lower.nfkc().map(|c| if is_middle_dot(c) { '·' } else { c }).collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text with every character escaped that a terminal or a log would obey instead of show: `\u{1b}`, `\u{202e}`.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for ch in text.chars() {
        match bad_character(ch) {
            None | Some(BadCharacter::Syntax | BadCharacter::Space | BadCharacter::PrivateUse) => out.push(ch),
            Some(_) => out.extend(ch.escape_unicode()),
        }
    }
    out
}

/// The text with every identity number in it as it may be shown: subjects of old certificates hold some.
///
/// ```
/// let subject = "CN=张三 11010519491231002X,O=示例";
/// assert_eq!(hufu_model::text::mask_identity_numbers(subject), "CN=张三 110***********002X,O=示例");
/// ```
#[must_use]
pub fn mask_identity_numbers(text: &str) -> String {
    let mut out = text.to_owned();
    while let Some((first, last)) = identity_number(&out) {
        let part = |from: usize, to: usize| out.chars().skip(from).take(to.saturating_sub(from)).collect::<String>();
        let masked = mask_id(&part(first - 1, last));
        out = [part(0, first - 1), masked, part(last, usize::MAX)].concat();
    }
    out
}

/// An identity number as it may be shown: `110***********002X`. Short numbers show fewer characters.
#[must_use]
pub fn mask_id(number: &str) -> String {
    let quarter = number.chars().count() / 4;
    mask(number, quarter.min(3), quarter.min(4))
}

/// A telephone number as it may be shown: `138****8000`.
#[must_use]
pub fn mask_phone(number: &str) -> String {
    let length = number.chars().count();
    if length >= 11 { mask(number, 3, 4) } else { mask(number, 0, (length / 2).min(4)) }
}

fn mask(text: &str, head: usize, tail: usize) -> String {
    let length = text.chars().count();
    text.chars().enumerate().map(|(i, c)| if i < head || i + tail >= length { c } else { '*' }).collect()
}

/// Checks a DNS host name (RFC 1123 §2.1): at least two labels of letters, digits and hyphens.
///
/// Single labels are refused because every office has a `mail`; wildcards because one stolen key would then stand for
/// every host.
///
/// # Errors
/// [`NameFault::HostName`] with the rule.
pub fn check_dns_name(text: &str) -> Result<(), NameFault> {
    match host_rule(text) {
        Some(rule) => Err(NameFault::HostName { rule }),
        None => Ok(()),
    }
}

fn host_rule(text: &str) -> Option<&'static str> {
    let labels: Vec<&str> = text.split('.').collect();
    let edge = |l: &str| l.starts_with('-') || l.ends_with('-');
    let odd = |b: u8| !b.is_ascii_alphanumeric() && b != b'-';
    if text.is_empty() || text.len() > 253 {
        Some("it has 1 to 253 characters")
    } else if text.contains('*') {
        Some("wildcards are not issued; name each host")
    } else if text.ends_with('.') {
        Some("it has no dot at the end")
    } else if labels.len() < 2 {
        Some("it has at least two labels, e.g. www.example.gov.cn")
    } else if labels.iter().any(|l| l.is_empty() || l.len() > 63) {
        Some("each label has 1 to 63 characters")
    } else if text.bytes().any(|b| odd(b) && b != b'.') {
        Some("labels hold letters a-z, digits and hyphens; write a Chinese domain as xn--…")
    } else if labels.iter().any(|l| edge(l)) {
        Some("no label begins or ends with a hyphen")
    } else if labels.last().is_some_and(|l| l.bytes().all(|b| b.is_ascii_digit())) {
        Some("the last label is not a number; an IP address has four parts of 0 to 255")
    } else {
        None
    }
}

/// Checks a mail address: the dot-atom form of RFC 5322 §3.4.1 in ASCII, no quoting, no comments.
///
/// # Errors
/// [`NameFault::Email`] with the rule.
pub fn check_email(text: &str) -> Result<(), NameFault> {
    let atext = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b);
    let rule = match text.rsplit_once('@') {
        None => Some("it has the form name@host"),
        Some(_) if text.len() > 254 => Some("it has at most 254 characters"),
        Some((local, _)) if local.is_empty() || local.len() > 64 => Some("1 to 64 characters stand before the @"),
        Some((local, _)) if !local.split('.').all(|a| !a.is_empty() && a.bytes().all(atext)) => {
            Some("before the @ stand ASCII letters, digits and signs, with single dots between them")
        }
        // A sheet would run an address that begins with one of these.
        Some((local, _)) if local.starts_with(['=', '+', '-', '@']) => Some("it begins with a letter or a digit"),
        Some((_, host)) => host_rule(host),
    };
    match rule {
        Some(rule) => Err(NameFault::Email { rule }),
        None => Ok(()),
    }
}

/// Checks a telephone number: a mainland mobile or landline number, or any number in the form of ITU-T E.164.
///
/// # Errors
/// [`NameFault::Phone`].
pub fn check_phone(text: &str) -> Result<(), NameFault> {
    if is_mobile(text) || is_landline(text) || is_international(text) { Ok(()) } else { Err(NameFault::Phone) }
}

fn digits(text: &str, min: usize, max: usize) -> bool {
    (min..=max).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_mobile(text: &str) -> bool {
    digits(text, 11, 11) && text.starts_with('1') && matches!(text.as_bytes()[1], b'3'..=b'9')
}

/// `010-66666666`, `028-86600000-123`, `01066666666`: an area code of 3 or 4 digits and 7 or 8 more.
fn is_landline(text: &str) -> bool {
    if !text.starts_with('0') {
        return false;
    }
    let parts: Vec<&str> = text.split('-').collect();
    match parts[..] {
        [number] => digits(number, 10, 12),
        [area, number] => digits(area, 3, 4) && digits(number, 7, 8),
        [area, number, extension] => digits(area, 3, 4) && digits(number, 7, 8) && digits(extension, 1, 6),
        _ => false,
    }
}

fn is_international(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|n| digits(n, 7, 15) && !n.starts_with('0'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn code(text: &str) -> &'static str {
        check_name(text, 64).err().map_or("accepted", |e| e.code())
    }

    #[test]
    fn real_names_pass() {
        for name in [
            "阿卜杜拉·买买提",
            "张三",
            "𠮷野家",
            "𬎆",
            "𰻝𱁬",
            "李〇",
            "Ann-Marie O'Neil",
            "José Ångström",
            "Nguyễn Thị Ánh",
            "Müller & Söhne (China) Co., Ltd.",
            "四川省人民政府办公厅（机关党委）",
            "中共成都市委“大数据”中心",
            "བཀྲ་ཤིས་བདེ་ལེགས།",
            "Иван Петров",
            "العربية",
            "佐藤 さくら・ジョン",
            "김철수",
            "第3中学 No.7/2",
            "a",
            "gateway-01.chengdu",
        ] {
            assert_eq!(check_name(name, 64), Ok(()), "{name}");
        }
    }

    /// `reliability.md` finding 9: eleven names that a public linter let pass; here 11 of 11 are refused.
    #[test]
    fn the_eleven_hostile_names_are_refused() {
        let long = "名".repeat(65);
        let hostile = [
            ("张\u{1B}[31m三", "name.control"),
            ("张三\nCN=管理员", "name.control"),
            ("张三\0.example.com", "name.control"),
            ("gpj.\u{202E}exe 张三", "name.bidi"),
            ("张\u{200B}三", "name.invisible"),
            ("=cmd|' /C calc'!A0", "name.formula"),
            ("张三 11010519491231002X", "name.identity-number"),
            ("Ｚｈａｎｇ San", "name.look-alike"),
            ("Jose\u{301}", "name.not-nfc"),
            ("\u{430}nn Lee", "name.mixed-scripts"),
            (long.as_str(), "name.too-long"),
        ];
        assert_eq!(hostile.len(), 11);
        for (name, expected) in hostile {
            assert_eq!(code(name), expected, "{name:?}");
        }
    }

    #[test]
    fn every_rule_has_a_string_that_breaks_it() {
        for (name, expected) in [
            ("", "name.empty"),
            (" a", "name.outer-space"),
            ("a ", "name.outer-space"),
            ("a  b", "name.double-space"),
            ("\ta", "name.control"),
            ("a\u{85}", "name.control"),
            ("a\u{2066}b", "name.bidi"),
            ("a\u{61C}b", "name.bidi"),
            ("a\u{AD}b", "name.invisible"),
            ("\u{FEFF}a", "name.invisible"),
            ("葛\u{E0100}城", "name.invisible"),
            ("a\u{E0041}b", "name.invisible"),
            ("\u{3164}", "name.invisible"),
            ("a\u{2028}b", "name.separator"),
            ("a\u{3000}b", "name.space"),
            ("a\u{A0}b", "name.space"),
            ("\u{E000}", "name.private-use"),
            ("\u{10FFFD}", "name.private-use"),
            ("\u{FFFD}", "name.no-character"),
            ("\u{FFFE}", "name.no-character"),
            ("\u{2FFFF}", "name.no-character"),
            ("\u{50000}", "name.no-character"),
            ("<script>", "name.syntax"),
            ("a\"b", "name.syntax"),
            ("Robert'); DROP TABLE", "name.syntax"),
            ("张三,CN=admin", "name.syntax"),
            ("+1", "name.formula"),
            ("-rf", "name.formula"),
            ("@SUM(A1)", "name.formula"),
            ("=1", "name.formula"),
            ("ﬁne", "name.look-alike"),
            ("Ⅱ", "name.look-alike"),
            ("＝1", "name.look-alike"),
            ("𝐀lice", "name.look-alike"),
            ("\u{212B}", "name.not-nfc"),
            ("\u{F900}", "name.not-nfc"),
            ("\u{301}a", "name.mark"),
            ("a \u{323}", "name.mark"),
            ("x\u{327}\u{327}\u{327}\u{327}\u{327}", "name.mark"),
            ("pаypal", "name.mixed-scripts"),
            ("Αlpha", "name.mixed-scripts"),
            ("110105 19491231 0021", "name.identity-number"),
            ("ID110105-194912310021", "name.identity-number"),
        ] {
            assert_eq!(code(name), expected, "{name:?}");
            assert!(NameFault::CODES.contains(&expected));
        }
    }

    #[test]
    fn long_numbers_that_hold_no_birth_date_are_allowed() {
        for name in ["设备 123456789012345678", "SN1101051949123100211", "91350100M000100Y43"] {
            assert_eq!(check_name(name, 64), Ok(()), "{name}");
        }
    }

    #[test]
    fn faults_show_no_hostile_character_and_no_number() {
        for name in ["a\u{202E}b", "a\u{1B}b", "张三 11010519491231002X", "Ｚ", "\u{FEFF}a"] {
            let text = check_name(name, 64).unwrap_err().to_string();
            assert!(text.is_ascii() && !text.contains("110105"), "{text}");
        }
        let fault = check_name("张\u{200B}三", 64).unwrap_err();
        assert_eq!(fault.position(), Some(2));
        assert_eq!(fault.to_string(), "character 2 (U+200B) cannot be seen; remove it");
    }

    #[test]
    fn nothing_that_is_accepted_changes_in_print() {
        let all = (0..=0x10_FFFF_u32).filter_map(char::from_u32);
        for ch in all {
            let text = ch.to_string();
            if check_name(&text, 64).is_ok() {
                assert_eq!(printable(&text), text);
                assert!(!ch.is_control() && !ch.is_whitespace(), "U+{:04X}", u32::from(ch));
            }
        }
    }

    #[test]
    fn folds_are_equal_for_one_name() {
        assert_eq!(fold("ＡＢＣ  （中国）"), fold("abc (中国)"));
        assert_eq!(fold("Jose\u{301}"), fold("JOSÉ"));
        assert_eq!(fold("阿卜杜拉•买买提"), fold("阿卜杜拉·买买提"));
        assert_ne!(fold("张三"), fold("张二"));
        for text in ["İstanbul", "ǅ", "Straße", "ﬃ", "\u{1E9E}"] {
            assert_eq!(fold(&fold(text)), fold(text), "{text}");
        }
    }

    #[test]
    fn terminals_and_logs_see_no_control_characters() {
        assert_eq!(printable("a\u{1B}[2J\u{202E}b\n"), "a\\u{1b}[2J\\u{202e}b\\u{a}");
        assert_eq!(printable("阿卜杜拉·买买提 <a>"), "阿卜杜拉·买买提 <a>");
    }

    #[test]
    fn masks_keep_the_ends_only() {
        assert_eq!(mask_id("11010519491231002X"), "110***********002X");
        assert_eq!(check_name("编号 011010519491231002X", 64).unwrap_err().code(), "name.identity-number");
        assert_eq!(mask_identity_numbers("CN=041@011010519491231002X@张三@1"), "CN=041@0110***********002X@张三@1");
        assert_eq!(
            mask_identity_numbers("11010519491231002x,11010519491231002X"),
            "110***********002x,110***********002X"
        );
        assert_eq!(mask_id("E12345678"), "E1*****78");
        assert_eq!(mask_id("123"), "***");
        assert_eq!(mask_phone("13800138000"), "138****8000");
        assert_eq!(mask_phone("66666666"), "****6666");
        assert_eq!(mask_phone("1"), "*");
        assert_eq!(mask_id(""), "");
    }

    #[test]
    fn host_names() {
        for good in ["www.example.gov.cn", "a.cn", "xn--fiqs8s.xn--55qx5d", "1.example", "WWW.Example.CN"] {
            assert_eq!(check_dns_name(good), Ok(()), "{good}");
        }
        let long = format!("{}.cn", "a".repeat(64));
        for bad in [
            "",
            "localhost",
            "a..cn",
            ".cn",
            "a.cn.",
            "*.gov.cn",
            "-a.cn",
            "a-.cn",
            "a_b.cn",
            "a b.cn",
            "中国.cn",
            "1.2.3.4",
            "a.cn\0",
            &long,
            &"a.".repeat(200),
        ] {
            assert_eq!(check_dns_name(bad).unwrap_err().code(), "name.host", "{bad}");
        }
    }

    #[test]
    fn mail_addresses() {
        for good in ["a@example.gov.cn", "zhang.san+tag@mail.example.cn", "1@a.cn"] {
            assert_eq!(check_email(good), Ok(()), "{good}");
        }
        let long = format!("{}@a.cn", "a".repeat(65));
        for bad in
            ["", "a", "@a.cn", "a@", "a@localhost", "a@@a.cn", "a..b@a.cn", "张@a.cn", "=1@a.cn", "a\n@a.cn", &long]
        {
            assert_eq!(check_email(bad).unwrap_err().code(), "name.email", "{bad}");
        }
    }

    #[test]
    fn telephone_numbers() {
        for good in
            ["13800138000", "010-66666666", "028-86600000-123", "0871-63600000", "01066666666", "+8613800138000"]
        {
            assert_eq!(check_phone(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "call me",
            "1380013800",
            "12800138000",
            "86600000",
            "+0123456789",
            "010-666",
            "=13800138000",
            "１３８００１３８０００",
        ] {
            assert_eq!(check_phone(bad), Err(NameFault::Phone), "{bad}");
        }
    }
}
