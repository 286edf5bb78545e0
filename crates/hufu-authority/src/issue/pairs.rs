//! The encryption halves of pairs: their keys come from the key centre, and are in envelopes for their holders before
//! anything is signed.

use std::collections::{BTreeMap, HashMap};

use hufu_issuer::EncryptionKey;
use hufu_kmc::{Bind, ErrorKind as Refusal, KeyRecord, Kmc};
use hufu_model::certificate::CertificateStatus;
use hufu_model::escrow::EscrowStatus;
use hufu_model::ident::{EscrowId, RequestId, Serial, hex};
use hufu_model::lifecycle::State;
use hufu_model::time::Instant;
use hufu_store::{Approval, Intent, NewIntent, Reader};
use hufu_x509::csr::Csr;
use hufu_x509::envelope;
use hufu_x509::key::PublicKey;

use super::check::Order;
use super::{Done, IssuedCertificate};
use crate::authority::CaSigner;
use crate::error::{Error, ErrorKind, Result};
use crate::key_centre::KeyCentre;

/// The pairs of one batch. It does nothing, and asks nobody, for a batch without any.
pub(super) struct Pairs<'a> {
    centre: Option<&'a KeyCentre>,
    now: Instant,
    keys: HashMap<RequestId, EncryptionKey>,
    envelopes: HashMap<RequestId, Vec<u8>>,
}

impl<'a> Pairs<'a> {
    pub(super) fn new(ca: &'a CaSigner, now: Instant) -> Self {
        Self { centre: ca.key_centre.as_ref(), now, keys: HashMap::new(), envelopes: HashMap::new() }
    }

    /// The key of a request's encryption half.
    pub(super) fn key(&self, request: &RequestId) -> Option<&EncryptionKey> {
        self.keys.get(request)
    }

    /// The envelope for a request's holder, once.
    pub(super) fn take_envelope(&mut self, request: &RequestId) -> Option<Vec<u8>> {
        self.envelopes.remove(request)
    }

    /// Takes a key from the pool for each order of a new one, and looks the others up. What has none is done with.
    pub(super) fn take_keys(
        &mut self,
        orders: &HashMap<RequestId, Order>,
        approved: &mut Vec<Approval>,
        begun: &mut Vec<Intent>,
        done: &mut Done,
    ) -> Result<()> {
        let (Some(centre), false) = (self.centre, orders.is_empty()) else { return Ok(()) };
        let unlocked = centre.unlocked()?;
        let mut new = Vec::new();
        for (id, order) in approved.iter().filter_map(|a| orders.get_key_value(a.request_id())) {
            match &order.keeps {
                None => new.push((id.clone(), id.clone())),
                Some(serial) => {
                    let key = known(centre.kmc(), serial).map(|key| EncryptionKey {
                        escrow: key.id,
                        public: key.public,
                        profile_digest: order.profile_digest,
                    });
                    self.keep(id, key, done);
                }
            }
        }
        for (id, key) in all_or_each(new, done, |ids| unlocked.reserve(self.now, ids))? {
            if let Some(Order { profile_digest, .. }) = orders.get(&id) {
                let (escrow, public, profile_digest) = (key.id, key.public, *profile_digest);
                self.keys.insert(id, EncryptionKey { escrow, public, profile_digest });
            }
        }
        for (id, half) in begun.iter().filter_map(|i| Some((i.approval().request_id(), i.encryption()?))) {
            let key = known(centre.kmc(), &half.serial).and_then(|key| match key.id == half.escrow {
                true => Ok(EncryptionKey { escrow: key.id, public: key.public, profile_digest: half.profile_digest }),
                false => Err(altered(format!("certificate {} is bound to another key", half.serial))),
            });
            self.keep(id, key, done);
        }
        approved.retain(|approval| !done.contains_key(approval.request_id()));
        begun.retain(|intent| !done.contains_key(intent.approval().request_id()));
        Ok(())
    }

    fn keep(&mut self, id: &RequestId, key: Result<EncryptionKey>, done: &mut Done) {
        match key {
            Ok(key) => drop(self.keys.insert(id.clone(), key)),
            Err(e) => drop(done.insert(id.clone(), Err(e.about(id.to_string())))),
        }
    }

    /// Makes the keys their holders', in one transaction of the vault, then puts each into an envelope. On the way the
    /// private key is opened and d·G compared with what the certificate will say.
    pub(super) fn escrow(
        &mut self,
        ready: &mut Vec<(Approval, NewIntent)>,
        begun: &mut Vec<Intent>,
        done: &mut Done,
    ) -> Result<()> {
        let (Some(centre), false) = (self.centre, self.keys.is_empty()) else { return Ok(()) };
        let unlocked = centre.unlocked()?;
        let halves = ready.iter().filter_map(|(a, new)| Some((a, &new.encryption.as_ref()?.serial)));
        let halves = halves.chain(begun.iter().filter_map(|i| Some((i.approval(), &i.encryption()?.serial))));
        let mut binds = Vec::with_capacity(self.keys.len());
        for (approval, serial) in halves {
            let id = approval.request_id();
            let Some(key) = self.keys.get(id) else { continue };
            match recipient(approval) {
                Ok(recipient) => {
                    let (key, request, serial, holder) =
                        (key.escrow, id.clone(), serial.clone(), approval.row().holder);
                    binds.push((id.clone(), Bind { key, request, serial, holder, recipient }));
                }
                Err(e) => drop(done.insert(id.clone(), Err(e.about(id.to_string())))),
            }
        }
        let delivered = all_or_each(binds, done, |binds| {
            centre.kmc().bind(self.now, binds)?;
            let to: Vec<(EscrowId, PublicKey)> = binds.iter().map(|b| (b.key, b.recipient.clone())).collect();
            unlocked.deliver(self.now, &to)
        })?;
        for (id, envelope) in delivered {
            match self.keys.get(&id) {
                Some(key) if holds(&envelope, &key.public) => drop(self.envelopes.insert(id, envelope)),
                _ => {
                    let e = altered(format!("the envelope of request {id} holds another key"));
                    done.insert(id.clone(), Err(e.about(id.to_string())));
                }
            }
        }
        ready.retain(|(approval, _)| !done.contains_key(approval.request_id()));
        begun.retain(|intent| !done.contains_key(intent.approval().request_id()));
        Ok(())
    }

    /// Puts keys out of use in whose place others came, unless another certificate in force has them. They stay
    /// recoverable. What fails here is done when the request is asked for again.
    pub(super) fn retire_replaced(&self, r: &Reader<'_>, done: &Done) -> Result<()> {
        let Some(centre) = self.centre else { return Ok(()) };
        let mut keys = Vec::new();
        let pairs = done.values().filter_map(|result| result.as_ref().ok().filter(|c| c.encryption.is_some()));
        for IssuedCertificate { request, .. } in pairs {
            let Some(half) = r.pair_intent(request)? else { continue };
            let Some(serial) = &half.predecessor else { continue };
            let Some(old) = centre.kmc().key_of_serial(serial)? else { continue };
            let replaced = old.id != half.escrow && old.status == EscrowStatus::Escrowed;
            if replaced && !keys.contains(&old.id) && !self.in_use(r, &old, serial)? {
                keys.push(old.id);
            }
        }
        if keys.is_empty() { Ok(()) } else { Ok(centre.kmc().retire(self.now, None, &keys, "replaced")?) }
    }

    /// Whether a certificate other than `but` is in force with the key.
    fn in_use(&self, r: &Reader<'_>, key: &KeyRecord, but: &Serial) -> Result<bool> {
        for serial in key.serials.iter().filter(|serial| *serial != but) {
            let row = r.certificate(serial)?;
            if row.is_some_and(|row| {
                row.status != CertificateStatus::Revoked && State::of(&row, self.now) != State::Expired
            }) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The key in an encryption certificate.
fn known(kmc: &Kmc, serial: &Serial) -> Result<KeyRecord> {
    let key = kmc.key_of_serial(serial)?;
    Ok(key.ok_or_else(|| hufu_kmc::Error::from(Refusal::NoKey { what: format!("certificate {serial}") }))?)
}

fn altered(what: String) -> Error {
    hufu_kmc::Error::from(Refusal::Altered { what }).into()
}

/// The key that the applicant signs with: the only one that opens the envelope.
fn recipient(approval: &Approval) -> Result<PublicKey> {
    Ok(Csr::from_bytes(approval.csr())?.public_key()?)
}

/// Whether an envelope is for a private key of this public one. Its structure says so; that d is the right one was seen
/// where it was opened.
fn holds(envelope: &[u8], public: &PublicKey) -> bool {
    let point = hex(public.point());
    envelope::inspect(envelope).parts.iter().any(|part| part.name == "public-key" && part.value == point)
}

/// Does `work` for all at once. When the key centre refuses one of them it refuses them all: then for each by itself, so
/// that one does not hinder the others.
fn all_or_each<T, R>(
    items: Vec<(RequestId, T)>,
    done: &mut BTreeMap<RequestId, Result<IssuedCertificate>>,
    work: impl Fn(&[T]) -> hufu_kmc::Result<Vec<R>>,
) -> Result<Vec<(RequestId, R)>> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let (ids, items): (Vec<RequestId>, Vec<T>) = items.into_iter().unzip();
    match work(&items) {
        Ok(results) => return Ok(ids.into_iter().zip(results).collect()),
        Err(e) if !is_about_one(&e) => return Err(e.into()),
        Err(_) => {}
    }
    let mut good = Vec::with_capacity(items.len());
    for (id, item) in ids.into_iter().zip(items) {
        match work(std::slice::from_ref(&item)) {
            Ok(mut results) => match results.pop() {
                Some(result) => good.push((id, result)),
                None => {
                    return Err(ErrorKind::Internal("the key centre gave fewer results than it was asked for").into());
                }
            },
            Err(e) if is_about_one(&e) => drop(done.insert(id.clone(), Err(Error::from(e).about(id.to_string())))),
            Err(e) => return Err(e.into()),
        }
    }
    Ok(good)
}

/// Whether the key centre refused what it was asked, rather than could not be reached.
fn is_about_one(e: &hufu_kmc::Error) -> bool {
    let unreachable = matches!(
        e.kind(),
        Refusal::Store(_)
            | Refusal::Entropy(_)
            | Refusal::NoAgent { .. }
            | Refusal::Agent { .. }
            | Refusal::WrongKek { .. }
    );
    !unreachable
}
