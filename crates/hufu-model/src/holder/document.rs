//! Identity documents (证件) and unified social credit codes (统一社会信用代码): their form and their check characters.
//!
//! This is arithmetic: whether a number was ever given to anybody is known to the registers, not here. Faults name the
//! rule and the place, never the number.

use std::fmt;
use std::ops::RangeInclusive;

use time::{Date, Month};

/// Kinds of identity document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentType {
    /// Resident identity card (居民身份证), GB 11643.
    ResidentId,
    /// Residence permit for residents of Hong Kong, Macao and Taiwan (港澳台居民居住证), same number form.
    HkMacaoTaiwanResidencePermit,
    /// Permanent resident identity card for foreigners (外国人永久居留身份证).
    ForeignPermanentResidentId,
    /// Passport of any country (护照).
    Passport,
    /// Officer's card of the armed forces (军官证).
    MilitaryId,
    /// Officer's card of the armed police (武警警官证).
    ArmedPoliceId,
    /// Mainland travel permit for residents of Hong Kong and Macao (港澳居民来往内地通行证).
    HkMacaoPermit,
    /// Mainland travel permit for residents of Taiwan (台湾居民来往大陆通行证).
    TaiwanPermit,
}

impl DocumentType {
    /// Every type.
    pub const ALL: [Self; 8] = [
        Self::ResidentId,
        Self::HkMacaoTaiwanResidencePermit,
        Self::ForeignPermanentResidentId,
        Self::Passport,
        Self::MilitaryId,
        Self::ArmedPoliceId,
        Self::HkMacaoPermit,
        Self::TaiwanPermit,
    ];

    /// The stable code, `resident-id`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::ResidentId => "resident-id",
            Self::HkMacaoTaiwanResidencePermit => "hk-macao-taiwan-residence-permit",
            Self::ForeignPermanentResidentId => "foreign-permanent-resident-id",
            Self::Passport => "passport",
            Self::MilitaryId => "military-id",
            Self::ArmedPoliceId => "armed-police-id",
            Self::HkMacaoPermit => "hk-macao-permit",
            Self::TaiwanPermit => "taiwan-permit",
        }
    }

    /// The form of its number, in words.
    #[must_use]
    pub const fn rule(self) -> &'static str {
        match self {
            Self::ResidentId => "17 digits and a check character 0-9 or X (GB 11643)",
            Self::HkMacaoTaiwanResidencePermit => "17 digits that begin with 81, 82 or 83, and a check character",
            Self::ForeignPermanentResidentId => {
                "17 digits that begin with 9 and a check character, or in the older form 3 letters and 12 digits"
            }
            Self::Passport => "5 to 15 letters A-Z and digits, at least one digit",
            Self::MilitaryId | Self::ArmedPoliceId => "one to three Chinese characters, 字第, 4 to 10 digits, 号",
            Self::HkMacaoPermit => "H or M and 8 or 10 digits",
            Self::TaiwanPermit => "8 or 10 digits",
        }
    }
}

crate::code_enum!(
    DocumentType,
    "document type",
    "resident-id, hk-macao-taiwan-residence-permit, foreign-permanent-resident-id, passport, military-id, \
     armed-police-id, hk-macao-permit or taiwan-permit"
);

/// A number with a check character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeRule {
    /// The 18 characters of GB 11643-1999, check character by ISO 7064 MOD 11-2.
    Gb11643,
    /// The 18 characters of GB 32100-2015, check character modulo 31.
    Gb32100,
}

impl fmt::Display for CodeRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gb11643 => "identity number (GB 11643)",
            Self::Gb32100 => "credit code (GB 32100)",
        })
    }
}

/// Why the number of a document or a credit code is refused. Positions count characters from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DocumentFault {
    /// It does not have 18 characters.
    Length {
        /// The rule.
        rule: CodeRule,
        /// How many there are.
        length: usize,
    },
    /// A character that cannot stand there.
    Character {
        /// The rule.
        rule: CodeRule,
        /// Where it stands.
        at: usize,
        /// What may stand there.
        allowed: &'static str,
    },
    /// The leading digits name no province (GB/T 2260).
    Region {
        /// The rule.
        rule: CodeRule,
        /// Where the division code begins.
        at: usize,
    },
    /// Digits 7 to 14 are no date of birth between 1900 and 2100.
    BirthDate,
    /// The last character does not fit the 17 before it.
    Check {
        /// The rule.
        rule: CodeRule,
        /// The character that fits.
        expected: char,
        /// The character that is there.
        found: char,
    },
    /// The number does not have the form of its document.
    Form(DocumentType),
}

impl DocumentFault {
    /// Every code, for the message catalogues.
    pub const CODES: [&'static str; 6] = [
        "document.length",
        "document.character",
        "document.region",
        "document.birth-date",
        "document.check",
        "document.form",
    ];

    /// The stable code, `document.check`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Length { .. } => "document.length",
            Self::Character { .. } => "document.character",
            Self::Region { .. } => "document.region",
            Self::BirthDate => "document.birth-date",
            Self::Check { .. } => "document.check",
            Self::Form(_) => "document.form",
        }
    }
}

impl fmt::Display for DocumentFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { rule, length } => write!(f, "{rule}: it has 18 characters, here are {length}"),
            Self::Character { rule, at, allowed } => write!(f, "{rule}: character {at} must be {allowed}"),
            Self::Region { rule, at } => {
                write!(f, "{rule}: the two digits at character {at} name no province of GB/T 2260")
            }
            Self::BirthDate => {
                write!(f, "{}: characters 7 to 14 are no date of birth from 1900 to 2100", CodeRule::Gb11643)
            }
            Self::Check { rule, expected, found } => write!(
                f,
                "{rule}: the check character is {found}, but {expected} fits the 17 before it; compare the number with \
                 the document"
            ),
            Self::Form(kind) => write!(f, "a {kind} number has {}", kind.rule()),
        }
    }
}

impl std::error::Error for DocumentFault {}

/// Checks the number of a document and returns it as it is stored: capital letters, no spaces around it.
///
/// # Errors
/// The first [`DocumentFault`].
pub fn check_document(kind: DocumentType, text: &str) -> Result<String, DocumentFault> {
    let number = text.trim_matches(' ').to_uppercase();
    let form = |good: bool| {
        if good { Ok(number.clone()) } else { Err(DocumentFault::Form(kind)) }
    };
    match kind {
        DocumentType::ResidentId => check_resident(&number, is_mainland),
        DocumentType::HkMacaoTaiwanResidencePermit => check_resident(&number, |p| matches!(p, "81" | "82" | "83")),
        DocumentType::ForeignPermanentResidentId if number.chars().count() == 18 => {
            check_resident(&number, |p| p.starts_with('9'))
        }
        DocumentType::ForeignPermanentResidentId => {
            form(number.len() == 15 && letters(&number, 0, 3) && digits(&number, 3, 12..=12))
        }
        DocumentType::Passport => form(
            (5..=15).contains(&number.len())
                && number.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
                && number.bytes().any(|b| b.is_ascii_digit()),
        ),
        DocumentType::MilitaryId | DocumentType::ArmedPoliceId => {
            check_officer(&number).ok_or(DocumentFault::Form(kind))
        }
        DocumentType::HkMacaoPermit => {
            form(number.starts_with(['H', 'M']) && (digits(&number, 1, 8..=8) || digits(&number, 1, 10..=10)))
        }
        DocumentType::TaiwanPermit => form(digits(&number, 0, 8..=8) || digits(&number, 0, 10..=10)),
    }
}

/// Checks a unified social credit code (GB 32100-2015) and returns it in capital letters.
///
/// # Errors
/// The first [`DocumentFault`].
pub fn check_credit_code(text: &str) -> Result<String, DocumentFault> {
    const RULE: CodeRule = CodeRule::Gb32100;
    let code = text.trim_matches(' ').to_uppercase();
    let length = code.chars().count();
    if length != 18 {
        return Err(DocumentFault::Length { rule: RULE, length });
    }
    for (i, ch) in code.chars().enumerate() {
        let region = (2..8).contains(&i);
        let allowed = if region { "a digit" } else { "a digit or a capital letter other than I, O, S, V and Z" };
        if credit_value(ch).is_none() || (region && !ch.is_ascii_digit()) {
            return Err(DocumentFault::Character { rule: RULE, at: i + 1, allowed });
        }
    }
    // The national registration offices use 100000, the country as a whole.
    if !is_province(&code[2..4]) && &code[2..8] != "100000" {
        return Err(DocumentFault::Region { rule: RULE, at: 3 });
    }
    check_last(RULE, code, credit_check)
}

/// The identity number that begins with these 17 digits, for tests and demonstrations; none for anything else.
#[must_use]
pub fn resident_id_with_check(first17: &str) -> Option<String> {
    with_check(first17, resident_check)
}

/// The credit code that begins with these 17 characters, for tests and demonstrations; none for anything else.
#[must_use]
pub fn credit_code_with_check(first17: &str) -> Option<String> {
    with_check(first17, credit_check)
}

fn with_check(first17: &str, check: fn(&str) -> Option<char>) -> Option<String> {
    let last = Some(first17).filter(|t| t.chars().count() == 17).and_then(check)?;
    Some(format!("{first17}{last}"))
}

/// Whether eight digits are a calendar date from 1900 to 2100. Whether it lies in the future is not asked: nothing here
/// reads a clock.
pub(crate) fn is_birth_date(text: &str) -> bool {
    // `str::parse` takes a sign, a date of birth has none.
    let number = |from, to| text.get(from..to).filter(|t: &&str| t.bytes().all(|b| b.is_ascii_digit()))?.parse().ok();
    let date = || {
        let (year, month, day): (u16, u16, u16) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
        let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
        Date::from_calendar_date(i32::from(year), month, u8::try_from(day).ok()?).ok()
    };
    text.len() == 8 && date().is_some_and(|d| (1900..=2100).contains(&d.year()))
}

fn check_resident(number: &str, prefix: fn(&str) -> bool) -> Result<String, DocumentFault> {
    const RULE: CodeRule = CodeRule::Gb11643;
    let length = number.chars().count();
    if length != 18 {
        return Err(DocumentFault::Length { rule: RULE, length });
    }
    for (i, ch) in number.chars().enumerate() {
        let good = ch.is_ascii_digit() || (i == 17 && ch == 'X');
        if !good {
            let allowed = if i == 17 { "a digit or X" } else { "a digit" };
            return Err(DocumentFault::Character { rule: RULE, at: i + 1, allowed });
        }
    }
    if !prefix(&number[..2]) {
        return Err(DocumentFault::Region { rule: RULE, at: 1 });
    }
    if !is_birth_date(&number[6..14]) {
        return Err(DocumentFault::BirthDate);
    }
    check_last(RULE, number.to_owned(), resident_check)
}

/// Compares the 18th character with the one that fits; `code` has 18 ASCII characters here.
fn check_last(rule: CodeRule, code: String, check: fn(&str) -> Option<char>) -> Result<String, DocumentFault> {
    match (check(&code[..17]), code.chars().last()) {
        (Some(expected), Some(found)) if expected != found => Err(DocumentFault::Check { rule, expected, found }),
        _ => Ok(code),
    }
}

/// ISO 7064 MOD 11-2 over 17 digits: weights 2^(18-i) mod 11.
fn resident_check(first17: &str) -> Option<char> {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let mut sum = 0;
    for (ch, weight) in first17.chars().zip(WEIGHTS) {
        sum += ch.to_digit(10)? * weight;
    }
    "10X98765432".chars().nth(usize::try_from(sum % 11).ok()?)
}

const CREDIT_DIGITS: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";

fn credit_value(ch: char) -> Option<usize> {
    CREDIT_DIGITS.chars().position(|c| c == ch)
}

/// GB 32100-2015 Annex: weights 3^(i-1) mod 31 over 17 characters.
fn credit_check(first17: &str) -> Option<char> {
    let (mut sum, mut weight) = (0, 1);
    for ch in first17.chars() {
        sum += credit_value(ch)? * weight;
        weight = weight * 3 % 31;
    }
    CREDIT_DIGITS.chars().nth((31 - sum % 31) % 31)
}

/// The first two digits of the divisions of GB/T 2260 that issue resident identity cards.
fn is_mainland(prefix: &str) -> bool {
    const PROVINCES: [RangeInclusive<u8>; 6] = [11..=15, 21..=23, 31..=37, 41..=46, 50..=54, 61..=65];
    prefix.parse().is_ok_and(|p: u8| PROVINCES.iter().any(|r| r.contains(&p)))
}

fn is_province(prefix: &str) -> bool {
    is_mainland(prefix) || matches!(prefix, "71" | "81" | "82")
}

fn letters(text: &str, from: usize, count: usize) -> bool {
    text.get(from..from + count).is_some_and(|t| t.bytes().all(|b| b.is_ascii_uppercase()))
}

/// Whether `text` holds nothing but digits from octet `from` on, and how many of them.
fn digits(text: &str, from: usize, count: RangeInclusive<usize>) -> bool {
    text.get(from..).is_some_and(|t| count.contains(&t.len()) && t.bytes().all(|b| b.is_ascii_digit()))
}

/// `军字第1234567号`: the last character may be missing and is then added.
fn check_officer(text: &str) -> Option<String> {
    let (service, rest) = text.split_once("字第")?;
    let number = rest.strip_suffix('号').unwrap_or(rest);
    let service_ok = (1..=3).contains(&service.chars().count())
        && service.chars().all(|c| matches!(c, '\u{4E00}'..='\u{9FFF}' | '\u{3400}'..='\u{4DBF}'));
    (service_ok && digits(number, 0, 4..=10)).then(|| format!("{service}字第{number}号"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn resident(text: &str) -> Result<String, DocumentFault> {
        check_document(DocumentType::ResidentId, text)
    }

    #[test]
    fn the_example_of_gb_11643_passes_and_small_x_is_normalised() {
        assert_eq!(resident("11010519491231002x").unwrap(), "11010519491231002X");
        assert_eq!(resident_id_with_check("11010519491231002").unwrap(), "11010519491231002X");
        // The other example of the standard was born in 1880: its check digit fits, its date is refused.
        assert_eq!(resident_id_with_check("44052418800101001").unwrap(), "440524188001010014");
        assert_eq!(resident("440524188001010014"), Err(DocumentFault::BirthDate));
    }

    #[test]
    fn each_slip_in_an_identity_number_is_named() {
        let rule = CodeRule::Gb11643;
        let check = DocumentFault::Check { rule, expected: 'X', found: '1' };
        assert_eq!(resident("110105194912310021"), Err(check.clone()));
        assert!(check.to_string().contains("but X fits") && !check.to_string().contains("110105"));
        assert_eq!(resident("11010519491231002"), Err(DocumentFault::Length { rule, length: 17 }));
        assert_eq!(resident("1101O519491231002X"), Err(DocumentFault::Character { rule, at: 5, allowed: "a digit" }));
        assert_eq!(
            resident("110105194912310０２X"),
            Err(DocumentFault::Character { rule, at: 16, allowed: "a digit" })
        );
        assert_eq!(resident("99010519491231002X"), Err(DocumentFault::Region { rule, at: 1 }));
        assert_eq!(resident("11010519490231002X"), Err(DocumentFault::BirthDate));
        assert_eq!(resident("11010519230229002X"), Err(DocumentFault::BirthDate));
        assert!(resident(&resident_id_with_check("11010519240229002").unwrap()).is_ok());
    }

    #[test]
    fn any_single_wrong_digit_and_any_swap_of_neighbours_is_found() {
        let good = "11010519491231002X";
        for i in 0..17 {
            for d in "0123456789".chars().filter(|d| *d != good.chars().nth(i).unwrap()) {
                let mut bad: Vec<char> = good.chars().collect();
                bad[i] = d;
                assert!(resident(&bad.into_iter().collect::<String>()).is_err());
            }
        }
        for i in 0..16 {
            let mut bad: Vec<char> = good.chars().collect();
            bad.swap(i, i + 1);
            let bad: String = bad.into_iter().collect();
            assert!(bad == good || resident(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_example_of_gb_32100_passes() {
        // The worked example of GB 32100-2015 and two codes of well-known companies.
        for code in ["91350100M000100Y43", "91110000802100433B", "9144030071526726XG"] {
            assert_eq!(check_credit_code(code).unwrap(), code);
            assert_eq!(check_credit_code(&code.to_lowercase()).unwrap(), code);
            assert_eq!(credit_code_with_check(&code[..17]).unwrap(), code);
        }
    }

    #[test]
    fn each_slip_in_a_credit_code_is_named() {
        let rule = CodeRule::Gb32100;
        assert_eq!(
            check_credit_code("91350100M000100Y44"),
            Err(DocumentFault::Check { rule, expected: '3', found: '4' })
        );
        assert_eq!(check_credit_code("91350100M000100Y4"), Err(DocumentFault::Length { rule, length: 17 }));
        for (bad, at) in [("9135010OM000100Y43", 8), ("91350100M00O100Y43", 12), ("91350100M000100Y4Ｘ", 18)] {
            assert!(matches!(check_credit_code(bad), Err(DocumentFault::Character { at: a, .. }) if a == at), "{bad}");
        }
        assert_eq!(check_credit_code("91990100M000100Y43"), Err(DocumentFault::Region { rule, at: 3 }));
        assert_eq!(credit_code_with_check("9135010"), None);
        assert_eq!(resident_id_with_check("1101051949123100X"), None);
    }

    #[test]
    fn every_document_has_a_good_and_a_bad_number() {
        let id = |first17: &str| resident_id_with_check(first17).unwrap();
        for (kind, good, normal, bad) in [
            (DocumentType::ResidentId, id("51010419900307201"), id("51010419900307201"), "510104199003072"),
            (
                DocumentType::HkMacaoTaiwanResidencePermit,
                id("81000019900307201"),
                id("81000019900307201"),
                "11010519491231002X",
            ),
            (DocumentType::ForeignPermanentResidentId, "usa123456789012".into(), "USA123456789012".into(), "US1"),
            (
                DocumentType::ForeignPermanentResidentId,
                id("91115619810823201"),
                id("91115619810823201"),
                "11010519491231002X",
            ),
            (DocumentType::Passport, "e12345678".into(), "E12345678".into(), "护照12345"),
            (DocumentType::MilitaryId, "军字第1234567".into(), "军字第1234567号".into(), "1234567"),
            (DocumentType::ArmedPoliceId, "武字第1234567号".into(), "武字第1234567号".into(), "武字第号"),
            (DocumentType::HkMacaoPermit, "H12345678".into(), "H12345678".into(), "T12345678"),
            (DocumentType::TaiwanPermit, "12345678".into(), "12345678".into(), "1234567"),
        ] {
            assert_eq!(check_document(kind, &good).unwrap(), normal);
            let fault = check_document(kind, bad).unwrap_err();
            assert!(DocumentFault::CODES.contains(&fault.code()));
            assert!(!fault.to_string().contains(bad), "{fault}");
        }
        assert!(DocumentType::ALL.iter().all(|k| k.code().parse() == Ok(*k)));
    }

    #[test]
    fn hostile_numbers_do_not_panic() {
        for text in ["", " ", "é", "字第", "字第号", "一字第", "\u{202E}11010519491231002X", &"9".repeat(10_000), "ﬀ"]
        {
            for kind in DocumentType::ALL {
                assert!(check_document(kind, text).is_err(), "{kind} {text}");
            }
            assert!(check_credit_code(text).is_err());
            assert!(resident_id_with_check(text).is_none() && credit_code_with_check(text).is_none());
        }
    }
}
