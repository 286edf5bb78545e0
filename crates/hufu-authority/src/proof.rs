//! Proofs that somebody checks who holds nothing of ours but a certificate and a checkpoint.
//!
//! A proof is one text file: the bundle of `hufu-ledger`, then in PEM the signed checkpoints it leads to, and for a
//! certificate the certificate itself.

use hufu_ledger::Checkpoint;
use hufu_ledger::bundle::{BundleError, ConsistencyBundle, InclusionBundle};
use hufu_ledger::event::Event;
use hufu_ledger::tree::{consistency_proof, inclusion_proof};
use hufu_model::ident::Serial;
use hufu_store::{Reader, StoredCheckpoint};
use hufu_x509::certificate::Certificate;
use hufu_x509::pem;
use hufu_x509::signed_data::SignedData;

use crate::authority::Authority;
use crate::checkpoint::{LABEL, decode};
use crate::document::fault;
use crate::error::{Error, ErrorKind, Result};

/// What a proof shows, once it was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// The certificate is in the ledger under the checkpoint, stored by the event.
    Inclusion {
        /// The checkpoint.
        checkpoint: Checkpoint,
        /// The event.
        event: Event,
        /// The certificate.
        certificate: Box<Certificate>,
    },
    /// Between the two checkpoints the ledger only grew.
    Consistency {
        /// The earlier one.
        old: Checkpoint,
        /// The later one.
        new: Checkpoint,
    },
}

impl Authority {
    /// Proves that the certificate `serial` is in the ledger under its last checkpoint.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownCertificate`]; [`ErrorKind::NotCheckpointed`] when no checkpoint covers it yet.
    pub fn prove_certificate(&self, serial: &Serial) -> Result<String> {
        let event = self.issue_event(serial)?;
        let certificate = self.certificate(serial)?.certificate;
        self.read(|r| {
            let last = r.last_checkpoint()?.filter(|c| c.size > event.seq);
            let checkpoint = last.ok_or(ErrorKind::NotCheckpointed { size: event.seq })?;
            let leaves = r.leaf_hashes(0, checkpoint.size)?;
            let bundle = InclusionBundle {
                origin: self.origin(),
                size: checkpoint.size,
                index: event.seq,
                path: inclusion_proof(&leaves, event.seq).map_err(|e| fault("ledger", &e.to_string()))?,
                event: event.leaf,
            };
            Ok(format!("{}{}{}", bundle.encode(), pem::encode(LABEL, &checkpoint.signed), certificate.pem()))
        })
    }

    /// Proves that from the checkpoint of size `old` to the last one the ledger only grew.
    ///
    /// # Errors
    /// [`ErrorKind::NotCheckpointed`] when there is no checkpoint of that size.
    pub fn prove_consistency(&self, old: u64) -> Result<String> {
        self.read(|r| {
            let (old, new) = (stored(r, old)?, r.last_checkpoint()?.ok_or(ErrorKind::NotCheckpointed { size: old })?);
            let leaves = r.leaf_hashes(0, new.size)?;
            let bundle = ConsistencyBundle {
                origin: self.origin(),
                old_size: old.size,
                new_size: new.size,
                path: consistency_proof(&leaves, old.size).map_err(|e| fault("ledger", &e.to_string()))?,
            };
            Ok(format!("{}{}{}", bundle.encode(), pem::encode(LABEL, &old.signed), pem::encode(LABEL, &new.signed)))
        })
    }
}

/// Checks a proof file offline. `ledger` is the certificate of the key that signs checkpoints; `held` a signed checkpoint
/// (PEM) the reader trusts because they kept it: it must then be the one the proof leads to, or begins at.
///
/// # Errors
/// [`ErrorKind::Unreadable`] for a file that is no proof; [`ErrorKind::Document`] for one that does not hold.
pub fn check_proof(file: &[u8], ledger: &Certificate, held: Option<&[u8]>) -> Result<Proof> {
    let unreadable = |what: String| Error::from(ErrorKind::Unreadable { wanted: "a Hufu proof", what });
    let text = std::str::from_utf8(file).map_err(|_| unreadable("it is not UTF-8 text".to_owned()))?;
    let begin = text.find("-----BEGIN ").ok_or_else(|| unreadable("no PEM block follows the proof".to_owned()))?;
    let (bundle, blocks) = text.split_at(begin);
    let mut signed = Vec::new();
    let mut certificate = None;
    for block in pem::blocks(blocks.as_bytes()) {
        match block? {
            (label, der) if label == LABEL => signed.push(der),
            (label, der) if label == "CERTIFICATE" => certificate = Some(Certificate::from_der(&der)?),
            (label, _) => return Err(unreadable(format!("unexpected {label} block"))),
        }
    }
    if let Some(held) = held {
        let held = pem::one(held, &[LABEL])?;
        if !signed.iter().any(|s| *s == *held) {
            return Err(fault(
                "proof",
                "it does not use the checkpoint you hold; ask for a proof that begins at yours",
            ));
        }
    }
    let checkpoints = signed.iter().map(|s| open(s, ledger)).collect::<Result<Vec<Checkpoint>>>()?;
    let fails = |e: BundleError| match e {
        BundleError::Form { .. } => unreadable(e.to_string()),
        other => fault("proof", &other.to_string()),
    };
    match (checkpoints.as_slice(), certificate) {
        ([checkpoint], Some(certificate)) => {
            let event = InclusionBundle::decode(bundle).and_then(|b| b.verify(checkpoint)).map_err(fails)?;
            let digest = hufu_store::der_digest(certificate.serial(), certificate.der());
            if !event.effects.iter().any(|e| e.digest == digest) {
                return Err(fault("proof", "the event it shows did not store this certificate"));
            }
            Ok(Proof::Inclusion { checkpoint: checkpoint.clone(), event, certificate: Box::new(certificate) })
        }
        ([old, new], None) => {
            ConsistencyBundle::decode(bundle).and_then(|b| b.verify(old, new)).map_err(fails)?;
            Ok(Proof::Consistency { old: old.clone(), new: new.clone() })
        }
        _ => Err(unreadable("it has neither one checkpoint and a certificate nor two checkpoints".to_owned())),
    }
}

fn open(signed: &[u8], ledger: &Certificate) -> Result<Checkpoint> {
    let data = SignedData::from_der(signed)?;
    data.verify(&ledger.public_key()?)?;
    decode(data.content())
}

fn stored(r: &Reader<'_>, size: u64) -> Result<StoredCheckpoint> {
    Ok(r.checkpoint(size)?.ok_or(ErrorKind::NotCheckpointed { size })?)
}
