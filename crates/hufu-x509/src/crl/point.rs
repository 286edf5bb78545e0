//! issuingDistributionPoint: which certificates a CRL is about.

use crate::error::Result;
use crate::tbs::URI;
use crate::tlv::{Fault, Reader, Tlv, tag};

use super::meaning;

/// issuingDistributionPoint (RFC 5280 §5.2.5):
///
/// ```asn1
/// IssuingDistributionPoint ::= SEQUENCE {
///     distributionPoint          [0] DistributionPointName OPTIONAL,
///     onlyContainsUserCerts      [1] BOOLEAN DEFAULT FALSE,
///     onlyContainsCACerts        [2] BOOLEAN DEFAULT FALSE,
///     onlySomeReasons            [3] ReasonFlags OPTIONAL,
///     indirectCRL                [4] BOOLEAN DEFAULT FALSE,
///     onlyContainsAttributeCerts [5] BOOLEAN DEFAULT FALSE }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IssuingPoint {
    /// Whether a distribution point is named, in any way.
    pub named: bool,
    /// Its names that are addresses; what is not printable ASCII is left out.
    pub urls: Vec<String>,
    /// Only certificates that are no CA's.
    pub only_users: bool,
    /// Only certificates of CAs.
    pub only_cas: bool,
    /// Only certificates revoked for some reasons: nobody can be called good by it.
    pub only_some_reasons: bool,
    /// Also certificates of other issuers.
    pub indirect: bool,
    /// Only attribute certificates.
    pub only_attributes: bool,
}

impl IssuingPoint {
    pub(super) fn read(value: &Tlv<'_>) -> Result<Self> {
        if value.tag != tag::SEQUENCE {
            return Err(value.fault("an issuingDistributionPoint that is no SEQUENCE").into());
        }
        let mut inside = value.inside();
        let mut this = Self::default();
        if let Some(name) = inside.optional(tag::constructed(0))? {
            this.named = true;
            this.urls = addresses(&name)?;
        }
        this.only_users = flag(&mut inside, 1)?;
        this.only_cas = flag(&mut inside, 2)?;
        this.only_some_reasons = inside.optional(tag::context(3))?.is_some();
        this.indirect = flag(&mut inside, 4)?;
        this.only_attributes = flag(&mut inside, 5)?;
        inside.finish("a field that issuingDistributionPoint does not have")?;
        if [this.only_users, this.only_cas, this.only_attributes].iter().filter(|only| **only).count() > 1 {
            return Err(meaning(value.offset, "its issuingDistributionPoint limits it in two ways at once"));
        }
        Ok(this)
    }
}

/// The BOOLEAN `[n]`, which is FALSE when it is left out.
fn flag(inside: &mut Reader<'_>, n: u8) -> std::result::Result<bool, Fault> {
    inside.optional(tag::context(n))?.map_or(Ok(false), |flag| flag.boolean())
}

/// The addresses of a DistributionPointName inside its explicit tag.
pub(crate) fn addresses(name: &Tlv<'_>) -> std::result::Result<Vec<String>, Fault> {
    let mut inside = name.inside();
    let Some(full) = inside.optional(tag::constructed(0))? else {
        inside.expect(tag::constructed(1), "a distribution point without a name")?;
        inside.finish("octets behind the name of a distribution point")?;
        return Ok(Vec::new());
    };
    inside.finish("octets behind the name of a distribution point")?;
    let mut names = full.inside();
    let mut urls = Vec::new();
    while !names.is_empty() {
        let name = names.any()?;
        let text = std::str::from_utf8(name.value).ok().filter(|t| t.bytes().all(|b| b.is_ascii_graphic()));
        urls.extend(text.filter(|_| name.tag == URI).map(str::to_owned));
    }
    Ok(urls)
}
