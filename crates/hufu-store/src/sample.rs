//! A small authority for the tests of this crate: one organisation, two operators, requests on their way.

#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use hufu_ledger::{Checkpoint, sm3};
use hufu_model::certificate::{Algorithm, CertificateRow, CertificateStatus};
use hufu_model::event::EventKind;
use hufu_model::holder::HolderKind;
use hufu_model::ident::{Digest, EscrowId, OperatorId, OrgId, Serial};
use hufu_model::legacy::{LegacyRow, Usage};
use hufu_model::operator::{Operator, OperatorStatus, Role};
use hufu_model::org::{Limits, OrgKind, OrgStatus, Organisation};
use hufu_model::request::{Action, Medium, Reason, RequestStatus};
use hufu_model::time::{Instant, Validity};

use crate::{
    Approval, Candidate, Delivered, Document, ImportRow, Intent, Issued, NewHalf, NewIntent, RequestBody, RequestRow,
    Result, SignedBytes, Store,
};

/// 2026-11-24, 12:00 in China.
pub(crate) const NOON: i64 = 1_795_492_800;

pub(crate) fn at(second: i64) -> Instant {
    Instant::from_unix_seconds(second)
}

pub(crate) fn digest(text: &str) -> Digest {
    Digest(sm3(text.as_bytes()))
}

pub(crate) fn op(id: &str) -> OperatorId {
    id.parse().unwrap()
}

pub(crate) fn org_id(id: &str) -> OrgId {
    id.parse().unwrap()
}

/// A serial number as the issuer makes them, from a second and a number instead of random octets.
pub(crate) fn serial(second: i64, n: u64) -> Serial {
    let mut octets = [1; 19];
    octets[1..7].copy_from_slice(&at(second).unix_millis().to_be_bytes()[2..]);
    octets[11..].copy_from_slice(&n.to_be_bytes());
    Serial::from_bytes(&octets).unwrap()
}

pub(crate) fn org(id: &str, parent: Option<&str>, kind: OrgKind) -> Organisation {
    Organisation {
        id: org_id(id),
        parent: parent.map(org_id),
        kind,
        name: format!("{id} 注册中心"),
        name_en: String::new(),
        region: Some("510100".parse().unwrap()),
        limits: Limits { quota_day: Some(5), ..Limits::default() },
        status: OrgStatus::Active,
    }
}

pub(crate) fn operator(id: &str) -> Operator {
    Operator {
        id: op(id),
        org: org_id("ca"),
        name: String::new(),
        roles: vec![Role::Admin, Role::Entry],
        certificate: serial(NOON, 1),
        status: OperatorStatus::Active,
    }
}

pub(crate) fn document(content: &str) -> Document {
    Document {
        digest: digest(content),
        kind: "manifest".to_owned(),
        operator: op("zhao"),
        at: NOON,
        signed: content.as_bytes().to_vec(),
    }
}

pub(crate) fn request(id: &str, second: i64) -> RequestRow {
    RequestRow {
        id: id.parse().unwrap(),
        org: org_id("ra"),
        submitter: op("zhao"),
        action: Action::Issue,
        reason: Reason::First,
        holder_kind: HolderKind::Person,
        holder: digest(&format!("holder {id}")),
        profile: "person-sign".parse().unwrap(),
        profile_digest: digest("profile"),
        days: 365,
        medium: Medium::UKey,
        subject: format!("C=CN,O=示例,CN={id}"),
        predecessor: None,
        spki: digest(&format!("key {id}")),
        csr_digest: digest(&format!("csr {id}")),
        record_digest: digest(&format!("record {id}")),
        manifest: digest("manifest"),
        position: 0,
        status: RequestStatus::Submitted,
        approval: None,
        approver: None,
        serial: None,
        note: None,
        submitted_at: second,
        decided_at: None,
        expires: second + 86_400,
    }
}

pub(crate) fn body(id: &str) -> RequestBody {
    RequestBody {
        record: format!("record {id}").into_bytes(),
        csr: format!("csr {id}").into_bytes(),
        sealed: vec![0; 48],
    }
}

pub(crate) fn certificate(n: u64, issued_at: i64, days: u32) -> CertificateRow {
    CertificateRow {
        serial: serial(issued_at, n),
        request: None,
        org: org_id("ra"),
        profile: "person-sign".parse().unwrap(),
        algorithm: Algorithm::Sm2,
        holder_kind: HolderKind::Person,
        holder: digest(&format!("holder {n}")),
        reason: Reason::First,
        medium: Medium::UKey,
        predecessor: None,
        subject: format!("C=CN,CN={n}"),
        validity: Validity::days_from(at(issued_at), days).unwrap(),
        issued_at,
        status: CertificateStatus::Active,
    }
}

/// A store in a folder of its own, which goes with it.
pub(crate) struct Scratch {
    pub(crate) store: Store,
    pub(crate) path: PathBuf,
    pub(crate) folder: tempfile::TempDir,
}

impl Scratch {
    /// An empty database.
    pub(crate) fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        Self { store: Store::create(&path, at(NOON)).unwrap(), path, folder }
    }

    /// With a CA, an RA and two operators: one event.
    pub(crate) fn founded() -> Self {
        let scratch = Self::empty();
        scratch
            .store
            .write(at(NOON), |w| {
                let mut event = w.event(EventKind::Init, None, "示例");
                event.put_meta("name", "示例")?;
                event.put_org(&org("ca", None, OrgKind::Ca))?;
                event.put_org(&org("ra", Some("ca"), OrgKind::ProvinceRa))?;
                event.put_operator(&operator("zhao"))?;
                event.put_operator(&operator("qian"))?;
                event.close()
            })
            .unwrap_or_else(|e: crate::Error| panic!("{e}"));
        scratch
    }

    pub(crate) fn submit(&self, second: i64, ids: &[&str]) -> Result<u64> {
        self.store.write(at(second), |w| {
            let mut event = w.event(EventKind::Submit, Some(&op("zhao")), "manifest");
            for id in ids {
                let row = request(id, second);
                event.put_request(&row)?;
                event.put_request_body(&row.id, &body(id))?;
                event.put_key_use(&row.spki, &row.holder, &row.id)?;
            }
            event.close()
        })
    }

    pub(crate) fn approve(&self, second: i64, ids: &[&str]) -> Result<u64> {
        self.store.write(at(second), |w| {
            let mut rows = Vec::new();
            for id in ids {
                rows.push(w.reader().request(&id.parse().unwrap())?.unwrap());
            }
            let mut event = w.event(EventKind::Approve, Some(&op("qian")), "manifest");
            for row in rows {
                let (approval, approver) = (Some(digest("approval")), Some(op("qian")));
                let status = RequestStatus::Approved;
                event.put_request(&RequestRow { status, approval, approver, decided_at: Some(second), ..row })?;
            }
            event.close()
        })
    }

    /// The approvals of requests that were just entered and approved.
    pub(crate) fn approvals(&self, second: i64, ids: &[&str]) -> Vec<Approval> {
        self.submit(second, ids).unwrap();
        self.approve(second, ids).unwrap();
        let ids: Vec<_> = ids.iter().map(|id| id.parse().unwrap()).collect();
        let found = self.store.candidates(&ids).unwrap();
        found
            .into_iter()
            .map(|c| match c.unwrap() {
                Candidate::Approved(approval) => approval,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    pub(crate) fn begin(&self, second: i64, epoch: u64, approvals: Vec<Approval>) -> Result<Vec<Intent>> {
        let count = self.store.read(|r| r.event_count())?;
        let new = approvals.into_iter().zip(0..).map(|(approval, n)| {
            let validity = Validity::days_from(at(second), approval.row().days).unwrap();
            let tbs_digest = digest(approval.row().id.as_str());
            (approval, NewIntent { serial: serial(second, count << 20 | n), validity, tbs_digest, encryption: None })
        });
        self.store.begin(at(second), epoch, &op("qian"), new.collect())
    }

    pub(crate) fn complete(&self, second: i64, epoch: u64, intents: Vec<Intent>) -> Result<Vec<Issued>> {
        let signed = intents.into_iter().map(|intent| {
            let der = der(intent.serial());
            (intent, der.into())
        });
        self.store.complete(at(second), epoch, &op("qian"), signed.collect(), |_, _| Ok(()))
    }

    /// Requests that were approved, each with the intent of a pair.
    pub(crate) fn begin_pairs(&self, second: i64, epoch: u64, ids: &[&str]) -> Vec<Intent> {
        let approvals = self.approvals(second, ids);
        let new = approvals.into_iter().zip(1..).map(|(approval, n)| {
            let half = NewHalf {
                serial: serial(second, 2000 + n),
                profile: "person-enc".parse().unwrap(),
                profile_digest: digest("enc"),
                escrow: EscrowId([7; 16]),
                spki: digest("enc key"),
                tbs_digest: digest("enc tbs"),
            };
            let validity = Validity::days_from(at(second), 365).unwrap();
            let tbs_digest = digest("sign tbs");
            (approval, NewIntent { serial: serial(second, 1000 + n), validity, tbs_digest, encryption: Some(half) })
        });
        self.store.begin(at(second), epoch, &op("qian"), new.collect()).unwrap()
    }

    /// A request all the way to a pair.
    pub(crate) fn issue_pair(&self, second: i64, epoch: u64, id: &str) -> Issued {
        let intents = self.begin_pairs(second, epoch, &[id]).into_iter();
        let bytes = |intent: Intent| (intent, SignedBytes { der: b"signing".to_vec(), encryption: delivered() });
        let signed = intents.map(bytes).collect();
        self.store.complete(at(second), epoch, &op("qian"), signed, |_, _| Ok(())).unwrap().remove(0)
    }

    /// Requests all the way to certificates.
    pub(crate) fn issue(&self, second: i64, epoch: u64, ids: &[&str]) -> Vec<Issued> {
        let approvals = self.approvals(second, ids);
        let intents = self.begin(second, epoch, approvals).unwrap();
        self.complete(second, epoch, intents).unwrap()
    }

    /// A checkpoint over everything, as an authority makes it, its "signature" being its text.
    pub(crate) fn checkpoint(&self, epoch: u64) -> Result<Checkpoint> {
        let (size, root) = self.store.checkpoint_material()?;
        let checkpoint = Checkpoint { origin: "hufu/test".to_owned(), size, root, at: NOON };
        self.store.append_checkpoint(epoch, &checkpoint, checkpoint.encode().as_bytes())?;
        Ok(checkpoint)
    }
}

/// The encryption half of a pair, signed.
pub(crate) fn delivered() -> Option<Delivered> {
    Some(Delivered { der: b"encryption".to_vec(), envelope: b"envelope".to_vec() })
}

/// Octets of the size of a certificate.
pub(crate) fn der(serial: &Serial) -> Vec<u8> {
    serial.as_bytes().iter().copied().cycle().take(850).collect()
}

/// An import by name.
pub(crate) fn import(id: &str, second: i64) -> ImportRow {
    ImportRow {
        id: id.parse().unwrap(),
        operator: op("zhao"),
        source: "旧系统.csv".to_owned(),
        digest: digest(id),
        rules: Some(digest("rules")),
        at: second,
    }
}

/// The `n`-th certificate of an import, issued at `second` for 90 days; each has a holder of its own.
pub(crate) fn legacy(import: &str, n: u64, second: i64) -> LegacyRow {
    LegacyRow {
        id: digest(&format!("{import} {n}")),
        import: import.parse().unwrap(),
        position: n,
        org: org_id("ra"),
        issuer: "CN=旧 CA,C=CN".to_owned(),
        serial: vec![0xff, n.to_be_bytes()[7]],
        subject: format!("CN={n},C=CN"),
        algorithm: Algorithm::Rsa,
        key_bits: 1024,
        usage: Usage::Any,
        holder_kind: Some(HolderKind::Person),
        holder: digest(&format!("holder {n}")),
        medium: Some(Medium::UKey),
        first_half: None,
        validity: Validity::new(second, second + 90 * 86_400 - 1).unwrap(),
        issued_at: second,
        digest: Some(digest("der")),
        verified: true,
        status: CertificateStatus::Active,
    }
}
