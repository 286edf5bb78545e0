//! Identifiers. Every id is a type of its own; none converts into another.

use std::fmt;
use std::str::FromStr;

/// A text that is not a well-formed identifier of the named kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdError {
    /// What the text should have been, e.g. `organisation id`.
    pub what: &'static str,
    /// The text that was refused.
    pub text: String,
    /// The rule it breaks, in words.
    pub rule: &'static str,
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a valid {}: {}", self.text, self.what, self.rule)
    }
}

impl std::error::Error for IdError {}

const SLUG_RULE: &str = "use 1 to 64 of a-z, 0-9, '-', '.' and '_', starting with a letter or digit";

fn is_slug(text: &str) -> bool {
    let bytes = text.as_bytes();
    (1..=64).contains(&bytes.len())
        && bytes[0].is_ascii_alphanumeric()
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.' | b'_'))
}

macro_rules! slug {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                if is_slug(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(IdError { what: $what, text: text.chars().take(80).collect(), rule: SLUG_RULE })
                }
            }
        }
    };
}

slug!(
    /// Names an organisation of the tree, e.g. `ra-sichuan` or `lra-chengdu`.
    OrgId, "organisation id"
);
slug!(
    /// Names an operator, e.g. `chengdu-entry-1`.
    OperatorId, "operator id"
);
slug!(
    /// Names a certificate profile, e.g. `person-sign`.
    ProfileId, "profile id"
);
slug!(
    /// Names a request; unique in the whole home and the key of idempotence: the same id returns the same bytes.
    RequestId, "request id"
);
slug!(
    /// Names an issuing CA of the authority, e.g. `issuing` (the founding one) or `g2`.
    CaId, "CA name"
);
slug!(
    /// Names a migration, e.g. `sm2`.
    MigrationId, "migration id"
);
slug!(
    /// Names an import of certificates that other authorities issued; the key of idempotence of an import.
    ImportId, "import id"
);
slug!(
    /// Names a medium in the ledger of media, e.g. `ukey-0001`.
    MediumId, "medium id"
);

impl ProfileId {
    /// What certificates of other authorities are counted under ([`crate::count::IMPORTED_PROFILE`]).
    #[must_use]
    pub fn imported() -> Self {
        Self(crate::count::IMPORTED_PROFILE.to_owned())
    }
}

/// An SM3 digest (GB/T 32905), written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let bad =
            || IdError { what: "SM3 digest", text: text.chars().take(80).collect(), rule: "use 64 hexadecimal digits" };
        unhex(text).and_then(|v| v.try_into().ok()).map(Self).ok_or_else(bad)
    }
}

/// A certificate's serial number: 1 to 20 octets, big endian, positive, without leading zero (RFC 5280 §4.1.2.2).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Serial(Vec<u8>);

impl Serial {
    /// A serial number from its magnitude.
    ///
    /// # Errors
    /// [`IdError`] when it is empty, longer than 20 octets, zero, has a leading zero octet, or would be negative.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, IdError> {
        let ok = (1..=20).contains(&bytes.len()) && bytes[0] != 0 && (bytes.len() < 20 || bytes[0] < 0x80);
        if ok {
            Ok(Self(bytes.to_vec()))
        } else {
            Err(IdError { what: "serial number", text: hex(bytes), rule: "1 to 20 octets, positive, no leading zero" })
        }
    }

    /// The magnitude, big endian.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Serial({self})")
    }
}

impl FromStr for Serial {
    type Err = IdError;
    /// Reads hexadecimal digits, upper or lower case, with or without colons.
    fn from_str(text: &str) -> Result<Self, IdError> {
        let plain: String = text.chars().filter(|c| *c != ':').collect();
        let bad =
            || IdError { what: "serial number", text: text.chars().take(80).collect(), rule: "use hexadecimal digits" };
        Self::from_bytes(&unhex(&plain).ok_or_else(bad)?)
    }
}

/// Names an escrowed encryption key, written as 32 lower-case hexadecimal digits. It says nothing about the key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EscrowId(pub [u8; 16]);

impl fmt::Display for EscrowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for EscrowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EscrowId({self})")
    }
}

impl FromStr for EscrowId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let bad =
            || IdError { what: "escrow id", text: text.chars().take(80).collect(), rule: "use 32 hexadecimal digits" };
        unhex(text).and_then(|v| v.try_into().ok()).map(Self).ok_or_else(bad)
    }
}

/// Lower-case hexadecimal of `bytes`.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(bytes.len() * 2);
    for b in bytes {
        out.push(char::from(DIGITS[usize::from(b >> 4)]));
        out.push(char::from(DIGITS[usize::from(b & 15)]));
    }
    out
}

/// The octets that `text` (an even number of hexadecimal digits) stands for.
#[must_use]
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn slugs_refuse_paths_spaces_and_capitals() {
        assert!("lra-chengdu".parse::<OrgId>().is_ok());
        for bad in ["", "-x", "../x", "A", "a b", "省", &"a".repeat(65)] {
            assert!(bad.parse::<OrgId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn serial_numbers_are_positive_and_at_most_20_octets() {
        assert!(Serial::from_bytes(&[0x7f; 20]).is_ok());
        assert!(Serial::from_bytes(&[0x80; 20]).is_err());
        assert!(Serial::from_bytes(&[1; 21]).is_err());
        assert!(Serial::from_bytes(&[0]).is_err());
        assert!(Serial::from_bytes(&[0, 1]).is_err());
        assert_eq!("0A:ff".parse::<Serial>().unwrap().to_string(), "0aff");
    }
}
