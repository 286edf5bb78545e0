//! I12: identity numbers and telephone numbers are in no file and in no output in clear, after holders went every way
//! there is: issued, rejected, refused, succeeded, revoked, recovered, looked at, published, copied, reported, forgotten.
//! `HUFU_FULL` takes 1,000 holders through the long way instead of 60.

use std::collections::{BTreeSet, HashMap};
use std::fmt::{Debug, Write as _};
use std::fs;
use std::path::{Path, PathBuf};

use hufu_authority::{
    Asked, CertificateFilter, Change, Depth, EventFilter, ExportForm, IssuedCertificate, KeyOrder, Keys, NewKey,
    NewRequest, Ordered, Publishing, ReportKind, RequestFilter, StatusFilter,
};
use hufu_model::holder::{Field, Visibility};
use hufu_model::request::Action;
use hufu_model::time::Instant;
use hufu_tests::{TestAuthority, resident_id};
use hufu_x509::envelope::Dialect;
use hufu_x509::{ocsp, pkcs8};

use crate::expect::{all, sound};
use crate::respond::Desk;
use crate::retention::{propose, until};

const PERSONS: u64 = 1000;

#[test]
fn personal_fields_are_nowhere_in_clear() {
    let t = TestAuthority::national("privacy");
    let mut requests: Vec<NewRequest> = (0..PERSONS).map(|n| t.people.person(n, "lra-chengdu")).collect();
    requests.extend((0..20).map(|n| t.people.organisation(n, "lra-chengdu")));
    requests.extend((0..20).map(|n| t.people.device(n, "lra-chengdu")));
    let mut canaries = Canaries::default();
    canaries.add(&requests);
    assert!(canaries.count() > 2000);

    let (sichuan, signer) = (t.session("sichuan-approver"), t.signer());
    for result in t.authority.submit(&t.session("chengdu-entry"), &requests).unwrap() {
        result.unwrap();
    }
    let ids: Vec<_> = requests.iter().map(|r| r.id.clone()).collect();
    let (rejected, approved) = ids.split_at(200);
    for result in t.authority.reject(&sichuan, rejected, "材料不全").unwrap() {
        result.unwrap();
    }
    for result in t.authority.approve(&sichuan, approved).unwrap() {
        result.unwrap();
    }
    let issued = t.authority.issue(&sichuan, &signer, approved).unwrap();
    let issued: Vec<_> = issued.into_iter().map(Result::unwrap).collect();

    // Refusals name what is wrong, not whom it is about.
    let mut wrong = t.people.person(5000, "lra-chengdu");
    let number = resident_id(5000);
    let broken = format!("{}{}", &number[..17], if number.ends_with('0') { '1' } else { '0' });
    for (field, value) in &mut wrong.fields {
        if *field == Field::DocumentNumber {
            value.clone_from(&broken);
        }
    }
    let refusal = t.authority.submit(&t.session("chengdu-entry"), &[wrong]).unwrap().remove(0).unwrap_err();
    assert!(!format!("{refusal} {refusal:?}").contains(&broken[..17]), "{refusal}");

    let mut said = String::new();
    for id in &ids {
        said.push_str(&format!("{:?}", t.authority.request(id).unwrap()));
    }
    said.push_str(&format!("{:?}", t.authority.requests(&RequestFilter::default()).unwrap()));
    said.push_str(&format!("{:?}", t.authority.certificates(&CertificateFilter::default()).unwrap()));
    said.push_str(&format!("{:?}", t.authority.events(&EventFilter::default()).unwrap()));
    for kind in ReportKind::ALL {
        said.push_str(&format!("{:?}", t.authority.report(kind, &Asked::default()).unwrap()));
    }
    said.push_str(&format!("{:?}", t.authority.audit(Depth::Deep, &|_| ()).unwrap()));
    said.push_str(&t.authority.prove_certificate(&issued[0].serial).unwrap());
    for certificate in &issued {
        let der = t.authority.export(&certificate.serial, ExportForm::Der).unwrap();
        canaries.refute("a certificate", &der);
    }
    canaries.refute("what was said", said.as_bytes());
    // Masked, they are recognisable to the operator who has the document at hand.
    let number = resident_id(999);
    assert!(said.contains(&number[..3]) && said.contains("***"));

    // The database with its write-ahead log, the keys, the anchor.
    let (seen, _) = canaries.refute_folder(t.base());
    assert!(seen >= 6, "{seen} files");
}

/// P1 of the reliability plan: the numbers of everybody who went the long way are in no file that the library writes and
/// in nothing that it says; and the same scanner finds one that is put there.
#[test]
fn no_way_through_the_library_leaves_a_number_in_clear() {
    let (seed, persons) = ("canaries", if std::env::var_os("HUFU_FULL").is_some() { 1000 } else { 60 });
    let mut walk = Walk::new(seed);
    let issued = walk.enter(persons);
    walk.succeed(&issued);
    walk.change_status(&issued);
    walk.recover(&issued);
    walk.refusals(persons);
    walk.answer(&issued);
    walk.leave("before");
    let (before, _) = walk.canaries.refute_folder(walk.desk.t.base());
    walk.forget(&issued);
    walk.leave("after");

    let Walk { desk, canaries, said, .. } = walk;
    canaries.refute("what was said", said.as_bytes());
    let (seen, octets) = canaries.refute_folder(desk.t.base());
    assert!(canaries.count() >= 2 * usize::try_from(persons).unwrap() && seen > before, "{seen} files");
    // It was all there to be read.
    let names: Vec<String> = files(desk.t.base()).iter().map(|p| p.display().to_string()).collect();
    for name in
        ["home/ledger.db", "home/ledger.db-wal", "home/kmc.db", "anchor/", ".crl", "before-backup/", "after-export/"]
    {
        assert!(names.iter().any(|n| n.contains(name)), "{name}: {names:#?}");
    }
    println!(
        "P1 privacy canaries: seed {seed:?}, {persons} people, {} numbers, {seen} files of {octets} octets, {} octets \
         of text: 0 hits",
        canaries.count(),
        said.len()
    );

    // The control: a number that lies in a file in any form, and one in the database.
    let number = resident_id(persons / 2);
    let planted = desk.t.base().join("planted");
    for form in forms(&number) {
        fs::write(&planted, [b"\0\x7f1", &form[..], b"2"].concat()).unwrap();
        assert_eq!(canaries.look(desk.t.base()).2, [(planted.clone(), number.as_str())]);
    }
    fs::remove_file(planted).unwrap();
    let by_hand = rusqlite::Connection::open(desk.t.database()).unwrap();
    by_hand.execute_batch(&format!("CREATE TABLE planted AS SELECT '{number}' AS number")).unwrap();
    assert_ne!(canaries.look(&desk.t.home()).2, []);
}

fn phone(prefix: u32, n: u64) -> String {
    format!("{prefix}{:08}", (12_345_678 + n * 7_654_321) % 100_000_000)
}

fn with(mut request: NewRequest, field: Field, value: &str) -> NewRequest {
    request.fields.retain(|(known, _)| *known != field);
    request.fields.push((field, value.to_owned()));
    request
}

/// Holders on every way the library has, their numbers, and everything it said on the way.
struct Walk {
    desk: Desk,
    canaries: Canaries,
    said: String,
}

impl Walk {
    fn new(seed: &str) -> Self {
        let desk = Desk::new(seed);
        desk.t.found_key_centre();
        Self { desk, canaries: Canaries::default(), said: String::new() }
    }

    /// A holder whose telephone number is not mostly zeros: those stand in lengths written in hexadecimal as well.
    fn person(&self, n: u64) -> NewRequest {
        with(self.desk.t.people.person(n, "lra-chengdu"), Field::Phone, &phone(138, n))
    }

    fn say(&mut self, what: &impl Debug) {
        writeln!(self.said, "{what:?}").unwrap();
    }

    fn submit(&mut self, requests: &[NewRequest]) {
        self.canaries.add(requests);
        let submitted = all(self.desk.t.authority.submit(&self.desk.t.session("chengdu-entry"), requests));
        self.say(&submitted);
    }

    fn issue(&mut self, requests: &[NewRequest]) -> Vec<IssuedCertificate> {
        self.submit(requests);
        let (t, ids) = (&self.desk.t, requests.iter().map(|r| r.id.clone()).collect::<Vec<_>>());
        let approver = t.session("sichuan-approver");
        let approved = all(t.authority.approve(&approver, &ids));
        let issued = all(t.authority.issue(&approver, &t.signer(), &ids));
        self.say(&(approved, &issued));
        issued
    }

    /// One of ten is rejected and one is left waiting; of the others every fourth gets one certificate and the rest pairs.
    fn enter(&mut self, persons: u64) -> Vec<IssuedCertificate> {
        let new = |n: u64| NewRequest { pair: !n.is_multiple_of(4), ..self.person(n) };
        let (left, wanted): (Vec<u64>, Vec<u64>) = (0..persons).partition(|n| n % 10 < 2);
        let (rejected, wanted): (Vec<_>, Vec<_>) =
            (left.into_iter().map(new).collect(), wanted.into_iter().map(new).collect());
        self.submit(&rejected);
        let ids: Vec<_> = rejected.iter().step_by(2).map(|r| r.id.clone()).collect();
        let session = self.desk.t.session("sichuan-approver");
        let decided = all(self.desk.t.authority.reject(&session, &ids, "材料不全"));
        self.say(&decided);
        self.issue(&wanted)
    }

    /// Renewed, replaced, rekeyed, changed: every second one, in turn. Who changes has another telephone number, too.
    fn succeed(&mut self, issued: &[IssuedCertificate]) {
        self.desk.t.clock.advance(60);
        let actions = [Action::Renew, Action::Replace, Action::Rekey, Action::Change];
        let mut requests = Vec::new();
        for (n, (issued, action)) in issued.iter().step_by(2).zip(actions.into_iter().cycle()).enumerate() {
            let id = format!("{action}-{n}");
            let t = &self.desk.t;
            let mut new = t.authority.successor(&issued.serial, action, id.parse().unwrap()).unwrap();
            match action {
                Action::Replace | Action::Rekey => new.csr = t.people.csr(&id),
                Action::Change => {
                    new = with(new, Field::Unit, "信息处");
                    new = with(new, Field::Phone, &phone(136, u64::try_from(n).unwrap()));
                }
                _ => {}
            }
            requests.push(new);
        }
        self.issue(&requests);
    }

    /// Of those without a successor one of three is suspended, one comes back, one is revoked.
    fn change_status(&mut self, issued: &[IssuedCertificate]) {
        for (n, issued) in issued.iter().skip(1).step_by(2).enumerate() {
            let first = if n % 3 == 2 { Action::Revoke } else { Action::Suspend };
            self.desk.change(first, &format!("first-{n}"), &issued.serial);
            if n % 3 == 1 {
                self.desk.change(Action::Resume, &format!("second-{n}"), &issued.serial);
            }
        }
        for delta in [false, true] {
            let t = &self.desk.t;
            let folder = t.base().join("public");
            let publishing = if delta { Publishing::delta(folder) } else { Publishing::full(folder) };
            let publishing = Publishing { deltas: true, ..publishing };
            let published = t.authority.publish_crl(&t.session("zhao"), &t.signer(), &publishing).unwrap();
            self.say(&published);
        }
    }

    /// As many holders as may on one day get their encryption key back.
    fn recover(&mut self, issued: &[IssuedCertificate]) {
        let pairs = issued.iter().filter_map(|i| i.encryption.as_ref());
        for (n, half) in pairs.step_by(5).take(3).enumerate() {
            let t = &self.desk.t;
            let (id, reason) = (format!("recovery-{n}"), "介质损坏".to_owned());
            let to = NewKey::Csr(t.people.csr(&id));
            let what = Ordered::Recovery { serial: half.serial.clone(), to, reason };
            let order = KeyOrder { id: id.parse().unwrap(), what };
            let entry = t.session("chengdu-entry");
            let row = t.authority.order_key(&entry, &order).unwrap();
            t.officers_approve(&["rec-1", "rec-2"], &order.id);
            let done = t.authority.carry_out(&entry, &t.key_centre(), &order.id).unwrap();
            let view = t.authority.key_order(&order.id).unwrap();
            self.say(&(order, row, done, view));
        }
    }

    /// What is refused is neither kept nor repeated: a wrong number, one in another field, another under a known id.
    fn refusals(&mut self, persons: u64) {
        let t = &self.desk.t;
        let new = |n: u64, field: Field, value: &str| with(self.person(n), field, value);
        let number = resident_id(persons + 1);
        let wrong_check = format!("{}{}", &number[..17], if number.ends_with('0') { '1' } else { '0' });
        let requests = [
            new(persons + 1, Field::DocumentNumber, &wrong_check),
            new(persons + 2, Field::Phone, &phone(138_000, persons + 2)),
            new(persons + 3, Field::Region, &resident_id(persons + 3)),
            new(persons + 4, Field::DocumentType, &resident_id(persons + 4)),
            new(0, Field::DocumentNumber, &resident_id(persons + 5)),
        ];
        self.canaries.add(&requests);
        let results = t.authority.submit(&t.session("chengdu-entry"), &requests).unwrap();
        for (n, result) in results.into_iter().enumerate() {
            let e = result.expect_err(&format!("request {n} was accepted"));
            writeln!(self.said, "{e} {e:?}").unwrap();
        }
    }

    fn answer(&mut self, issued: &[IssuedCertificate]) {
        let responder = self.desk.responder();
        let presigned = self.desk.presign(&responder);
        self.say(&presigned);
        for issued in issued {
            let question = ocsp::build_request(&[self.desk.id(&issued.serial)], None).unwrap();
            let reply = responder.answer(&question, self.desk.t.now());
            self.canaries.refute("an answer", &reply.der);
            self.say(&reply);
        }
    }

    /// Everything the library shows, and the copies it makes.
    fn leave(&mut self, name: &str) {
        self.say(&sound(&self.desk.t));
        let authority = &self.desk.t.authority;
        let requests = authority.requests(&RequestFilter::default()).unwrap();
        let certificates = authority.certificates(&CertificateFilter::default()).unwrap();
        let mut said = format!("{requests:?}{certificates:?}");
        for request in &requests {
            write!(said, "{:?}", authority.request(&request.id).unwrap()).unwrap();
        }
        for row in &certificates {
            write!(said, "{:?}", authority.certificate(&row.serial).unwrap()).unwrap();
            said.push_str(&authority.prove_certificate(&row.serial).unwrap());
            for form in [ExportForm::Pem, ExportForm::PemChain, ExportForm::Der, ExportForm::P7b] {
                self.canaries.refute("a certificate", &authority.export(&row.serial, form).unwrap());
            }
            if authority.pair(&row.serial).unwrap().is_some() {
                let envelope = authority.export_envelope(&row.serial, Dialect::EnvelopedKey, None).unwrap();
                self.canaries.refute("an envelope", &envelope);
            }
        }
        let kmc = authority.kmc().unwrap();
        write!(said, "{:?}", authority.events(&EventFilter::default()).unwrap()).unwrap();
        write!(said, "{:?}", authority.status_changes(&StatusFilter::default()).unwrap()).unwrap();
        for kind in ReportKind::ALL {
            write!(said, "{:?}", authority.report(kind, &Asked::default()).unwrap()).unwrap();
        }
        write!(said, "{:?}{:?}", authority.operators().unwrap(), authority.proposals(false).unwrap()).unwrap();
        write!(said, "{:?}", authority.key_orders(false).unwrap()).unwrap();
        write!(said, "{:?}", authority.retention_due(10_000).unwrap()).unwrap();
        write!(said, "{:?}", kmc.vault().read(|v| v.events(None, 0, u32::MAX)).unwrap()).unwrap();
        write!(said, "{:?}", authority.audit(Depth::Ledger, &|_| ()).unwrap()).unwrap();
        let base = self.desk.t.base();
        let backup = authority.backup(&base.join(format!("{name}-backup")), Keys::With, &|_| ()).unwrap();
        let export = authority.export_ledger(&base.join(format!("{name}-export")), &|_| ()).unwrap();
        write!(said, "{backup:?}{export:?}").unwrap();
        // Masked, the numbers are there: what is looked through is not empty of them.
        let number = resident_id(12);
        assert!(said.contains(&format!("{}***********{}", &number[..3], &number[14..])), "{name}");
        self.said.push_str(&said);
    }

    /// Ten years after the last of them expired, the fields of every third are deleted.
    fn forget(&mut self, issued: &[IssuedCertificate]) {
        let t = &self.desk.t;
        let people = issued.iter().map(|i| t.authority.certificate(&i.serial).unwrap().row.validity.not_after());
        let end = Instant::from_unix_seconds(people.max().unwrap()).day().plus_years(10).unwrap().last_instant();
        until(t, end.plus_seconds(60));
        let due: Vec<_> =
            t.authority.retention_due(10_000).unwrap().into_iter().map(|d| d.certificate.serial).collect();
        let erased: Vec<_> = issued.iter().step_by(3).map(|i| i.serial.clone()).filter(|s| due.contains(s)).collect();
        assert!(!erased.is_empty());
        let digest = propose(t, &Change::Erase(erased)).unwrap();
        let event = t.authority.countersign(&t.session("qian"), &digest).unwrap();
        self.say(&event);
    }
}

#[test]
fn personal_fields_are_shown_masked() {
    let t = TestAuthority::national("masked");
    let issued = t.issue(&[t.people.person(7, "lra-chengdu"), t.people.organisation(8, "lra-chengdu")]);
    let view = t.authority.request(&issued[0].request).unwrap();
    let of = |view: &hufu_authority::RequestView, field: Field| {
        view.personal.iter().find(|(f, _)| *f == field).map(|(_, v)| v.clone()).unwrap()
    };
    let number = resident_id(7);
    let expected = format!("{}***********{}", &number[..3], &number[14..]);
    assert_eq!(of(&view, Field::DocumentNumber), expected);
    assert_eq!(of(&view, Field::Phone), "138****0007");
    let view = t.authority.request(&issued[1].request).unwrap();
    assert_eq!(of(&view, Field::ContactPhone), "139****0008");
    assert_eq!(of(&view, Field::ContactName), "欧****");
    // A home whose data key is locked shows none of them.
    let locked = hufu_authority::Authority::open_read_only(&t.home()).unwrap();
    assert!(locked.request(&issued[0].request).unwrap().personal.is_empty());
}

/// The private keys of the home are encrypted, each under a salt of its own, and stand in no other file and no export.
#[test]
fn private_keys_are_nowhere_in_clear() {
    let t = TestAuthority::national("keys");
    let issued = t.issue_person(1);
    let mut seen = std::collections::BTreeSet::new();
    for name in ["root", "issuing", "ledger"] {
        let file = fs::read(t.authority.home().key(name)).unwrap();
        let text = String::from_utf8(file.clone()).unwrap();
        assert!(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"), "{name}");
        assert!(seen.insert(text), "two keys in one form");
        // It opens with the passphrase, and only with it.
        assert!(pkcs8::decrypt(&file, &t.ca_passphrase()).is_ok());
        assert!(pkcs8::decrypt(&file, &t.home_passphrase()).is_err());
    }
    for form in [ExportForm::Pem, ExportForm::PemChain, ExportForm::Der, ExportForm::P7b] {
        let bytes = t.authority.export(&issued.serial, form).unwrap();
        assert!(!bytes.windows(7).any(|w| w == b"PRIVATE"), "{form:?}");
    }
    // Only the owner can read what is in a home.
    use std::os::unix::fs::PermissionsExt;
    for file in files(&t.home()) {
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} can be read by others: {mode:o}", file.display());
    }
}

/// The numbers that may stand nowhere, in every form in which they could, by the first four octets of the form.
#[derive(Default)]
struct Canaries {
    numbers: BTreeSet<String>,
    forms: HashMap<[u8; 4], Vec<(Vec<u8>, String)>>,
}

impl Canaries {
    /// Every personal value of some length, of every request.
    fn add(&mut self, requests: &[NewRequest]) {
        let personal = requests.iter().flat_map(|r| &r.fields).filter(|(f, _)| f.visibility() == Visibility::Personal);
        // A name of a contact may be that of a holder, which is public.
        for (_, value) in personal.filter(|(_, v)| v.len() >= 11 && v.is_ascii()) {
            self.add_number(value);
        }
    }

    fn add_number(&mut self, number: &str) {
        if self.numbers.insert(number.to_owned()) {
            for form in forms(number) {
                self.forms.entry(*form.first_chunk().unwrap()).or_default().push((form, number.to_owned()));
            }
        }
    }

    fn count(&self) -> usize {
        self.numbers.len()
    }

    /// The numbers that stand in `bytes`, each as often as it does.
    fn hits(&self, bytes: &[u8]) -> Vec<&str> {
        let mut found = Vec::new();
        for (place, start) in bytes.windows(4).enumerate() {
            // All begin with digits; of UTF-16 one of the first two octets is one. The table is asked seldom.
            if !start[..2].iter().any(u8::is_ascii_digit) {
                continue;
            }
            for (form, number) in self.forms.get(start).into_iter().flatten() {
                if bytes[place..].starts_with(form) {
                    found.push(number.as_str());
                }
            }
        }
        found
    }

    fn refute(&self, what: &str, bytes: &[u8]) {
        let hits = self.hits(bytes);
        assert!(hits.is_empty(), "{what} holds {hits:?}");
    }

    /// Looks through every file in a folder: how many there are, how many octets, and which numbers stand in which.
    fn look(&self, folder: &Path) -> (usize, usize, Vec<(PathBuf, &str)>) {
        let (mut seen, mut octets, mut found) = (0, 0, Vec::new());
        for path in files(folder) {
            let bytes = fs::read(&path).unwrap();
            (seen, octets) = (seen + 1, octets + bytes.len());
            found.extend(self.hits(&bytes).into_iter().map(|number| (path.clone(), number)));
        }
        (seen, octets, found)
    }

    fn refute_folder(&self, folder: &Path) -> (usize, usize) {
        let (seen, octets, found) = self.look(folder);
        assert!(found.is_empty(), "{found:#?}");
        (seen, octets)
    }
}

/// A number in ASCII, which is UTF-8 and GB18030, too, and in both kinds of UTF-16.
fn forms(number: &str) -> [Vec<u8>; 3] {
    let utf16 = |octets: fn(u16) -> [u8; 2]| number.encode_utf16().flat_map(octets).collect();
    [number.as_bytes().to_vec(), utf16(u16::to_le_bytes), utf16(u16::to_be_bytes)]
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}
