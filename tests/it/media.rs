//! The ledger of media: one holder at a time, the whole table of what may become of a medium, and from a lost one to its
//! certificates.

use hufu_authority::{Change, Class, Depth, NewMedium, NewRequest, StatusRequest};
use hufu_model::certificate::CertificateStatus;
use hufu_model::ident::MediumId;
use hufu_model::medium::MediumStatus;
use hufu_model::request::{Action, Medium};
use hufu_tests::TestAuthority;

use crate::expect::{Before, all, code, code_of_one, refused, sound};

fn id(text: &str) -> MediumId {
    text.parse().unwrap()
}

fn ukey(name: &str, org: &str) -> NewMedium {
    NewMedium {
        id: id(name),
        kind: Medium::UKey,
        serial: format!("SN-{name}"),
        vendor: "示例厂商".to_owned(),
        model: "K9".to_owned(),
        sm2: true,
        org: org.parse().unwrap(),
    }
}

fn added(t: &TestAuthority, by: &str, media: &[NewMedium]) {
    all(t.authority.add_media(&t.session(by), media));
}

fn on(t: &TestAuthority, n: u64, medium: &str) -> NewRequest {
    NewRequest { medium_id: Some(id(medium)), ..t.people.person(n, "lra-chengdu") }
}

fn status(t: &TestAuthority, medium: &str) -> MediumStatus {
    t.authority.medium(&t.session("zhao"), &id(medium)).unwrap().row.status
}

fn moved(t: &TestAuthority, by: &str, medium: &str, to: MediumStatus) -> Result<MediumStatus, hufu_authority::Error> {
    t.authority.move_medium(&t.session(by), &id(medium), to).map(|view| view.row.status)
}

/// From the stock to a holder, lost, and from there to its certificate, which one person suspends.
#[test]
fn a_lost_medium_leads_to_its_certificates() {
    let t = TestAuthority::national("lost medium");
    added(&t, "chengdu-entry", &[ukey("u-1", "lra-chengdu"), ukey("u-2", "lra-chengdu")]);
    assert_eq!(status(&t, "u-1"), MediumStatus::InStock);
    let issued = t.issue(&[on(&t, 1, "u-1")]).remove(0);
    assert_eq!((status(&t, "u-1"), status(&t, "u-2")), (MediumStatus::Issued, MediumStatus::InStock));
    let lost = t.authority.move_medium(&t.session("chengdu-entry"), &id("u-1"), MediumStatus::Lost).unwrap();
    assert_eq!(lost.certificates.iter().map(|c| &c.serial).collect::<Vec<_>>(), [&issued.serial]);
    let suspend =
        StatusRequest { emergency: true, ..StatusRequest::suspend("lost-1".parse().unwrap(), issued.serial.clone()) };
    all(t.authority.request_status(&t.session("chengdu-entry"), std::slice::from_ref(&suspend)));
    all(t.authority.apply(&t.session("chengdu-entry"), &[suspend.id]));
    let view = t.authority.certificate(&issued.serial).unwrap();
    assert_eq!(view.row.status, CertificateStatus::Held);
    // The replacement goes to another medium of the same holder; the lost one takes nothing.
    let replace = t.authority.successor(&issued.serial, Action::Replace, "again".parse().unwrap()).unwrap();
    assert_eq!(replace.medium_id, None);
    let csr = t.people.csr("another key");
    let entry = t.session("chengdu-entry");
    for (medium, expected) in [("u-1", "medium.status"), ("u-9", "medium.unknown")] {
        let replace = NewRequest { csr: csr.clone(), medium_id: Some(id(medium)), ..replace.clone() };
        assert_eq!(code_of_one(t.authority.submit(&entry, &[replace])), expected);
    }
    let new = t.issue(&[NewRequest { csr, medium_id: Some(id("u-2")), ..replace }]).remove(0);
    let view = t.authority.medium(&t.session("chengdu-entry"), &id("u-2")).unwrap();
    assert_eq!(view.certificates[0].serial, new.serial);
    sound(&t);
}

/// Every status to every other one, by the verbs: what the table of the model says, and nothing else.
#[test]
fn the_whole_matrix_of_what_becomes_of_a_medium() {
    let t = TestAuthority::national("media matrix");
    // A way to each status; the last step of `issued` is a certificate.
    let ways: [(MediumStatus, &[MediumStatus]); 6] = [
        (MediumStatus::InStock, &[]),
        (MediumStatus::Issued, &[MediumStatus::Issued]),
        (MediumStatus::Lost, &[MediumStatus::Lost]),
        (MediumStatus::Broken, &[MediumStatus::Broken]),
        (MediumStatus::Returned, &[MediumStatus::Issued, MediumStatus::Returned]),
        (MediumStatus::Destroyed, &[MediumStatus::Destroyed]),
    ];
    let mut wrongly = 0;
    let mut n = 0;
    for (from, way) in ways {
        for to in MediumStatus::ALL {
            n += 1;
            let name = format!("u-{n}");
            added(&t, "chengdu-entry", &[ukey(&name, "lra-chengdu")]);
            for step in way {
                match step {
                    MediumStatus::Issued => drop(t.issue(&[on(&t, n, &name)])),
                    step => drop(moved(&t, "chengdu-entry", &name, *step).unwrap()),
                }
            }
            assert_eq!(status(&t, &name), from);
            if to == MediumStatus::Issued {
                let other = NewRequest { medium_id: Some(id(&name)), ..t.people.person(1000 + n, "lra-chengdu") };
                let free = from == MediumStatus::InStock;
                match t.authority.submit(&t.session("chengdu-entry"), &[other]).unwrap().remove(0) {
                    Ok(_) => wrongly += usize::from(!free),
                    Err(e) => assert!(!free && matches!(e.code(), "medium.status" | "medium.holder"), "{from}: {e}"),
                }
                refused(moved(&t, "chengdu-entry", &name, to), "medium.step", Class::Refused);
                continue;
            }
            match moved(&t, "chengdu-entry", &name, to) {
                Ok(now) => wrongly += usize::from(now != to || !from.may_become(to)),
                Err(e) => assert!(!from.may_become(to) && e.code() == "medium.step", "{from} -> {to}: {e}"),
            }
        }
    }
    println!("media: {n} steps of the whole matrix, {wrongly} wrongly allowed");
    assert_eq!((n, wrongly), (36, 0));
    sound(&t);
}

/// One medium, one holder: in one batch, one after the other, and again only after it was put in stock.
#[test]
fn a_medium_belongs_to_one_holder_at_a_time() {
    let t = TestAuthority::national("one holder");
    let media = ["u-1", "u-2", "u-3"].map(|name| ukey(name, "lra-chengdu"));
    added(&t, "chengdu-entry", &media);
    let entry = t.session("chengdu-entry");
    let both = t.authority.submit(&entry, &[on(&t, 1, "u-1"), on(&t, 2, "u-1")]).unwrap();
    assert_eq!(both[1].as_ref().map(drop).map_err(hufu_authority::Error::code), Err("medium.holder"));
    assert!(both[0].is_ok());
    // Two requests that both came in while it was in stock: the first certificate decides.
    let first = t.enter("chengdu-entry", "sichuan-approver", &[on(&t, 3, "u-2")]);
    let second = t.enter("chengdu-entry", "sichuan-approver", &[on(&t, 4, "u-2")]);
    let approver = t.session("sichuan-approver");
    all(t.authority.issue(&approver, &t.signer(), &first));
    assert_eq!(code_of_one(t.authority.issue(&approver, &t.signer(), &second)), "medium.holder");
    // In one batch, too.
    let third = t.enter("chengdu-entry", "sichuan-approver", &[on(&t, 5, "u-3")]);
    let fourth = t.enter("chengdu-entry", "sichuan-approver", &[on(&t, 6, "u-3")]);
    let results = t.authority.issue(&approver, &t.signer(), &[third, fourth].concat()).unwrap();
    assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 1);
    // The holder of a medium gets further certificates on it; somebody else does once it is in stock again.
    let again =
        NewRequest { id: "again".parse().unwrap(), csr: t.people.csr("another key of person 3"), ..on(&t, 3, "u-2") };
    t.issue(&[again]);
    assert_eq!(t.authority.medium(&entry, &id("u-2")).unwrap().certificates.len(), 2);
    moved(&t, "chengdu-entry", "u-2", MediumStatus::Returned).unwrap();
    assert_eq!(code_of_one(t.authority.submit(&entry, &[on(&t, 7, "u-2")])), "medium.status");
    moved(&t, "chengdu-entry", "u-2", MediumStatus::InStock).unwrap();
    t.issue(&[on(&t, 7, "u-2")]);
    sound(&t);
}

/// What does not fit: a medium for other keys, of another kind, of another office.
#[test]
fn a_medium_that_does_not_fit_takes_no_certificate() {
    let t = TestAuthority::national("unfit media");
    let rsa = NewMedium { sm2: false, ..ukey("rsa-only", "lra-chengdu") };
    let file = NewMedium { kind: Medium::File, serial: String::new(), ..ukey("file-1", "lra-chengdu") };
    added(&t, "chengdu-entry", &[rsa, file]);
    added(&t, "mianyang-entry", &[ukey("theirs", "lra-mianyang")]);
    added(&t, "sichuan-entry", &[ukey("above", "ra-sichuan")]);
    let entry = t.session("chengdu-entry");
    for (medium, expected) in [("rsa-only", "medium.sm2"), ("file-1", "medium.kind"), ("theirs", "medium.org")] {
        let before = Before::of(&t);
        assert_eq!(code_of_one(t.authority.submit(&entry, &[on(&t, 1, medium)])), expected);
        before.assert_unchanged(&t, medium);
    }
    // What the office above keeps may go out below it.
    t.issue(&[on(&t, 2, "above")]);
    // It was lost between the approval and the certificate.
    added(&t, "chengdu-entry", &[ukey("u-1", "lra-chengdu")]);
    let waiting = t.enter("chengdu-entry", "sichuan-approver", &[on(&t, 3, "u-1")]);
    moved(&t, "chengdu-entry", "u-1", MediumStatus::Lost).unwrap();
    let issued = t.authority.issue(&t.session("sichuan-approver"), &t.signer(), &waiting);
    assert_eq!(code_of_one(issued), "medium.status");
    sound(&t);
}

/// An LRA keeps and sees its own media; those above see them, too.
#[test]
fn media_are_kept_within_the_jurisdiction() {
    let t = TestAuthority::national("media jurisdiction");
    added(&t, "chengdu-entry", &[ukey("u-1", "lra-chengdu")]);
    added(&t, "mianyang-entry", &[ukey("u-2", "lra-mianyang")]);
    let seen = |by: &str| -> Vec<String> {
        t.authority.media(&t.session(by), None).unwrap().iter().map(|m| m.id.to_string()).collect()
    };
    assert_eq!(seen("chengdu-entry"), ["u-1"]);
    assert_eq!(seen("mianyang-entry"), ["u-2"]);
    assert_eq!(seen("sichuan-entry"), ["u-1", "u-2"]);
    assert_eq!(seen("yunnan-entry"), [""; 0]);
    let outside = "ra.outside-jurisdiction";
    refused(t.authority.medium(&t.session("mianyang-entry"), &id("u-1")).map(drop), outside, Class::NotPermitted);
    let theirs = "lra-mianyang".parse().unwrap();
    refused(t.authority.media(&t.session("chengdu-entry"), Some(&theirs)).map(drop), outside, Class::NotPermitted);
    for by in ["mianyang-entry", "yunnan-entry"] {
        refused(moved(&t, by, "u-1", MediumStatus::Lost), outside, Class::NotPermitted);
        assert_eq!(code_of_one(t.authority.add_media(&t.session(by), &[ukey("u-9", "lra-chengdu")])), outside);
    }
    refused(moved(&t, "sichuan-approver", "u-1", MediumStatus::Lost), "operator.no-role", Class::NotPermitted);
    // A frozen office hands nothing out, and still says what it lost.
    let _ = t.authority.change(&t.session("zhao"), &Change::OrgFreeze("lra-chengdu".parse().unwrap())).unwrap();
    let frozen = t.authority.add_media(&t.session("chengdu-entry"), &[ukey("u-3", "lra-chengdu")]);
    assert_eq!(code(frozen.map(drop)), "org.frozen");
    moved(&t, "chengdu-entry", "u-1", MediumStatus::Lost).unwrap();
    sound(&t);
}

/// A sheet is taken whole or not at all, and each fault names its row.
#[test]
fn a_sheet_of_media_is_taken_whole_or_not_at_all() {
    let t = TestAuthority::national("media sheet");
    let head = "id,kind,serial,vendor,model,sm2,org\n";
    let rows: String = (1..=200).map(|n| format!("u-{n},ukey,SN{n},示例,K9,yes,lra-chengdu\n")).collect();
    let sheet = t.base().join("media.csv");
    std::fs::write(&sheet, format!("{head}{rows}")).unwrap();
    let media: Vec<NewMedium> = NewMedium::sheet(&sheet).unwrap().into_iter().map(Result::unwrap).collect();
    let entry = t.session("chengdu-entry");
    for (what, medium, expected) in [
        ("an id twice", NewMedium { serial: "X".to_owned(), ..media[3].clone() }, "medium.exists"),
        ("a serial number twice", NewMedium { id: id("u-x"), ..media[3].clone() }, "medium.exists"),
        (
            "no serial number",
            NewMedium { id: id("u-x"), serial: String::new(), ..media[3].clone() },
            "input.unreadable",
        ),
        (
            "a line end in it",
            NewMedium { id: id("u-x"), serial: "A\nB".to_owned(), ..media[3].clone() },
            "request.holder",
        ),
        ("another office", ukey("u-x", "lra-mianyang"), "ra.outside-jurisdiction"),
    ] {
        let before = Before::of(&t);
        let with = [media.clone(), vec![medium]].concat();
        let results = t.authority.add_media(&entry, &with).unwrap();
        assert_eq!(results.iter().filter(|r| r.is_err()).count(), 1, "{what}");
        assert_eq!(results.last().unwrap().as_ref().unwrap_err().code(), expected, "{what}");
        before.assert_unchanged(&t, what);
    }
    all(t.authority.add_media(&entry, &media));
    assert_eq!(t.authority.media(&entry, None).unwrap().len(), 200);
    assert!(t.authority.add_media(&entry, &media).unwrap().iter().all(Result::is_err));
    sound(&t);
}

/// A medium that was moved by hand in the database is found by what was signed about it.
#[test]
fn a_medium_that_nobody_reported_is_found() {
    let t = TestAuthority::national("forged medium");
    added(&t, "chengdu-entry", &[ukey("u-1", "lra-chengdu"), ukey("u-2", "lra-chengdu")]);
    t.issue(&[on(&t, 1, "u-1")]);
    moved(&t, "chengdu-entry", "u-1", MediumStatus::Lost).unwrap();
    let connection = rusqlite::Connection::open(t.database()).unwrap();
    let find = |sql: &str, what: &str| {
        connection.execute(sql, []).unwrap();
        let report = t.authority.audit(Depth::Deep, &|_| ()).unwrap();
        let found = report.findings.iter().any(|f| f.rule == what);
        assert!(found, "{sql}: {:?}", report.findings);
    };
    find("UPDATE medium SET status = 'returned' WHERE id = 'u-1'", "signature");
    connection.execute("UPDATE medium SET status = 'lost' WHERE id = 'u-1'", []).unwrap();
    sound(&t);
    find("UPDATE medium_certificate SET medium = 'u-2'", "I6");
}
