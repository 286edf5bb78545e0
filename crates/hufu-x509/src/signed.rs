//! What certificates, CRLs and OCSP answers have in common: SEQUENCE { what is signed, algorithm, signature }, and
//! extensions.

use std::ops::Range;

use crate::error::{Error, ErrorKind, Result};
use crate::key::PublicKey;
use crate::oid;
use crate::sign::Signature;
use crate::tlv::{Fault, Reader, Tlv, tag};

/// The parts of a signed structure that a verification needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parts<'a> {
    /// What is signed, with tag and length.
    pub(crate) tbs: &'a [u8],
    /// The algorithm identifier inside what is signed, where there is one.
    pub(crate) inner: Option<&'a [u8]>,
    /// The algorithm identifier beside the signature.
    pub(crate) outer: &'a [u8],
    /// Where the outer one stands.
    pub(crate) outer_at: usize,
    /// The octets of the signature's BIT STRING.
    pub(crate) signature: &'a [u8],
    /// Where they stand.
    pub(crate) signature_at: usize,
}

impl Parts<'_> {
    /// Whether the algorithm identifiers are the same octets.
    pub(crate) fn algorithms_agree(&self) -> bool {
        self.inner.is_none_or(|inner| inner == self.outer)
    }

    /// Whether every algorithm identifier is SM2-with-SM3, with absent or NULL parameters.
    pub(crate) fn is_signed_with_sm2(&self) -> bool {
        self.inner.is_none_or(is_sm2_with_sm3) && is_sm2_with_sm3(self.outer)
    }

    /// The OID of the outer algorithm as text.
    pub(crate) fn algorithm(&self) -> String {
        let inside = Reader::new(self.outer).any().map(|t| t.inside());
        inside.and_then(|mut r| r.any()).map(|t| oid::dotted(t.value)).unwrap_or_default()
    }

    /// Checks the signature with the default ID.
    ///
    /// # Errors
    /// [`ErrorKind::Algorithm`] unless the algorithm identifiers are the same and SM2-with-SM3;
    /// [`ErrorKind::SignatureForm`], [`ErrorKind::Signature`].
    pub(crate) fn verify(&self, key: &PublicKey) -> Result<()> {
        if !self.is_signed_with_sm2() {
            let algorithm = oid::dotted(oid::SM2_WITH_SM3.as_bytes());
            return Err(Error::new(ErrorKind::Algorithm)
                .about(format!("{} instead of {algorithm}", self.algorithm()))
                .at(self.outer_at));
        }
        if !self.algorithms_agree() {
            return Err(Error::new(ErrorKind::Algorithm)
                .about("one of the two has NULL parameters, the other has none")
                .at(self.outer_at));
        }
        key.verify(self.tbs, &Signature::from_der(self.signature)?)
    }
}

/// SM2-with-SM3 with absent parameters (GB/T 20518 §5.2.2) or with the NULL that many authorities write.
pub(crate) fn is_sm2_with_sm3(algorithm: &[u8]) -> bool {
    const ABSENT: &[u8] = &[0x30, 0x0a, 0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x75];
    const NULL: &[u8] = &[0x30, 0x0c, 0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x75, 0x05, 0x00];
    algorithm == ABSENT || algorithm == NULL
}

/// The octets of a part of `der`. The ranges were made from these octets and never change.
pub(crate) fn part<'a>(der: &'a [u8], range: &Range<usize>) -> &'a [u8] {
    der.get(range.clone()).unwrap_or_default()
}

/// Where an extension stands.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) oid: Range<usize>,
    pub(crate) critical: bool,
    pub(crate) value: Range<usize>,
}

/// The octets of an element in its input.
pub(crate) fn place(tlv: &Tlv<'_>) -> Range<usize> {
    tlv.offset..tlv.offset + tlv.whole.len()
}

/// The octets of an element's content in its input.
pub(crate) fn content(tlv: &Tlv<'_>) -> Range<usize> {
    let end = tlv.offset + tlv.whole.len();
    end - tlv.value.len()..end
}

/// The next element, an AlgorithmIdentifier.
pub(crate) fn algorithm<'a>(r: &mut Reader<'a>, missing: &'static str) -> std::result::Result<Tlv<'a>, Fault> {
    let algorithm = r.expect(tag::SEQUENCE, missing)?;
    let mut inside = algorithm.inside();
    inside.expect(tag::OID, "the identifier of an algorithm is missing")?;
    if !inside.is_empty() {
        inside.any()?;
    }
    inside.finish("a field that an algorithm identifier does not have")?;
    Ok(algorithm)
}

/// One Extension: identifier, whether it is critical, and the OCTET STRING with its value.
pub(crate) fn extension<'a>(list: &mut Reader<'a>) -> std::result::Result<(Tlv<'a>, bool, Tlv<'a>), Fault> {
    let mut one = list.expect(tag::SEQUENCE, "an extension is no SEQUENCE")?.inside();
    let oid = one.expect(tag::OID, "an extension has no identifier")?;
    let critical = one.optional(tag::BOOLEAN)?.map_or(Ok(false), |b| b.boolean())?;
    let value = one.expect(tag::OCTET_STRING, "an extension has no value")?;
    one.finish("a field that an extension does not have")?;
    Ok((oid, critical, value))
}

/// The list of extensions inside an explicit tag.
pub(crate) fn list<'a>(explicit: &Tlv<'a>) -> std::result::Result<Tlv<'a>, Fault> {
    let mut inside = explicit.inside();
    let list = inside.expect(tag::SEQUENCE, "the list of extensions is missing")?;
    inside.finish("octets behind the extensions")?;
    Ok(list)
}

/// The extensions inside an explicit tag.
pub(crate) fn extensions(explicit: &Tlv<'_>) -> std::result::Result<Vec<Place>, Fault> {
    let mut places = Vec::new();
    let mut list = list(explicit)?.inside();
    while !list.is_empty() {
        let (oid, critical, value) = extension(&mut list)?;
        places.push(Place { oid: content(&oid), critical, value: content(&value) });
    }
    Ok(places)
}

/// The first extension that stands twice, for a refusal.
pub(crate) fn doubled<'a>(der: &[u8], places: &'a [Place]) -> Option<&'a Place> {
    let oid = |place: &Place| part(der, &place.oid);
    places.iter().enumerate().find(|(i, place)| places.iter().take(*i).any(|p| oid(p) == oid(place))).map(|(_, p)| p)
}

/// The one DER element that the value of the extension `wanted` is, if there is such an extension.
pub(crate) fn value<'a>(
    der: &'a [u8],
    places: &[Place],
    wanted: oid::Oid,
) -> std::result::Result<Option<Tlv<'a>>, Fault> {
    let Some(place) = places.iter().find(|place| part(der, &place.oid) == wanted.as_bytes()) else { return Ok(None) };
    let mut reader = Reader::at(part(der, &place.value), place.value.start);
    let value = reader.any()?;
    reader.finish("octets behind an extension's value")?;
    Ok(Some(value))
}

/// The keyIdentifier of an authorityKeyIdentifier.
pub(crate) fn key_identifier<'a>(tlv: &Tlv<'a>) -> std::result::Result<Option<Tlv<'a>>, Fault> {
    match tlv.tag {
        tag::SEQUENCE => tlv.inside().optional(tag::context(0)),
        _ => Err(tlv.fault("an authorityKeyIdentifier that is no SEQUENCE")),
    }
}

/// An error of a part, counted from the start of the whole.
pub(crate) fn moved(error: Error, by: usize) -> Error {
    let offset = error.offset().map_or(by, |o| o + by);
    error.at(offset)
}
