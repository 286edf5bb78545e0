//! Why a key or a signature is refused.

use std::fmt;

/// Why 65 octets are not a public key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum KeyError {
    /// The first octet, given here, is not 04: the point is compressed, hybrid, infinity, or no point at all.
    Form(u8),
    /// A coordinate is not below the prime p of the field.
    Coordinate,
    /// The coordinates do not satisfy y² = x³ - 3x + b.
    OffCurve,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(octet) => {
                write!(f, "the public key begins with {octet:02X}, not with 04: send the point uncompressed, as 04 ‖ X ‖ Y")
            }
            Self::Coordinate => f.write_str(
                "a coordinate of the public key is not below the prime of the SM2 field: the key was made for another \
                 curve or was altered; send the key again",
            ),
            Self::OffCurve => f.write_str(
                "the public key is not a point of the SM2 curve: it was made for another curve or was altered; send the \
                 key again",
            ),
        }
    }
}

impl std::error::Error for KeyError {}

/// Why a signature is refused, in the order in which the checks are made (GB/T 32918.2-2016 clause 7.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum VerifyError {
    /// r is not in 1..=n-1 (step B1).
    RangeOfR,
    /// s is not in 1..=n-1 (step B2).
    RangeOfS,
    /// t = r + s is zero modulo n (step B5).
    ZeroSum,
    /// \[s\]G + \[t\]P is the point at infinity, which has no x (step B6).
    Infinity,
    /// (e + x) modulo n is not r: another key, another message, or an altered signature (step B7).
    Mismatch,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RangeOfR => "the number r of the signature is not from 1 to n-1: no SM2 signer makes it; sign again",
            Self::RangeOfS => "the number s of the signature is not from 1 to n-1: no SM2 signer makes it; sign again",
            Self::ZeroSum => "r + s of the signature is zero modulo n: no SM2 signer makes it; sign again",
            Self::Infinity => "the signature leads to the point at infinity: no SM2 signer makes it; sign again",
            Self::Mismatch => {
                "the signature does not fit the key and the message: compare key, message and the identity that was \
                 hashed, then sign again"
            }
        })
    }
}

impl std::error::Error for VerifyError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_says_what_and_what_to_do() {
        let texts = [
            KeyError::Form(2).to_string(),
            KeyError::Coordinate.to_string(),
            KeyError::OffCurve.to_string(),
            VerifyError::RangeOfR.to_string(),
            VerifyError::RangeOfS.to_string(),
            VerifyError::ZeroSum.to_string(),
            VerifyError::Infinity.to_string(),
            VerifyError::Mismatch.to_string(),
        ];
        for text in &texts {
            assert!(text.contains("send the") || text.contains("sign again"), "{text}");
        }
        assert!(texts.first().is_some_and(|t| t.contains("begins with 02")));
    }
}
