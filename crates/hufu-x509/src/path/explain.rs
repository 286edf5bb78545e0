//! Why a link of a chain does not hold: what the operator needs to know when no issuer's key fits.

use hufu_model::ident::hex;

use super::search::Pool;
use super::{Finding, Rule};
use crate::certificate::Certificate;
use crate::key::PublicKey;
use crate::sign::{self, Cause, Signature};

/// For how many issuers of the right name the known mistakes are tried: each costs several signature checks.
const MAX_DIAGNOSED: usize = 8;

/// What the certificate itself says against its signature, whoever signed it.
pub(super) fn form(certificate: &Certificate) -> Option<Finding> {
    if !certificate.is_signed_with_sm2() {
        let message = format!("it is signed with {} instead of 1.2.156.10197.1.501", certificate.signature_algorithm());
        return Some(Finding::new(Rule::Algorithm, certificate, message));
    }
    if !certificate.algorithms_agree() {
        let offset = certificate.tbs_offset() + certificate.tbs_der().len();
        let message = "the signature algorithm inside and the one outside are not the same octets";
        return Some(Finding::new(Rule::MixedAlgorithm, certificate, message).at(Some(offset)));
    }
    None
}

/// Why `certificate`, whose form is right, is signed by none of `named`, which bear its issuer's name. The last word when
/// nothing else explains it is that it was altered.
pub(super) fn link(certificate: &Certificate, named: &[&Certificate], pool: &mut Pool<'_>) -> Finding {
    let signature_at = certificate.parts().signature_at;
    for issuer in named.iter().take(MAX_DIAGNOSED) {
        if let Some(cause) = known_mistake(certificate, issuer) {
            let (rule, message) = mistake(cause);
            return Finding::new(rule, certificate, message).at(Some(signature_at));
        }
    }
    if let Err(e) = Signature::from_der(certificate.signature_value()) {
        let what = e.context().map(|c| format!(" ({c})")).unwrap_or_default();
        let message = format!("its signature is not two integers of the SM2 range in strict DER{what}");
        return Finding::new(Rule::SignatureForm, certificate, message).at(Some(signature_at));
    }
    if let Some(signer) = pool.signer_of(certificate) {
        return wrong_name(certificate, signer);
    }
    if let Some(unusable) = named.first().filter(|_| named.iter().all(|c| c.public_key().is_err())) {
        // Nothing can be said of the signature.
        return key(unusable).unwrap_or_else(|| no_issuer(certificate));
    }
    match named {
        [] => no_issuer(certificate),
        [first, ..] => other_key(certificate, named).unwrap_or_else(|| altered(certificate, first)),
    }
}

/// What is wrong with the key of a certificate.
pub(super) fn key(certificate: &Certificate) -> Option<Finding> {
    let e = certificate.public_key().err()?;
    Some(Finding::new(Rule::Key, certificate, e.kind().what()).remedied(e.kind().remedy()))
}

/// The known mistake with which the signature does fit the issuer's key.
fn known_mistake(certificate: &Certificate, issuer: &Certificate) -> Option<Cause> {
    // Where only the key's algorithm identifier is wrong, the point behind it still tells what the signer did.
    let point = || issuer.spki_der().last_chunk::<65>().and_then(|point| PublicKey::from_point(point).ok());
    let key = issuer.public_key().ok().or_else(point)?;
    sign::diagnose(&key, certificate.tbs_der(), certificate.signature_value())
}

pub(super) const fn mistake(cause: Cause) -> (Rule, &'static str) {
    match cause {
        Cause::EmptyId => (Rule::EmptyId, "the issuer signed it with an empty SM2 ID instead of 1234567812345678"),
        Cause::NoZa => (Rule::NoZa, "the issuer signed it without ZA"),
        Cause::DoubleHash => (Rule::DoubleHash, "the issuer hashed it twice before signing"),
        Cause::RawRs => (Rule::RawRs, "its signature is 64 raw octets r and s instead of DER"),
    }
}

fn wrong_name(certificate: &Certificate, signer: &Certificate) -> Finding {
    let (says, is) = (certificate.issuer_text(), signer.subject_text());
    let finding = if says == is {
        let message =
            format!("its issuer {says:?} reads like the subject of the CA that signed it, but is encoded otherwise");
        Finding::new(Rule::NameChain, certificate, message).because(
            "the issuing program wrote the issuer's name anew, with other string types than the CA's certificate",
        )
    } else {
        let message = format!("its issuer is {says:?}, but the key of {is:?} signed it");
        Finding::new(Rule::NameChain, certificate, message)
    };
    finding.at(certificate.der().windows(certificate.issuer_der().len()).position(|w| w == certificate.issuer_der()))
}

fn no_issuer(certificate: &Certificate) -> Finding {
    let key = match certificate.authority_key_id() {
        Ok(Some(id)) => format!(" with the key identifier {}", hex(id)),
        _ => String::new(),
    };
    let message = format!("no certificate of its issuer, {:?}{key}, is among those given", certificate.issuer_text());
    Finding::new(Rule::NoIssuer, certificate, message)
}

/// The chain ends in `root`, which nobody trusts; `namesake` is a trusted root of the same name.
pub(super) fn untrusted(root: &Certificate, namesake: Option<&Certificate>) -> Finding {
    let fingerprint = |c: &Certificate| crate::digest::sm3(c.der());
    let message =
        format!("the chain ends in this root, which is not a trusted one (SM3 fingerprint {})", fingerprint(root));
    let finding = Finding::new(Rule::UntrustedRoot, root, message);
    match namesake {
        None => finding,
        Some(trusted) => finding.because(format!(
            "the trusted root of the same name is another certificate (SM3 fingerprint {}): the authority was founded \
             again or renewed its key, or somebody pretends to be it",
            fingerprint(trusted)
        )),
    }
}

/// The certificate names a key that no issuer of that name has.
fn other_key(certificate: &Certificate, named: &[&Certificate]) -> Option<Finding> {
    let wanted = certificate.authority_key_id().ok()??;
    let known: Vec<&[u8]> = named.iter().filter_map(|c| c.subject_key_id().ok()?).collect();
    if known.is_empty() || known.contains(&wanted) {
        return None;
    }
    let known: Vec<String> = known.into_iter().map(hex).collect();
    let message = format!(
        "it names the issuer's key {}, but {:?} is here with the key {}",
        hex(wanted),
        certificate.issuer_text(),
        known.join(" and ")
    );
    Some(Finding::new(Rule::IssuerKey, certificate, message))
}

fn altered(certificate: &Certificate, issuer: &Certificate) -> Finding {
    let message = format!("its signature does not fit the key of its issuer, {:?}", issuer.subject_text());
    let finding = Finding::new(Rule::Altered, certificate, message);
    match certificate.authority_key_id() {
        Ok(Some(_)) => finding,
        // Nothing says which key should have signed it.
        _ => finding.because(
            "its content was altered or damaged after it was signed; or it was signed with another key of an issuer of \
             the same name, which cannot be told apart because it names no key (authorityKeyIdentifier)",
        ),
    }
}
