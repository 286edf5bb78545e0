//! Revocation lists from the ledger to the folder: everybody who is revoked or suspended is on them, nobody else, and what
//! lies in the folder is what the ledger says.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use hufu_authority::watch::{Alarm, Seen, look};
use hufu_authority::{Applied, Depth, Mode, Publication, Publishing, StatusRequest, Visibility};
use hufu_model::certificate::CertificateStatus;
use hufu_model::crl::{CrlKind, CrlPart};
use hufu_model::ident::{Digest, Serial};
use hufu_model::revocation::RevocationReason as Reason;
use hufu_store::{CrlIssue, CrlList, Store};
use hufu_tests::{TestAuthority, copy_home};
use hufu_x509::certificate::Certificate;
use hufu_x509::crl::{Crl, CrlInput, assemble, build_tbs};
use hufu_x509::path::{Evidence, State, status};
use hufu_x509::pkcs8;
use hufu_x509::sign::Signer;

use crate::expect::{all, code, sound};
use crate::judge::Judge;

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
        self.t.carry_out(request)
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

    fn with_deltas(&self) -> Publishing {
        Publishing { deltas: true, ..self.full() }
    }
}

fn entries(crl: &Crl) -> BTreeMap<Serial, Option<Reason>> {
    crl.entries().map(|entry| (entry.serial, entry.reason)).collect()
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

/// Suspended and resumed, revoked, suspended: a delta list says what changed, and with the full list before it says what the
/// full list after it says.
#[test]
fn a_delta_list_says_what_changed_and_takes_back_what_was_resumed() {
    let mut s = Scene::new("deltas");
    let [a, b, c, d, e]: [Serial; 5] =
        (1..=5).map(|n| s.t.issue_person(n).serial).collect::<Vec<_>>().try_into().unwrap();
    s.suspend(&a);
    s.revoke(&b, Reason::KeyCompromise);
    assert_eq!(code(s.publish(&Publishing::delta(s.folder()))), "crl.no-base");
    s.publish(&s.with_deltas()).unwrap();
    assert!(!s.path("-delta").exists(), "there is nothing to differ from yet");
    // From the second one on a full list says where its delta lists are (freshestCRL), which OpenSSL wants to see.
    s.publish(&s.with_deltas()).unwrap();
    assert_eq!(s.list("-delta").count(), 0);
    let first = s.list("");
    s.t.clock.advance(3600);
    s.resume(&a);
    s.revoke(&c, Reason::Superseded);
    s.suspend(&d);
    let delta = s.publish(&Publishing::delta(s.folder())).unwrap();
    assert_eq!((delta.issue.number, delta.issue.base, delta.lists.len()), (3, Some(2), 1));
    let second = s.list("-delta");
    let changed = [
        (a.clone(), Some(Reason::RemoveFromCrl)),
        (c.clone(), Some(Reason::Superseded)),
        (d.clone(), Some(Reason::CertificateHold)),
    ];
    assert_eq!(entries(&second), BTreeMap::from(changed));
    assert_eq!((second.number(), second.delta_base()), (Some(3), Some(2)));
    for (serial, state) in [(&a, "good"), (&b, "revoked"), (&c, "revoked"), (&d, "held"), (&e, "good")] {
        assert_eq!(s.judged(serial, &[&first, &second]).code(), state);
    }
    // What the judges say of the old full list with the delta list, and of the new full list, is the same.
    judged_by_others(&s, &[&a, &b, &c, &d, &e], &[first.der(), second.der()], &[true, false, false, false, true]);
    s.t.clock.advance(3600);
    let third = s.publish(&s.with_deltas()).unwrap();
    assert_eq!((third.issue.number, third.issue.base, third.lists.len()), (4, Some(2), 6));
    let (full, beside) = (s.list(""), s.list("-delta"));
    assert_eq!((full.number(), beside.number(), beside.delta_base()), (Some(4), Some(4), Some(2)));
    let mut sum = entries(&first);
    for (serial, reason) in entries(&beside) {
        match reason {
            Some(Reason::RemoveFromCrl) => drop(sum.remove(&serial)),
            reason => drop(sum.insert(serial, reason)),
        }
    }
    assert_eq!(sum, entries(&full));
    judged_by_others(&s, &[&a, &b, &c, &d, &e], &[full.der()], &[true, false, false, false, true]);
    for k in 0..4 {
        let of_shard: Vec<&Serial> =
            [&a, &b, &c, &d, &e].into_iter().filter(|serial| hufu_model::crl::shard(serial, 4) == Some(k)).collect();
        let good: Vec<bool> = of_shard.iter().map(|serial| **serial == a || **serial == e).collect();
        judged_by_others(&s, &of_shard, &[s.list(&format!("-{k}")).der()], &good);
    }
    sound(&s.t);
}

/// OpenSSL and Bouncy Castle say of each certificate, with these lists, what is expected. Bouncy Castle looks at full lists.
fn judged_by_others(s: &Scene, serials: &[&Serial], lists: &[&[u8]], good: &[bool]) {
    if serials.is_empty() {
        return;
    }
    let folder = s.t.base().join("judged");
    fs::create_dir_all(&folder).unwrap();
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let id = s.t.authority.identity();
    fs::write(path("root.pem"), id.root.pem()).unwrap();
    fs::write(path("issuing.pem"), id.issuing.pem()).unwrap();
    fs::write(path("root.crl"), root_list(s)).unwrap();
    let at = s.t.now().to_string().replace(".000Z", "Z");
    let judges: &[&'static str] = if lists.len() > 1 { &["openssl4"] } else { &["openssl4", "bouncycastle"] };
    for name in judges {
        let mut arguments =
            ["chain", "--root", &path("root.pem"), "--ca", &path("issuing.pem"), "--crl", &path("root.crl")]
                .map(str::to_owned)
                .to_vec();
        for (n, list) in lists.iter().enumerate() {
            fs::write(path(&format!("{n}.crl")), list).unwrap();
            arguments.extend(["--crl".to_owned(), path(&format!("{n}.crl"))]);
        }
        arguments.extend(["--at".to_owned(), at.clone()]);
        let files: Vec<PathBuf> = serials
            .iter()
            .map(|serial| {
                let file = folder.join(format!("{serial}.pem"));
                fs::write(&file, s.t.authority.certificate(serial).unwrap().certificate.pem()).unwrap();
                file
            })
            .collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let Some(verdicts) = Judge(name).run(&arguments, &files) else { continue };
        let said: Vec<bool> = verdicts.iter().map(|verdict| verdict.ok).collect();
        assert_eq!(said, good, "{name}: {verdicts:?}");
    }
}

/// The root's list about the issuing CA: empty.
fn root_list(s: &Scene) -> Vec<u8> {
    let id = s.t.authority.identity();
    let key = fs::read(s.t.authority.home().key("root")).unwrap();
    let key = pkcs8::decrypt(&key, &s.t.ca_passphrase()).unwrap();
    let now = s.t.now().unix_seconds();
    let input = CrlInput {
        issuer_der: id.root.subject_der(),
        issuer_key: key.public_key(),
        this_update: now - 60,
        next_update: now + 86_400,
        number: 1,
        shard: &[],
        delta_base: None,
        freshest: &[],
    };
    let tbs = build_tbs(&input, []).unwrap();
    let signature = key.sign(&tbs, [1; 32]).unwrap();
    assemble(tbs, &signature).unwrap()
}

/// RFC 5280 §3.3: an entry goes only after it stood on a list that was issued after the certificate expired.
#[test]
fn an_expired_certificate_stays_for_one_more_list() {
    let mut s = Scene::new("expiry");
    let mut short = s.t.people.person(1, "lra-chengdu");
    short.days = Some(1);
    let short = s.t.issue(&[short]).remove(0).serial;
    let long = s.t.issue_person(2).serial;
    s.revoke(&short, Reason::KeyCompromise);
    s.revoke(&long, Reason::KeyCompromise);
    let on = |s: &Scene| {
        s.publish(&s.with_deltas()).unwrap();
        let (short, long) = (s.list("").find(&short).is_some(), s.list("").find(&long).is_some());
        s.t.clock.advance(86_400);
        (short, long)
    };
    assert_eq!(on(&s), (true, true));
    // It has expired since; this list is the first to be issued after that.
    assert_eq!(on(&s), (true, true));
    assert_eq!(entries(&s.list("-delta")), BTreeMap::new());
    assert_eq!(on(&s), (false, true));
    let delta = entries(&s.list("-delta"));
    assert_eq!(delta.into_values().collect::<Vec<_>>(), [Some(Reason::RemoveFromCrl)]);
    sound(&s.t);
}

/// The numbers on record, and what lies in the folder.
fn state(s: &Scene) -> (usize, Vec<u8>) {
    (s.t.authority.crls(None, 0).unwrap().len(), fs::read(s.path("")).unwrap_or_default())
}

#[test]
fn what_is_not_older_is_never_replaced() {
    let mut s = Scene::new("refusals");
    s.t.clock.advance(7200);
    let serial = s.t.issue_person(1).serial;
    s.publish(&s.full()).unwrap();
    // An older home, as it comes back from a backup.
    let folder = tempfile::Builder::new().prefix("hufu-test-").tempdir().unwrap();
    let old = folder.path().join("old");
    copy_home(s.t.base(), &old);
    s.t.clock.advance(60);
    s.revoke(&serial, Reason::KeyCompromise);
    s.publish(&s.full()).unwrap();
    let before = state(&s);

    let restored = TestAuthority::open_in(&old, s.t.now().plus_seconds(60), "restored").unwrap();
    let publish = |publishing: &Publishing| {
        restored.authority.publish_crl(&restored.session("zhao"), &restored.signer(), publishing)
    };
    assert_eq!(code(publish(&s.full())), "crl.ahead");
    // It goes on elsewhere, and comes back with a number that would fit.
    publish(&Publishing::full(old.join("public"))).unwrap();
    assert_eq!(code(publish(&s.full())), "crl.differs");
    assert_eq!(state(&s), before);

    // Another CA's list under our name.
    fs::write(s.path(""), root_list(&s)).unwrap();
    assert_eq!(code(s.publish(&s.full())), "crl.foreign");
    assert_eq!(fs::read(s.path("")).unwrap(), root_list(&s));
    fs::write(s.path(""), &before.1).unwrap();

    // The clock went back.
    let (zhao, signer) = (s.t.session("zhao"), s.t.signer());
    s.t.clock.set(s.t.now().plus_seconds(-3600));
    assert_eq!(code(s.t.authority.publish_crl(&zhao, &signer, &s.full())), "store.clock-back");
    s.t.clock.set(s.t.now().plus_seconds(3600));
    assert_eq!(state(&s), before);

    // Whoever may not issue does not publish.
    let entry = s.t.session("chengdu-entry");
    assert_eq!(code(s.t.authority.publish_crl(&entry, &s.t.signer(), &s.full())), "operator.no-role");
    // One publisher at a time.
    let lock = fs::File::open(s.folder().join(".hufu-publish.lock")).unwrap();
    lock.lock().unwrap();
    assert_eq!(code(s.publish(&s.full())), "crl.busy");
    drop(lock);
    assert_eq!(state(&s), before);

    // A damaged file is replaced, and named; a folder that is gone is not made anew.
    let mut damaged = before.1.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    fs::write(s.path(""), damaged).unwrap();
    assert_eq!(s.publish(&s.full()).unwrap().replaced, [s.path("")]);
    fs::rename(s.folder(), s.t.base().join("unmounted")).unwrap();
    assert_eq!(code(s.publish(&s.full())), "crl.folder");
    assert!(!s.folder().exists());
    sound(&s.t);
}

/// R17: more changes than anybody expects are published only when somebody says that they are meant.
#[test]
fn many_changes_at_once_have_to_be_agreed_to() {
    let s = Scene::new("many");
    let persons: Vec<_> = (1..=120).map(|n| s.t.people.person(n, "lra-chengdu")).collect();
    let issued = s.t.issue(&persons);
    s.publish(&s.full()).unwrap();
    let requests: Vec<StatusRequest> = issued
        .iter()
        .take(101)
        .enumerate()
        .map(|(n, c)| {
            StatusRequest::revoke(format!("mass-{n}").parse().unwrap(), c.serial.clone(), Reason::CessationOfOperation)
        })
        .collect();
    let ids: Vec<_> = requests.iter().map(|r| r.id.clone()).collect();
    let (zhao, qian) = (s.t.session("zhao"), s.t.session("qian"));
    all(s.t.authority.request_status(&zhao, &requests));
    all(s.t.authority.approve(&qian, &ids));
    all(s.t.authority.apply(&qian, &ids));
    assert_eq!(code(s.publish(&s.full())), "crl.changes");
    assert_eq!(s.list("").count(), 0);
    let few = Publishing { agreed_changes: Some(100), ..s.full() };
    assert_eq!(code(s.publish(&few)), "crl.changes");
    let agreed = Publishing { agreed_changes: Some(101), ..s.full() };
    assert_eq!(s.publish(&agreed).unwrap().changes, 101);
    assert_eq!(s.list("").count(), 101);
}

/// Negative control of I8: a publication of something else than the ledger's entries is found.
#[test]
fn the_audit_builds_every_list_again() {
    let mut s = Scene::new("audit");
    let serial = s.t.issue_person(1).serial;
    s.publish(&s.full()).unwrap();
    s.revoke(&serial, Reason::KeyCompromise);
    s.publish(&s.with_deltas()).unwrap();
    sound(&s.t);
    // A program that commits to an empty list although somebody is revoked.
    let status = s.t.authority.status().unwrap();
    let now = s.t.now().unix_seconds();
    drop(s.t.signer());
    let store = Store::open(&s.t.database(), Mode::ReadWrite).unwrap();
    let issue = CrlIssue {
        ca: 1,
        number: 3,
        kind: CrlKind::Full,
        base: None,
        position: status.events,
        horizon: None,
        this_update: now,
        next_update: now + 60,
        freshest: false,
    };
    let epoch = (1..1000).rev().find(|epoch| {
        let lists = vec![CrlList { part: CrlPart::Full, entries: 0, tbs_digest: Digest([0; 32]) }];
        store.begin_crl(&*s.t.clock, *epoch, &"zhao".parse().unwrap(), issue.clone(), lists).is_ok()
    });
    assert!(epoch.is_some());
    let found = s.t.authority.audit(Depth::Deep, &|_| ()).unwrap().findings;
    assert!(!found.is_empty() && found.iter().all(|f| f.rule == "I8" && f.object == "CRL 1/3"), "{found:?}");
}

/// `look` needs neither database nor key, and names what is wrong.
#[test]
fn the_watch_names_what_is_wrong() {
    let mut s = Scene::new("watch");
    let serial = s.t.issue_person(1).serial;
    s.publish(&s.full()).unwrap();
    let first: Vec<(PathBuf, Vec<u8>)> = fs::read_dir(s.folder().join("crl"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    let ca = s.t.authority.identity().issuing.clone();
    let alarms = |s: &Scene, hours: i64, seen: &mut Seen| -> Vec<(String, &'static str)> {
        let sightings = look(&s.folder(), &ca, s.t.now().plus_seconds(hours * 3600), seen).unwrap();
        assert!(sightings.len() >= 5);
        sightings
            .into_iter()
            .flat_map(|sighting| {
                let name = sighting.path.file_stem().unwrap().to_str().unwrap().to_owned();
                let part = name.split_once('-').map_or("full", |(_, part)| part).to_owned();
                sighting.alarms.into_iter().map(move |alarm: Alarm| (part.clone(), alarm.code()))
            })
            .collect()
    };
    let mut seen = Seen::default();
    let none: Vec<(String, &str)> = Vec::new();
    assert_eq!(alarms(&s, 0, &mut seen), none);
    assert_eq!(alarms(&s, 84, &mut seen), none);
    let codes = |found: &[(String, &'static str)]| found.iter().map(|f| f.1).collect::<Vec<_>>();
    assert_eq!(codes(&alarms(&s, 85, &mut seen)), ["half-life"; 5]);
    assert_eq!(codes(&alarms(&s, 169, &mut seen)), ["expired"; 5]);
    assert_eq!(codes(&alarms(&s, -1, &mut seen)), ["not-yet"; 5]);
    s.t.clock.advance(60);
    s.revoke(&serial, Reason::KeyCompromise);
    s.publish(&s.full()).unwrap();
    assert_eq!(alarms(&s, 0, &mut seen), none);
    // What was seen is remembered from one process to the next.
    let mut later = Seen::from_text(&seen.to_text());
    assert_eq!(later, seen);
    let now = fs::read(s.path("")).unwrap();
    for (file, content, wanted) in [
        ("full", first.iter().find(|f| f.0 == s.path("")).unwrap().1.clone(), "number-back"),
        ("full", root_list(&s), "wrong-issuer"),
        ("full", b"not a list".to_vec(), "unreadable"),
        ("full", fs::read(s.path("-1")).unwrap(), "wrong-place"),
        (
            "full",
            {
                let mut altered = now.clone();
                *altered.last_mut().unwrap() ^= 1;
                altered
            },
            "bad-signature",
        ),
    ] {
        fs::write(s.path(""), content).unwrap();
        assert_eq!(alarms(&s, 0, &mut later), [(file.to_owned(), wanted)]);
    }
    fs::write(s.path(""), now).unwrap();
    let other = fs::read(s.path("-2")).unwrap();
    let own = fs::read(s.path("-3")).unwrap();
    fs::write(s.path("-3"), other).unwrap();
    assert_eq!(alarms(&s, 0, &mut later), [("3".to_owned(), "wrong-place")]);
    fs::write(s.path("-3"), own).unwrap();
    fs::remove_file(s.path("-0")).unwrap();
    assert_eq!(alarms(&s, 0, &mut later), [("0".to_owned(), "missing")]);
    fs::remove_dir_all(s.folder()).unwrap();
    assert_eq!(codes(&alarms(&s, 0, &mut later)), ["missing"; 5]);
}
