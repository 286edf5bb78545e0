//! Personal fields: encrypted at rest, masked in every output, present in the signed record only as salted digests.
//!
//! The signed record must be checkable for ever, also after the personal data had to be deleted; hence
//! SM3(salt ‖ value) in the record, and salt and value sealed beside it.

use hufu_model::entropy::Entropy;
use hufu_model::holder::{Field, Holder, Visibility};
use hufu_model::ident::{Digest, hex, unhex};
use hufu_model::text::{mask_id, mask_phone};
use hufu_x509::digest::sm3;
use zeroize::Zeroize;

use crate::document;
use crate::error::Result;

/// The personal fields of a holder with their salts. It has no `Debug`; its values are wiped when dropped.
pub(crate) struct Personal(Vec<(Field, [u8; 16], String)>);

impl Personal {
    pub(crate) fn new(holder: &Holder, entropy: &dyn Entropy) -> Result<Self> {
        let mut fields = Vec::new();
        for (field, value) in holder.fields(Visibility::Personal) {
            fields.push((field, entropy.array()?, value.to_owned()));
        }
        Ok(Self(fields))
    }

    /// What stands in the signed record.
    pub(crate) fn digests(&self) -> Vec<(String, Digest)> {
        self.0.iter().map(|(field, salt, value)| (field.code().to_owned(), salted(salt, value))).collect()
    }

    /// One line for each field: name, salt in hexadecimal, value.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = String::new();
        for (field, salt, value) in &self.0 {
            out.push_str(&format!("{} {} {}\n", field.code(), hex(salt), value));
        }
        out.into_bytes()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let bad = || document::fault("sealed fields", "they are not in the expected form");
        let text = std::str::from_utf8(bytes).map_err(|_| bad())?;
        let mut fields = Vec::new();
        for line in text.lines() {
            let mut parts = line.splitn(3, ' ');
            let (Some(field), Some(salt), Some(value)) = (parts.next(), parts.next(), parts.next()) else {
                return Err(bad());
            };
            let salt = unhex(salt).and_then(|s| s.try_into().ok()).ok_or_else(bad)?;
            fields.push((field.parse::<Field>()?, salt, value.to_owned()));
        }
        Ok(Self(fields))
    }

    /// The fields in clear, for a request that repeats them.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (Field, String)> {
        self.0.iter().map(|(field, _, value)| (*field, value.clone()))
    }

    /// Whether both hold the same values; their salts differ.
    pub(crate) fn same_values(&self, other: &Self) -> bool {
        self.0.iter().map(|(field, _, value)| (field, value)).eq(other.0.iter().map(|(field, _, value)| (field, value)))
    }

    /// The field of a document number or telephone number that stands in clear in one of `places`, in capital or small
    /// letters.
    pub(crate) fn leak_into(&self, places: &[&[u8]]) -> Option<Field> {
        let numbers = self.0.iter().filter(|(field, _, value)| {
            !matches!(field, Field::ContactName | Field::AdministratorName) && value.len() >= 6
        });
        let stands_in =
            |value: &str, place: &[u8]| place.windows(value.len()).any(|w| w.eq_ignore_ascii_case(value.as_bytes()));
        let mut leaks = numbers.filter(|(_, _, value)| places.iter().any(|place| stands_in(value, place)));
        leaks.next().map(|(field, ..)| *field)
    }

    /// The fields as an operator may see them.
    pub(crate) fn masked(&self) -> Vec<(Field, String)> {
        let mask = |field: &Field, value: &str| match field {
            Field::Phone | Field::ContactPhone | Field::AdministratorPhone => mask_phone(value),
            Field::ContactName | Field::AdministratorName => mask_name(value),
            _ => mask_id(value),
        };
        self.0.iter().map(|(field, _, value)| (*field, mask(field, value))).collect()
    }
}

impl Drop for Personal {
    fn drop(&mut self) {
        for (_, salt, value) in &mut self.0 {
            salt.zeroize();
            value.zeroize();
        }
    }
}

pub(crate) fn mask_name(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|first| std::iter::once(first).chain(chars.map(|_| '*')).collect()).unwrap_or_default()
}

fn salted(salt: &[u8; 16], value: &str) -> Digest {
    let mut input = Vec::with_capacity(16 + value.len());
    input.extend_from_slice(salt);
    input.extend_from_slice(value.as_bytes());
    let digest = sm3(&input);
    input.zeroize();
    digest
}
