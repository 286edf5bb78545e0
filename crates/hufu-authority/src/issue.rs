//! `issue`: from approved requests to stored certificates. The one way a subscriber's certificate is made.
//!
//! # What is true after a crash
//! A pair has two halves, and what is said of a certificate is said of both: there is no row, in any of these states, for
//! one of them alone.
//!
//! | killed | on disk | what `issue` with the same request does next |
//! |---|---|---|
//! | after a pair's key is the holder's in the vault, before the intent commits (f4) | request *approved*, key *escrowed* and bound to a serial number | takes the same key, with a new serial number; no signature was made |
//! | before the intent commits (f2) | request *approved* | starts afresh; no signature was made |
//! | after the intent commits (f3) | request *signing*, intent with serial numbers and TBS digests | checks approval and freezing again, builds the same bytes, makes another envelope of the same key, signs, stores |
//! | after the first signature (f5), after the second of a pair (f6), before the certificate commits (f7) | as above | the same: signatures and envelope never left the process |
//! | after the certificate commits (f8) | request *issued*, certificate or both halves with their envelope, ledger leaf, roll-up | returns the stored bytes; puts the key that was replaced out of use, if that was not done |
//! | after the checkpoint is signed (f9) | as above, no new checkpoint | returns the bytes; the next checkpoint covers them |
//! | after the checkpoint commits, before the anchor (f9-stored) | checkpoint stored, anchor behind it | the next checkpoint appends what the anchor lacks |
//! | after the anchor is written (f10) | everything | returns the stored bytes |

use std::collections::{BTreeMap, HashMap};

use hufu_issuer::{Issuer, Prepared};
use hufu_model::ident::{RequestId, Serial};
use hufu_model::request::RequestStatus;
use hufu_model::time::Instant;
use hufu_store::{Approval, Candidate, Delivered, Intent, Issued, NewIntent, Reader, SignedBytes};
use rayon::prelude::*;

use crate::authority::{Authority, CaSigner, Session};
use crate::check::take;
use crate::error::{Error, ErrorKind, Result};
use crate::policy;
use check::{Checker, Order};
use effects::effects;
use pairs::Pairs;

mod check;
mod effects;
mod pairs;

/// How often a batch is prepared anew because time went on before its turn to write came.
const ATTEMPTS: u32 = 4;

/// A certificate that is stored and may be handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedCertificate {
    /// The request it answers.
    pub request: RequestId,
    /// Its serial number.
    pub serial: Serial,
    /// Its DER. Of a pair, that of the signing half.
    pub der: Vec<u8>,
    /// The other half of a pair.
    pub encryption: Option<EncryptionHalf>,
}

/// The encryption half of a pair as it is handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncryptionHalf {
    /// Its serial number.
    pub serial: Serial,
    /// Its DER.
    pub der: Vec<u8>,
    /// Its private key in an envelope that only the key of the signing half opens (SM2EnvelopedKey, GM/T 0009, in DER).
    pub envelope: Vec<u8>,
}

impl From<Issued> for IssuedCertificate {
    fn from(issued: Issued) -> Self {
        let Issued { request, serial, der, encryption } = issued;
        let encryption =
            encryption.map(|half| EncryptionHalf { serial: half.serial, der: half.der, envelope: half.envelope });
        Self { request, serial, der, encryption }
    }
}

/// What is known already about the requests of a batch.
type Done = BTreeMap<RequestId, Result<IssuedCertificate>>;

impl Authority {
    /// Issues the certificates of approved requests: checks every approval and limit once more, fixes the bytes, commits
    /// the intents, signs, and stores certificates, ledger leaves and totals in one transaction. A result for each
    /// request; asking again returns the same bytes.
    ///
    /// For a pair the key centre of `ca` gives the key of the encryption half: it is escrowed before anything is signed,
    /// and both halves are issued or neither.
    ///
    /// # Errors
    /// An error of the whole batch: operator, fencing, clock, database, a key centre that cannot be reached. For one
    /// request, among others: [`ErrorKind::NoKeyCentre`], `kmc.…`.
    pub fn issue(
        &self,
        session: &Session,
        ca: &CaSigner,
        requests: &[RequestId],
    ) -> Result<Vec<Result<IssuedCertificate>>> {
        // Waiting for others to write can take longer than a validity may lie behind the ledger. What was begun is taken up again.
        for _ in 1..ATTEMPTS {
            let now = self.now();
            match self.issue_at(session, ca, requests, now) {
                Err(e) if e.code() == "store.clock-back" && self.now() > now => {}
                done => return done,
            }
        }
        self.issue_at(session, ca, requests, self.now())
    }

    fn issue_at(
        &self,
        session: &Session,
        ca: &CaSigner,
        requests: &[RequestId],
        now: Instant,
    ) -> Result<Vec<Result<IssuedCertificate>>> {
        let mut done = Done::new();
        let mut asked = requests.to_vec();
        asked.sort_unstable();
        asked.dedup();

        // 1. What is approved, what was begun before a crash, what is issued already.
        let mut approved = Vec::new();
        let mut begun = Vec::new();
        for (id, candidate) in asked.iter().zip(self.store().candidates(&asked)?) {
            match candidate {
                Ok(Candidate::Approved(approval)) => approved.push(approval),
                Ok(Candidate::Begun(intent)) => begun.push(intent),
                Ok(Candidate::Issued(issued)) => drop(done.insert(id.clone(), Ok(issued.into()))),
                Err(e) => drop(done.insert(id.clone(), Err(self.not_ready(id, e)?))),
            }
        }

        // 2. Every approval and every limit, as of now. What was begun is asked everything again but its place in the
        // quotas, which it has.
        let checked = self.check_approvals(session, ca, approved, begun, now, &mut done)?;
        let Checked { mut approved, mut begun, orders, events } = checked;
        hufu_store::fault!("f2");

        // 3. The keys of encryption halves, then the exact bytes, linted.
        let mut pairs = Pairs::new(ca, now);
        pairs.take_keys(&orders, &mut approved, &mut begun, &mut done)?;
        let mut bytes: HashMap<RequestId, Work<'_>> = HashMap::new();
        let mut ready = self.prepare(ca, approved, &pairs, now, &mut bytes, &mut done);
        begun.retain(|intent| rebuild(ca, intent, &pairs, &mut bytes, &mut done));

        // 4. Those keys are the holders', and in envelopes for them.
        pairs.escrow(&mut ready, &mut begun, &mut done)?;

        // 5. The intents, in one transaction.
        let mut intents = if ready.is_empty() {
            Vec::new()
        } else {
            let begun = self.store().begin_those(now, ca.epoch, session.operator(), |r| {
                self.still_good(r, session, ca, ready, (now, events), &mut done)
            });
            if let Err(e) = &begun {
                self.record_denials(session, "issue", [e])?;
            }
            begun?
        };
        intents.extend(begun);

        // 6. The signatures.
        let finished = self.sign(intents, bytes, &mut pairs, &mut done);

        // 7. Certificates, leaves, audit and totals, in one transaction.
        if !finished.is_empty() {
            // Signing a large batch takes its time, in which others may have written later events.
            let now = now.max(self.now());
            let issued = self.store().complete(now, ca.epoch, session.operator(), finished, effects)?;
            for certificate in issued {
                done.insert(certificate.request.clone(), Ok(certificate.into()));
            }
        }
        if done.values().flatten().any(|certificate| certificate.encryption.is_some()) {
            // The certificates are issued, whatever becomes of this.
            let _ = self.read(|r| pairs.retire_replaced(r, &done));
        }
        self.checkpoint(ca)?;
        self.record_denials(session, "issue", done.values().filter_map(|r| r.as_ref().err()))?;
        Ok(requests.iter().map(|id| take(&mut done, id)).collect())
    }

    /// Fixes the bytes of what was approved.
    fn prepare<'a>(
        &self,
        ca: &'a CaSigner,
        approved: Vec<Approval>,
        pairs: &Pairs<'_>,
        now: Instant,
        bytes: &mut HashMap<RequestId, Work<'a>>,
        done: &mut Done,
    ) -> Vec<(Approval, NewIntent)> {
        let prepared: Vec<(Approval, Result<Work<'a>>)> = approved
            .into_par_iter()
            .map(|approval| {
                let key = pairs.key(approval.request_id());
                let issuer = ca.issuer_for(approval.record());
                let prepared =
                    issuer.and_then(|issuer| Ok((issuer, issuer.prepare(&approval, key, now, &*self.entropy)?)));
                (approval, prepared)
            })
            .collect();
        let mut ready = Vec::with_capacity(prepared.len());
        for (approval, prepared) in prepared {
            let id = approval.request_id().clone();
            match prepared {
                Ok(prepared) => {
                    ready.push((approval, prepared.1.intent()));
                    bytes.insert(id, prepared);
                }
                Err(e) => drop(done.insert(id.clone(), Err(e.about(id.to_string())))),
            }
        }
        ready
    }

    /// Signs what was committed to.
    fn sign<'a>(
        &self,
        intents: Vec<Intent>,
        mut bytes: HashMap<RequestId, Work<'a>>,
        pairs: &mut Pairs<'_>,
        done: &mut Done,
    ) -> Vec<(Intent, SignedBytes)> {
        let work: Vec<(Intent, Work<'a>)> = intents
            .into_iter()
            .filter_map(|intent| bytes.remove(intent.approval().request_id()).map(|prepared| (intent, prepared)))
            .collect();
        let signed: Vec<_> = work
            .into_par_iter()
            .map(|(intent, (issuer, prepared))| {
                let signed = issuer.sign(prepared, &intent, &*self.entropy).map_err(Error::from);
                (intent, signed)
            })
            .collect();
        let mut finished = Vec::with_capacity(signed.len());
        for (intent, signed) in signed {
            let id = intent.approval().request_id().clone();
            match signed {
                Ok(signed) => {
                    let half = signed.encryption.zip(pairs.take_envelope(&id));
                    let encryption = half.map(|(der, envelope)| Delivered { der, envelope });
                    finished.push((intent, SignedBytes { der: signed.der, encryption }));
                }
                Err(e) => drop(done.insert(id.clone(), Err(e.about(id.to_string())))),
            }
        }
        finished
    }

    /// Why a request cannot be issued; one that asks for no certificate is for another verb.
    fn not_ready(&self, id: &RequestId, e: hufu_store::Error) -> Result<Error> {
        let row = self.read(|r| Ok(r.request(id)?))?;
        let e = match row.filter(|row| !row.action.makes_certificate()) {
            Some(row) => ErrorKind::OtherVerb { request: row.id, action: row.action }.into(),
            None => Error::from(e),
        };
        Ok(e.about(id.to_string()))
    }

    fn check_approvals(
        &self,
        session: &Session,
        ca: &CaSigner,
        approved: Vec<Approval>,
        begun: Vec<Intent>,
        now: Instant,
        done: &mut Done,
    ) -> Result<Checked> {
        self.read_as(session, "issue", |r| {
            let by = policy::acting(r, session, now)?;
            policy::may_issue(&by)?;
            let tree = r.org_tree()?;
            let mut checker = Checker::new(r, &tree, &by, &self.identity, now)?;
            let mut orders = HashMap::new();
            let mut good = |approval: &Approval, begun: bool| {
                let id = approval.request_id();
                match checker.check(ca, approval, begun) {
                    Ok(Some(order)) => drop(orders.insert(id.clone(), order)),
                    Ok(None) => {}
                    Err(e) => drop(done.insert(id.clone(), Err(e.about(id.to_string())))),
                }
                !done.contains_key(id)
            };
            let begun = begun.into_iter().filter(|intent| good(intent.approval(), true)).collect();
            let approved = approved.into_iter().filter(|approval| good(approval, false)).collect();
            Ok(Checked { approved, begun, orders, events: r.event_count()? })
        })
    }

    /// Those of `ready` that may be begun still, asked in the transaction that begins them: since they were checked, at
    /// the instant and ledger size `checked`, somebody may have frozen, removed or issued.
    fn still_good(
        &self,
        r: &Reader<'_>,
        session: &Session,
        ca: &CaSigner,
        ready: Vec<(Approval, NewIntent)>,
        checked: (Instant, u64),
        done: &mut Done,
    ) -> Result<Vec<(Approval, NewIntent)>> {
        let (now, events) = checked;
        if r.event_count()? == events {
            return Ok(ready);
        }
        let by = policy::acting(r, session, now)?;
        policy::may_issue(&by)?;
        let tree = r.org_tree()?;
        let mut checker = Checker::new(r, &tree, &by, &self.identity, now)?;
        let mut good = Vec::with_capacity(ready.len());
        for (approval, intent) in ready {
            let row = approval.row();
            let stands = r.request(&row.id)?;
            let checked = match stands.filter(|stands| stands != row) {
                Some(stands) => Err(Error::from(hufu_store::Error::from(hufu_store::ErrorKind::RequestState {
                    request: stands.id,
                    status: stands.status.code(),
                    wanted: RequestStatus::Approved.code(),
                }))),
                None => checker.check(ca, &approval, false).map(drop),
            };
            match checked {
                Ok(()) => good.push((approval, intent)),
                Err(e) => drop(done.insert(row.id.clone(), Err(e.about(row.id.to_string())))),
            }
        }
        Ok(good)
    }
}

/// The bytes of a certificate, and the CA that signs them.
type Work<'a> = (&'a Issuer, Prepared);

/// What passed every check.
struct Checked {
    approved: Vec<Approval>,
    begun: Vec<Intent>,
    /// What the pairs among them need.
    orders: HashMap<RequestId, Order>,
    /// How many events the ledger had then.
    events: u64,
}

/// Builds again the bytes of what was begun; says whether it was possible.
fn rebuild<'a>(
    ca: &'a CaSigner,
    intent: &Intent,
    pairs: &Pairs<'_>,
    bytes: &mut HashMap<RequestId, Work<'a>>,
    done: &mut Done,
) -> bool {
    let id = intent.approval().request_id().clone();
    let key = pairs.key(&id).map(|key| &key.public);
    let issuer = ca.issuer_for(intent.approval().record());
    match issuer.and_then(|issuer| Ok((issuer, issuer.rebuild(intent, key)?))) {
        Ok(prepared) => drop(bytes.insert(id, prepared)),
        Err(e) => {
            done.insert(id.clone(), Err(e.about(id.to_string())));
            return false;
        }
    }
    true
}
