//! Revocation lists from the ledger to the folder: everybody who is revoked or suspended is on them, nobody else, and what
//! lies in the folder is what the ledger says.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use hufu_authority::{Applied, Publication, Publishing, StatusRequest, Visibility};
use hufu_model::certificate::CertificateStatus;
use hufu_model::crl::CrlKind;
use hufu_model::ident::Serial;
use hufu_model::revocation::RevocationReason as Reason;
use hufu_tests::TestAuthority;
use hufu_x509::certificate::Certificate;
use hufu_x509::crl::Crl;
use hufu_x509::path::{Evidence, State, status};

use crate::expect::{all, sound};

/// An authority that publishes into `public` beside its home.
struct Scene {
    t: TestAuthority,
    changes: u32,
}

impl Scene {
    fn new(seed: &str) -> Self {
        Self { t: TestAuthority::national(seed), changes: 0 }
    }

    fn folder(&self) -> PathBuf {
        self.t.base().join("public")
    }

    fn full(&self) -> Publishing {
        Publishing::full(self.folder())
    }

    fn publish(&self, publishing: &Publishing) -> hufu_authority::Result<Publication> {
        let done = self.t.authority.publish_crl(&self.t.session("zhao"), &self.t.signer(), publishing);
        done.map(|mut publications| publications.remove(0))
    }

    /// A change of status, by two people.
    fn change(&mut self, make: impl FnOnce(String) -> StatusRequest) -> Applied {
        self.changes += 1;
        let request = make(format!("change-{}", self.changes));
        let (entry, approver) = (self.t.session("chengdu-entry"), self.t.session("sichuan-approver"));
        all(self.t.authority.request_status(&entry, std::slice::from_ref(&request)));
        all(self.t.authority.approve(&approver, std::slice::from_ref(&request.id)));
        all(self.t.authority.apply(&approver, &[request.id])).remove(0)
    }

    fn suspend(&mut self, serial: &Serial) -> Applied {
        self.change(|id| StatusRequest::suspend(id.parse().unwrap(), serial.clone()))
    }

    fn resume(&mut self, serial: &Serial) -> Applied {
        self.change(|id| StatusRequest::resume(id.parse().unwrap(), serial.clone()))
    }

    fn revoke(&mut self, serial: &Serial, reason: Reason) -> Applied {
        self.change(|id| StatusRequest::revoke(id.parse().unwrap(), serial.clone(), reason))
    }

    /// A list as it lies in the folder.
    fn list(&self, part: &str) -> Crl {
        Crl::from_der(fs::read(self.path(part)).unwrap()).unwrap()
    }

    fn path(&self, part: &str) -> PathBuf {
        let key = self.t.authority.identity().issuing.public_key().unwrap().key_id();
        self.folder().join("crl").join(format!("{}{part}.crl", hufu_model::ident::hex(&key)))
    }

    /// How a list judges a certificate, as a relying party with nothing else at hand sees it.
    fn judged(&self, serial: &Serial, lists: &[&Crl]) -> State {
        let certificate = self.t.authority.certificate(serial).unwrap().certificate;
        let id = self.t.authority.identity();
        let evidence = Evidence { crls: lists.iter().map(|crl| (*crl).into()).collect(), answers: Vec::new() };
        status(&[certificate, id.issuing.clone(), id.root.clone()], &evidence, self.t.now()).remove(0).state
    }

    fn entries(crl: &Crl) -> BTreeMap<Serial, Option<Reason>> {
        crl.entries().map(|entry| (entry.serial, entry.reason)).collect()
    }
}

#[test]
fn who_is_revoked_is_on_the_full_list_and_on_the_shard_the_certificate_names() {
    let mut s = Scene::new("published");
    let serials: Vec<Serial> = (1..=8).map(|n| s.t.issue_person(n).serial).collect();
    let first = s.publish(&s.full()).unwrap();
    assert_eq!((first.issue.number, first.lists.len(), first.issue.kind), (1, 5, CrlKind::Full));
    assert_eq!(s.list("").count(), 0);
    s.t.clock.advance(60);
    let revoked = [(1, Some(Reason::KeyCompromise)), (3, Some(Reason::Superseded)), (5, None), (6, None)];
    let mut applied = Vec::new();
    for (n, reason) in revoked {
        applied.push(s.revoke(&serials[n], reason.unwrap_or(Reason::Unspecified)));
    }
    applied.push(s.suspend(&serials[7]));
    let changes: Vec<_> = applied.iter().map(|a| a.change.clone()).collect();
    let seen = |s: &Scene| s.t.authority.visible(&s.folder(), &changes).unwrap();
    assert_eq!(seen(&s), vec![Visibility::Pending; 5]);
    let second = s.publish(&s.full()).unwrap();
    assert_eq!((second.issue.number, second.changes, second.replaced.len()), (2, 5, 0));
    assert_eq!(seen(&s), vec![Visibility::Visible; 5]);
    let full = s.list("");
    assert_eq!((full.number(), full.count(), full.is_sorted()), (Some(2), 5, true));
    assert!(full.issuing_point().is_none());
    let shards: Vec<Crl> = (0..4).map(|n| s.list(&format!("-{n}"))).collect();
    assert_eq!(shards.iter().map(Crl::count).sum::<usize>(), 5);
    for (n, serial) in serials.iter().enumerate() {
        let row = s.t.authority.certificate(serial).unwrap();
        let listed = row.row.status != CertificateStatus::Active;
        assert_eq!(full.find(serial).is_some(), listed, "{n}");
        // Exactly one shard speaks about it, the one its distribution point names.
        let points = row.certificate.crl_points().unwrap();
        let speak: Vec<usize> =
            (0..4).filter(|k| shards[*k].issuing_point().is_some_and(|p| points.contains(&p.urls[0]))).collect();
        let [own] = speak[..] else { panic!("{points:?} {speak:?}") };
        assert_eq!(u16::try_from(own).ok(), hufu_model::crl::shard(serial, 4));
        for (k, shard) in shards.iter().enumerate() {
            let state = s.judged(serial, &[shard]);
            match (k == own, row.row.status) {
                (true, CertificateStatus::Active) => assert_eq!(state, State::Good),
                (true, CertificateStatus::Held) => assert!(matches!(state, State::Held { .. })),
                (true, CertificateStatus::Revoked) => assert!(matches!(state, State::Revoked { .. })),
                (false, _) => assert_eq!(state, State::Unknown, "{n} {k}"),
            }
        }
        assert_eq!(s.judged(serial, &[&full]) == State::Good, !listed);
    }
    // The certificates of the CA lie where authorityInfoAccess says.
    let id = s.t.authority.identity();
    for ca in [&id.issuing, &id.root] {
        let url = id.urls.ca_issuers(&ca.public_key().unwrap()).remove(0);
        let file = fs::read(s.folder().join(id.urls.place(&url).unwrap())).unwrap();
        assert_eq!(Certificate::from_der(&file).unwrap().der(), ca.der());
    }
    let left: Vec<_> = fs::read_dir(s.folder().join("crl")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 5, "nothing is left beside the lists: {left:?}");
    sound(&s.t);
}
