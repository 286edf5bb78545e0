//! Key envelopes: how the private key of an encryption certificate travels from the key centre to its owner.
//!
//! Everyone wraps the key with the public key the owner made the request with, and everyone writes it differently:
//!
//! | dialect | standard | used by |
//! |---|---|---|
//! | [`Dialect::EnvelopedKey`] | SM2EnvelopedKey, GM/T 0009, GB/T 35276 | most programs |
//! | [`Dialect::CsrResponse`] | CSRResponse, GM/T 0092 | the answer to a request for a pair |
//! | [`Dialect::SignedEnveloped`] | SignedAndEnvelopedData, GB/T 35275 | key centre to CA |
//! | [`Dialect::Cfca`] | none | CFCA |
//! | [`Dialect::Skf`], [`Dialect::SkfBare`] | ENVELOPEDKEYBLOB, GM/T 0016 | smart tokens |
//!
//! # Reading
//! [`inspect`] takes any file apart and says what is wrong with it; [`inspect_with`] tries a key, too. [`open`] gives the
//! key out and takes what the standards write; [`import`] takes also what has one meaning although it is against them.
//! The table of [`Rule`] says which is which.
//!
//! The only digest in these structures covers the symmetric key: SM4-ECB around the private key can be altered unseen. So
//! no key is given out before d·G is the public key beside it, or the one the caller expects ([`Terms`]). A delivery of a
//! key centre has no public key beside it: there the signature over d is checked instead, always.
//!
//! # Writing
//! [`seal`] writes each dialect in one canonical form; [`convert`] opens one and seals another for the same owner. The
//! symmetric key is hedged as nonces are: a broken random source does not give it away.
//!
//! [`rewrite`] needs no key where both dialects hold the same ciphertexts.
//!
//! # Example
//! ```
//! # use hufu_model::entropy::{Entropy, EntropyError};
//! # struct System;
//! # impl Entropy for System {
//! #     fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
//! #         rand::Rng::fill_bytes(&mut rand::rng(), buffer);
//! #         Ok(())
//! #     }
//! # }
//! use hufu_x509::envelope::{self, Dialect, Form};
//! use hufu_x509::key::SecretKey;
//!
//! let entropy: &dyn Entropy = &System;
//! let (owner, delivered) = (SecretKey::generate(entropy)?, SecretKey::generate(entropy)?);
//! let envelope = envelope::seal(&Form::EnvelopedKey, &delivered, owner.public_key(), entropy)?;
//!
//! assert_eq!(envelope::inspect(&envelope).dialect, Some(Dialect::EnvelopedKey));
//! assert_eq!(envelope::open(&envelope, &owner)?.public_key(), delivered.public_key());
//! assert_eq!(envelope::open(&envelope, &delivered).unwrap_err().kind().code(), "x509.decrypt");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::str::FromStr;

use hufu_model::entropy::Entropy;
use hufu_model::ident::{IdError, Serial, hex};
use hufu_model::profile::KeyUsage;
use sm4::Sm4;
use sm4::cipher::{Block, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use zeroize::Zeroizing;

use crate::certificate::Certificate;
use crate::digest::HmacSm3;
use crate::encrypt::{Ciphertext, is_zero};
use crate::error::{Error, ErrorKind, Result};
use crate::key::{PublicKey, SecretKey};
use crate::sign::{Signature, Signer};
use crate::strict;
use crate::tlv::{Fault, tag};

mod cfca;
mod csr_response;
mod enveloped_key;
mod rewrite;
mod rule;
mod signed_enveloped;
mod skf;
mod source;

pub use rewrite::rewrite;
pub use rule::{Rule, Weight};

/// The ways to write an envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// SM2EnvelopedKey (GM/T 0009, GB/T 35276).
    EnvelopedKey,
    /// CSRResponse (GM/T 0092), with both certificates.
    CsrResponse,
    /// SignedAndEnvelopedData (GB/T 35275), signed by the key centre.
    SignedEnveloped,
    /// The form of CFCA.
    Cfca,
    /// ENVELOPEDKEYBLOB (GM/T 0016), SM4-ECB over the 64 octets 0…0 ‖ d.
    Skf,
    /// ENVELOPEDKEYBLOB (GM/T 0016), 0…0 before SM4-ECB of the 32 octets of d.
    SkfBare,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 6] =
        [Self::EnvelopedKey, Self::CsrResponse, Self::SignedEnveloped, Self::Cfca, Self::Skf, Self::SkfBare];

    /// The stable name.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::EnvelopedKey => "enveloped-key",
            Self::CsrResponse => "csr-response",
            Self::SignedEnveloped => "signed-enveloped",
            Self::Cfca => "cfca",
            Self::Skf => "skf",
            Self::SkfBare => "skf-bare",
        }
    }

    /// The label of its PEM block, for the dialects that are DER. No standard gives one but for PKCS7; every label is
    /// read.
    #[must_use]
    pub const fn pem_label(self) -> Option<&'static str> {
        match self {
            Self::EnvelopedKey => Some("SM2 ENVELOPED KEY"),
            Self::CsrResponse => Some("CSR RESPONSE"),
            Self::SignedEnveloped => Some("PKCS7"),
            Self::Cfca | Self::Skf | Self::SkfBare => None,
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Dialect {
    type Err = IdError;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        let rule = "one of enveloped-key, csr-response, signed-enveloped, cfca, skf, skf-bare";
        let unknown = || IdError { what: "envelope dialect", text: text.to_owned(), rule };
        Self::ALL.into_iter().find(|d| d.code() == text).ok_or_else(unknown)
    }
}

/// How the octets of an envelope stood in their file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// DER.
    Der,
    /// A block of PEM.
    Pem,
    /// Base64 without PEM's lines.
    Base64,
    /// The binary structure of GM/T 0016.
    Binary,
}

impl Encoding {
    const fn of(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Skf | Dialect::SkfBare => Self::Binary,
            _ => Self::Der,
        }
    }

    /// The stable name.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Der => "der",
            Self::Pem => "pem",
            Self::Base64 => "base64",
            Self::Binary => "binary",
        }
    }
}

/// One thing that is wrong with an envelope, or odd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule, with its usual cause and remedy.
    pub rule: Rule,
    /// What was found, in English: a value, a place, a length.
    pub message: String,
    /// The octet of the envelope at which it stands, counted from 0, when known.
    pub offset: Option<usize>,
}

impl Finding {
    fn new(rule: Rule, message: impl Into<String>) -> Self {
        Self { rule, message: message.into(), offset: None }
    }

    fn at(self, offset: usize) -> Self {
        Self { offset: Some(offset), ..self }
    }

    fn from_error(rule: Rule, e: &Error) -> Self {
        let message = e.context().map_or_else(|| e.kind().what().to_owned(), |c| format!("{} ({c})", e.kind().what()));
        Self { rule, message, offset: e.offset() }
    }

    /// As the refusal of [`open`].
    fn into_error(self) -> Error {
        let kind = match (self.rule, self.rule.weight()) {
            (_, Weight::Forgiven) => ErrorKind::EnvelopeDeviation,
            (Rule::Algorithm, _) => ErrorKind::EnvelopeAlgorithm,
            (Rule::Nonce, _) => ErrorKind::EnvelopeNonce,
            (Rule::Cipher, _) => ErrorKind::Cipher,
            (Rule::Recipient, _) => ErrorKind::Decrypt,
            (Rule::KeyPair | Rule::Padding, _) => ErrorKind::EnvelopeKeyPair,
            (Rule::OtherKey | Rule::Certificate | Rule::SameKey, _) => ErrorKind::EnvelopeOtherKey,
            (Rule::Signature, _) => ErrorKind::Signature,
            _ => ErrorKind::EnvelopeForm,
        };
        let error = Error::new(kind).about(format!("{}: {}", self.rule, self.message));
        self.offset.map_or(error.clone(), |offset| error.at(offset))
    }
}

impl From<Fault> for Finding {
    fn from(fault: Fault) -> Self {
        Self::new(Rule::Form, fault.what).at(fault.offset)
    }
}

impl From<Error> for Finding {
    fn from(e: Error) -> Self {
        Self::from_error(Rule::Form, &e)
    }
}

/// One part of an envelope, to show it. Nothing of it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// `algorithm`, `c1`, `c3`, `c2`, `public-key`, `encrypted-key`, `signing-certificate`, `encryption-certificate`,
    /// `recipient-issuer`, `recipient-serial` or `signer`.
    pub name: &'static str,
    /// Octets in hexadecimal digits, or a text.
    pub value: String,
}

/// Whether the delivered private key, its public key and its certificate belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Halves {
    /// Those that are there do.
    Match,
    /// They do not.
    Differ,
    /// There is nothing to compare without the owner's key.
    Untested,
}

impl Halves {
    /// The stable name.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Differ => "differ",
            Self::Untested => "untested",
        }
    }
}

/// What a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// How it was written; `None` when it is no envelope.
    pub encoding: Option<Encoding>,
    /// Which dialect it is in; `None` when it is no envelope.
    pub dialect: Option<Dialect>,
    /// The parts that could be read.
    pub parts: Vec<Part>,
    /// What is wrong or odd, the most telling first.
    pub findings: Vec<Finding>,
    /// Whether what belongs together does.
    pub halves: Halves,
    /// Whether the key given opened it; `None` when none was given.
    pub opened: Option<bool>,
}

impl Inspection {
    /// The heaviest of its findings; `None` when there is none at all.
    #[must_use]
    pub fn weight(&self) -> Option<Weight> {
        self.findings.iter().map(|f| f.rule.weight()).min()
    }
}

/// What a caller knows beforehand.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terms<'a> {
    /// The public key that the delivered one must have, such as that of the encryption certificate.
    pub expected: Option<&'a PublicKey>,
    /// The key centre's key, which must have signed a [`Dialect::SignedEnveloped`]. Without it the certificate in the
    /// delivery is taken at its word: that finds damage, not an impostor.
    pub signer: Option<&'a PublicKey>,
}

/// What is gathered while reading.
#[derive(Default)]
struct Notes {
    findings: Vec<Finding>,
    parts: Vec<Part>,
}

impl Notes {
    fn note(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Notes a finding that reading can go on after.
    fn keep(&mut self, outcome: std::result::Result<(), Finding>) {
        self.findings.extend(outcome.err());
    }

    fn part(&mut self, name: &'static str, value: impl Into<String>) {
        self.parts.push(Part { name, value: value.into() });
    }
}

/// An envelope taken apart; no key was tried yet.
struct Envelope {
    sealed: Ciphertext,
    content: Content,
    delivered: Option<PublicKey>,
    signing: Vec<Certificate>,
    encryption: Vec<Certificate>,
    signed: Option<Signed>,
}

/// What holds d.
enum Content {
    /// SM4-ECB of 0…0 ‖ d.
    Padded(Vec<u8>),
    /// SM4-ECB of d.
    Bare(Vec<u8>),
    /// The SM2 ciphertext itself holds X ‖ Y ‖ d.
    Pair,
}

/// The key centre's signature over 0…0 ‖ d.
struct Signed {
    certificate: Certificate,
    signature: Vec<u8>,
}

impl Envelope {
    fn new(sealed: Ciphertext, content: Content) -> Self {
        Self { sealed, content, delivered: None, signing: Vec::new(), encryption: Vec::new(), signed: None }
    }

    /// Checks what needs no private key. Says whether a certificate of the delivered key was there and fits.
    fn check_delivered(&self, delivered: &PublicKey, notes: &mut Notes) -> Halves {
        if self.sealed.c1() == delivered {
            notes.note(Finding::new(Rule::Nonce, "C1 is the delivered public key"));
        }
        match self.encryption.first() {
            None => Halves::Untested,
            Some(_) if self.encryption.iter().any(|c| is_of(c, delivered)) => Halves::Match,
            Some(first) => {
                notes.note(Finding::new(Rule::Certificate, first.subject_text()));
                Halves::Differ
            }
        }
    }

    /// Opens it with the owner's key. The key is given out only if everything about it fits.
    fn unlock(
        &self,
        owner: &SecretKey,
        terms: &Terms<'_>,
        notes: &mut Notes,
    ) -> std::result::Result<SecretKey, Finding> {
        let plain = self.decrypt(owner, notes)?;
        let (key, beside) = self.key(&plain, notes)?;
        let public = key.public_key();
        if beside.or_else(|| self.delivered.clone()).is_some_and(|beside| beside != *public) {
            return Err(Finding::new(Rule::KeyPair, "d·G is another point"));
        }
        if self.delivered.is_none() {
            notes.part("public-key", hex(public.point()));
            self.check_delivered(public, notes);
        }
        if public == owner.public_key() {
            return Err(Finding::new(Rule::SameKey, "the key that opens it"));
        }
        if let Some(signed) = &self.signed {
            signed.verify(&key, terms.signer)?;
        }
        match terms.expected {
            Some(expected) if expected != public => Err(Finding::new(Rule::OtherKey, hex(public.point()))),
            _ => Ok(key),
        }
    }

    fn decrypt(&self, owner: &SecretKey, notes: &mut Notes) -> std::result::Result<Zeroizing<Vec<u8>>, Finding> {
        if let Ok(plain) = owner.decrypt(&self.sealed) {
            return Ok(plain);
        }
        // The digest tells both orders apart: one of them fits, or neither.
        if let (Content::Pair, Some(old)) = (&self.content, cfca::in_old_order(&self.sealed))
            && let Ok(plain) = owner.decrypt(&old)
        {
            notes.note(Finding::new(Rule::OldOrder, "C1 ‖ C2 ‖ C3"));
            return Ok(plain);
        }
        Err(match self.signing.first() {
            Some(first) if !self.signing.iter().any(|c| is_of(c, owner.public_key())) => {
                Finding::new(Rule::Recipient, format!("it is for {}", first.subject_text()))
            }
            _ => Finding::new(Rule::Recipient, "the digest C3 does not fit"),
        })
    }

    /// The private key, and the public key that was encrypted with it.
    fn key(&self, plain: &[u8], notes: &mut Notes) -> std::result::Result<(SecretKey, Option<PublicKey>), Finding> {
        let mut beside = None;
        let octets = match &self.content {
            Content::Pair => {
                let (point, _) = plain.split_at_checked(64).ok_or_else(|| length(plain))?;
                let point = PublicKey::from_point(&[&[0x04], point].concat());
                let point = point.map_err(|e| Finding::from_error(Rule::PublicKey, &e))?;
                notes.part("public-key", hex(point.point()));
                beside = Some(point);
                Zeroizing::new(plain.to_vec())
            }
            Content::Bare(encrypted) | Content::Padded(encrypted) => {
                let symmetric: &[u8; 16] = plain.try_into().map_err(|_| length(plain))?;
                let mut octets = Zeroizing::new(encrypted.clone());
                let cipher = Sm4::new(symmetric.into());
                blocks(&mut octets).for_each(|block| cipher.decrypt_block(block));
                octets
            }
        };
        let (head, scalar) = octets.split_last_chunk::<32>().ok_or_else(|| length(&octets))?;
        if matches!(self.content, Content::Padded(_)) && !is_zero(head) {
            return Err(Finding::new(Rule::Padding, "the first 32 octets are not zero"));
        }
        let key = SecretKey::from_scalar(scalar).map_err(|e| Finding::from_error(Rule::KeyPair, &e))?;
        Ok((key, beside))
    }
}

impl Signed {
    fn verify(&self, key: &SecretKey, signer: Option<&PublicKey>) -> std::result::Result<(), Finding> {
        let refused = |e: Error| Finding::from_error(Rule::Signature, &e);
        let own = self.certificate.public_key().map_err(refused)?;
        if signer.is_some_and(|signer| *signer != own) {
            let what = format!("it is signed by {}", self.certificate.subject_text());
            return Err(Finding::new(Rule::Signature, what));
        }
        let signature = Signature::from_der(&self.signature).map_err(refused)?;
        own.verify(&*padded(key), &signature).map_err(refused)
    }
}

/// Whether a certificate is that of a key.
fn is_of(certificate: &Certificate, key: &PublicKey) -> bool {
    certificate.public_key().is_ok_and(|its| its == *key)
}

fn length(octets: &[u8]) -> Finding {
    Finding::new(Rule::Length, format!("{} octets", octets.len()))
}

/// 0…0 ‖ d.
fn padded(key: &SecretKey) -> Zeroizing<[u8; 64]> {
    let mut octets = Zeroizing::new([0; 64]);
    octets[32..].copy_from_slice(&*key.to_scalar());
    octets
}

/// The whole blocks of SM4 in a buffer, in place. ECB is what the standards of this structure ask for: the key serves
/// once, for two blocks of a uniform number, or for four of which two are zero.
fn blocks(buffer: &mut [u8]) -> impl Iterator<Item = &mut Block<Sm4>> {
    buffer.chunks_exact_mut(16).filter_map(|block| block.try_into().ok())
}

/// Takes it apart and checks what needs no key.
fn examine(envelope: &[u8]) -> (Inspection, Option<Envelope>) {
    let mut inspection = Inspection {
        encoding: None,
        dialect: None,
        parts: Vec::new(),
        findings: Vec::new(),
        halves: Halves::Untested,
        opened: None,
    };
    let source = match source::Source::read(envelope) {
        Ok(source) => source,
        Err(finding) => {
            inspection.findings.push(finding);
            return (inspection, None);
        }
    };
    inspection.encoding = Some(source.encoding);
    inspection.dialect = Some(source.dialect);
    let mut notes = Notes::default();
    if source.commas {
        notes.note(Finding::new(Rule::Commas, "base64"));
    }
    let read = match source.dialect {
        Dialect::EnvelopedKey => enveloped_key::read,
        Dialect::CsrResponse => csr_response::read,
        Dialect::SignedEnveloped => signed_enveloped::read,
        Dialect::Cfca => cfca::read,
        Dialect::Skf | Dialect::SkfBare => skf::read,
    };
    let taken = match read(&source.octets, &mut notes) {
        Ok(mut taken) => {
            if taken.encryption.is_empty() {
                taken.encryption = source.beside.into_iter().filter(is_for_encryption).collect();
            }
            for (name, value) in
                [("c1", &taken.sealed.c1().point()[..]), ("c3", taken.sealed.c3()), ("c2", taken.sealed.c2())]
            {
                notes.part(name, hex(value));
            }
            if let Some(delivered) = &taken.delivered {
                notes.part("public-key", hex(delivered.point()));
                inspection.halves = taken.check_delivered(delivered, &mut notes);
            }
            Some(taken)
        }
        Err(finding) => {
            notes.note(finding);
            None
        }
    };
    inspection.take(notes);
    (inspection, taken)
}

/// Whether a certificate beside an envelope is the one of the delivered key: by its usages, since no field says so.
fn is_for_encryption(certificate: &Certificate) -> bool {
    let encryption = [KeyUsage::KeyEncipherment, KeyUsage::DataEncipherment];
    let usage = certificate.key_usage().ok().flatten();
    usage.is_some_and(|usage| encryption.into_iter().any(|u| usage.has(u)))
}

impl Inspection {
    fn take(&mut self, notes: Notes) {
        self.parts.extend(notes.parts);
        self.findings.extend(notes.findings);
        self.findings.sort_by_key(|f| f.rule);
    }

    /// The first finding that stops an opening.
    fn blocking(&self, lightest: Weight) -> Option<&Finding> {
        self.findings.iter().filter(|f| f.rule.weight() <= lightest).min_by_key(|f| (f.rule.weight(), f.rule))
    }
}

/// Says what a file is: its dialect, its parts, and what is wrong with it. The file may be PEM, also with the
/// certificates beside the envelope, DER, base64 or binary.
#[must_use]
pub fn inspect(envelope: &[u8]) -> Inspection {
    inspect_for(envelope, &Terms::default())
}

/// As [`inspect`], for somebody who knows which key to expect: the public key beside the delivered one is compared.
#[must_use]
pub fn inspect_for(envelope: &[u8], terms: &Terms<'_>) -> Inspection {
    let (mut inspection, taken) = examine(envelope);
    let delivered = taken.and_then(|taken| taken.delivered);
    if let (Some(expected), Some(delivered)) = (terms.expected, delivered)
        && *expected != delivered
    {
        let mut notes = Notes::default();
        notes.note(Finding::new(Rule::OtherKey, hex(delivered.point())));
        inspection.take(notes);
        inspection.halves = Halves::Differ;
    }
    inspection
}

/// As [`inspect`], and tries the owner's key. The delivered key itself is wiped again.
#[must_use]
pub fn inspect_with(envelope: &[u8], owner: &SecretKey, terms: &Terms<'_>) -> Inspection {
    let (mut inspection, taken) = examine(envelope);
    inspection.opened = Some(false);
    if let Some(taken) = taken {
        let mut notes = Notes::default();
        let unlocked = taken.unlock(owner, terms, &mut notes);
        let differ = [Rule::KeyPair, Rule::Padding, Rule::Certificate, Rule::OtherKey];
        inspection.opened = Some(unlocked.is_ok());
        let fits = unlocked.is_ok();
        notes.keep(unlocked.map(drop));
        inspection.take(notes);
        inspection.halves = match inspection.halves {
            _ if inspection.findings.iter().any(|f| differ.contains(&f.rule)) => Halves::Differ,
            _ if fits => Halves::Match,
            before => before,
        };
    }
    inspection
}

/// Opens an envelope as the standards write it.
///
/// # Errors
/// See [`open_on`].
pub fn open(envelope: &[u8], owner: &SecretKey) -> Result<SecretKey> {
    open_on(envelope, owner, &Terms::default())
}

/// As [`open`], for a caller who knows which key to expect.
///
/// # Errors
/// `x509.envelope-form`, `x509.cipher` and `x509.envelope-deviation` for what cannot or must not be read,
/// `x509.envelope-algorithm`, `x509.envelope-nonce`, `x509.decrypt` for another owner or an altered symmetric key,
/// `x509.envelope-key-pair` when d·G is another key, `x509.envelope-other-key` when it is not the expected one, and
/// `x509.signature` for the key centre's. Each names the [`Rule`].
pub fn open_on(envelope: &[u8], owner: &SecretKey, terms: &Terms<'_>) -> Result<SecretKey> {
    opened(envelope, owner, terms, Weight::Forgiven).map(|(key, _)| key)
}

/// As [`open_on`], forgiving what is against the standards and has one meaning all the same; the findings say what that
/// was.
///
/// # Errors
/// As [`open_on`], without `x509.envelope-deviation`.
pub fn import(envelope: &[u8], owner: &SecretKey, terms: &Terms<'_>) -> Result<(SecretKey, Vec<Finding>)> {
    opened(envelope, owner, terms, Weight::Refused)
}

/// Findings up to `lightest` stop it.
fn opened(
    envelope: &[u8],
    owner: &SecretKey,
    terms: &Terms<'_>,
    lightest: Weight,
) -> Result<(SecretKey, Vec<Finding>)> {
    let (mut inspection, taken) = examine(envelope);
    let stopped = |inspection: &Inspection| inspection.blocking(lightest).cloned().map(Finding::into_error);
    if let Some(error) = stopped(&inspection) {
        return Err(error);
    }
    let taken = taken.ok_or(ErrorKind::EnvelopeForm)?;
    let mut notes = Notes::default();
    let key = taken.unlock(owner, terms, &mut notes).map_err(Finding::into_error)?;
    inspection.take(notes);
    stopped(&inspection).map_or(Ok((key, inspection.findings)), Err)
}

/// What to write, with what the dialect needs beside the key.
#[derive(Clone, Copy)]
pub enum Form<'a> {
    /// [`Dialect::EnvelopedKey`], in DER.
    EnvelopedKey,
    /// [`Dialect::CsrResponse`], in DER. Each list holds the certificate itself and may hold the chain above it.
    CsrResponse {
        /// With that of the owner's key.
        signing: &'a [Certificate],
        /// With that of the delivered key.
        encryption: &'a [Certificate],
    },
    /// [`Dialect::SignedEnveloped`], in DER.
    SignedEnveloped(Delivery<'a>),
    /// [`Dialect::Cfca`], as text with its head.
    Cfca,
    /// [`Dialect::Skf`], binary.
    Skf,
    /// [`Dialect::SkfBare`], binary.
    SkfBare,
}

/// Who delivers a key to whom.
#[derive(Clone, Copy)]
pub struct Delivery<'a> {
    /// The name of the issuer of the encryption certificate, in DER.
    pub issuer_der: &'a [u8],
    /// The serial number that the encryption certificate has, or will have.
    pub serial: &'a Serial,
    /// The certificate of the key centre.
    pub certificate: &'a Certificate,
    /// Its key.
    pub signer: &'a dyn Signer,
}

impl Form<'_> {
    /// Whether the certificates are those of the keys.
    fn check(&self, delivered: &PublicKey, to: &PublicKey) -> Result<()> {
        let has = |set: &[Certificate], key: &PublicKey| set.iter().any(|c| is_of(c, key));
        let missing = |what: &str| Err(Error::new(ErrorKind::EnvelopeOtherKey).about(what));
        match self {
            _ if delivered == to => missing("the owner's own key, which is never put into an envelope"),
            Self::CsrResponse { signing, .. } if !has(signing, to) => {
                missing("no signing certificate is of the owner's key")
            }
            Self::CsrResponse { encryption, .. } if !has(encryption, delivered) => {
                missing("no encryption certificate is of the delivered key")
            }
            Self::SignedEnveloped(delivery)
                if delivery.certificate.spki_der() != delivery.signer.public_key().spki_der() =>
            {
                missing("the certificate of the key centre is not that of its key")
            }
            _ => Ok(()),
        }
    }
}

/// Puts `key` into an envelope for the owner of `to`, in the canonical form of a dialect.
///
/// # Errors
/// `x509.envelope-other-key` when keys and certificates do not belong together, or `key` is the owner's own;
/// `x509.entropy`; `x509.too-large` with certificates beyond 64 KiB; the signer's errors.
pub fn seal(form: &Form<'_>, key: &SecretKey, to: &PublicKey, entropy: &dyn Entropy) -> Result<Vec<u8>> {
    let delivered = key.public_key();
    form.check(delivered, to)?;
    let plain = padded(key);
    let symmetric = symmetric_key(key, to, entropy)?;
    let cipher = Sm4::new((&*symmetric).into());
    let mut encrypted = plain.clone();
    blocks(&mut encrypted[..]).for_each(|block| cipher.encrypt_block(block));
    // In ECB each block stands alone, so that d by itself is the second half.
    let mut bare = [0; 32];
    bare.copy_from_slice(&encrypted[32..]);
    let sealed = if matches!(form, Form::Cfca) {
        to.encrypt(&Zeroizing::new([&delivered.point()[1..], &plain[32..]].concat()), entropy.array()?)?
    } else {
        to.encrypt(&*symmetric, entropy.array()?)?
    };
    let envelope = match form {
        Form::EnvelopedKey => enveloped_key::write(tag::SEQUENCE, &sealed, delivered, &bare),
        Form::CsrResponse { signing, encryption } => {
            csr_response::write(signing, encryption, (&sealed, delivered, &bare))
        }
        Form::SignedEnveloped(delivery) => {
            let signature = delivery.signer.sign(&*plain, entropy.array()?)?;
            let (issuer, certificate) = (delivery.issuer_der, delivery.certificate);
            signed_enveloped::write((issuer, delivery.serial), (&sealed, &*encrypted), (certificate, &signature))
        }
        Form::Cfca => cfca::write(&sealed),
        Form::Skf => skf::write(&sealed, delivered, &encrypted),
        Form::SkfBare => skf::write_bare(&sealed, delivered, &bare),
    };
    if envelope.len() > strict::MAX_LENGTH {
        return Err(Error::new(ErrorKind::TooLarge).about("an envelope has at most 64 KiB"));
    }
    Ok(envelope)
}

/// A key for one envelope. Besides fresh octets it is made of d, so that without d nobody finds it, whatever the random
/// source gives.
fn symmetric_key(key: &SecretKey, to: &PublicKey, entropy: &dyn Entropy) -> Result<Zeroizing<[u8; 16]>> {
    let mut fresh = Zeroizing::new([0; 32]);
    entropy.fill(&mut *fresh)?;
    let mixed = Zeroizing::new(HmacSm3::new(&fresh).of(&[b"hufu envelope 1", to.point(), &*key.to_scalar()]));
    let mut symmetric = Zeroizing::new([0; 16]);
    symmetric.copy_from_slice(&mixed[..16]);
    Ok(symmetric)
}

/// Opens an envelope as [`import`] does, and seals its key for the same owner in another form.
///
/// # Errors
/// As [`import`] and [`seal`].
pub fn convert(
    envelope: &[u8],
    form: &Form<'_>,
    owner: &SecretKey,
    terms: &Terms<'_>,
    entropy: &dyn Entropy,
) -> Result<Vec<u8>> {
    let (key, _) = import(envelope, owner, terms)?;
    seal(form, &key, owner.public_key(), entropy)
}

#[cfg(test)]
mod tests;
