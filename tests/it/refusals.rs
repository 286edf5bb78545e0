//! Bad input: each kind with its code, and nothing changed, nothing lost, nothing issued.

use hufu_authority::{AfterSigning, Class, ErrorKind, NewRequest};
use hufu_model::entropy::Entropy;
use hufu_model::holder::{Field, FieldFault};
use hufu_model::ident::{OperatorId, OrgId, RequestId};
use hufu_model::operator::Role;
use hufu_model::profile::NameAttribute;
use hufu_tests::{SeededEntropy, TestAuthority, ready_requests};
use hufu_x509::certificate::Certificate;
use hufu_x509::key::Passphrase;
use hufu_x509::name::Name;
use hufu_x509::{csr, pkcs8};
use rusqlite::{Connection, params};

use crate::expect::{Before, all, code, code_of_one, only, refused, sound};
use crate::tree::{read, root};

/// Submits one request as Chengdu's entry operator and gives the error it must cause; nothing may have changed.
fn submit_error(t: &TestAuthority, request: NewRequest) -> hufu_authority::Error {
    let before = Before::of(t);
    let what = format!("{:?}", request.id);
    let result = t.authority.submit(&t.session("chengdu-entry"), &[request]).and_then(only);
    let error = result.expect_err("it was accepted");
    before.assert_unchanged(t, &what);
    error
}

fn with_field(mut request: NewRequest, field: Field, value: &str) -> NewRequest {
    request.fields.retain(|(f, _)| *f != field);
    request.fields.push((field, value.to_owned()));
    request
}

/// Every CSR in `tests/samples/csr`, made by other programs: the good ones become certificates, each bad one is refused
/// with the precise reason.
#[test]
fn each_sample_csr_gets_the_answer_of_the_table() {
    let t = TestAuthority::national("samples");
    let folder = root().join("tests/samples/csr");
    let mut good = Vec::new();
    let mut refusals = 0;
    for (n, line) in read(&folder.join("expected.csv")).lines().skip(1).enumerate() {
        let (file, expected) = (line.split(',').next().unwrap(), line.rsplit(',').next().unwrap());
        let mut request = t.people.person(n as u64, "lra-chengdu");
        request.csr = std::fs::read(folder.join(file)).unwrap();
        if expected == "accepted" {
            // `crlf.pem` is the key of another sample once more: the same holder, then.
            if file == "crlf.pem" {
                continue;
            }
            good.push(request);
        } else {
            let error = submit_error(&t, request);
            assert_eq!((error.code(), error.kind().class()), (expected, Class::BadInput), "{file}: {error}");
            refusals += 1;
        }
    }
    assert!(refusals >= 28 && good.len() >= 15, "the table lost rows: {refusals} bad, {} good", good.len());
    for issued in t.issue(&good) {
        let certificate = Certificate::from_der(&issued.der).unwrap();
        let name = certificate.subject_text();
        // The names in the CSRs are other people's; the approved fields are what counts.
        assert!(name.starts_with("C=CN,ST=四川省,L=成都市,CN="), "{name}");
    }
    sound(&t);
}

/// The same key in Windows' line ends is the same key: another holder may not have it.
#[test]
fn a_key_belongs_to_one_holder() {
    let t = TestAuthority::national("one holder");
    t.issue_person(1);
    let mut thief = t.people.person(2, "lra-chengdu");
    thief.csr = t.people.csr("person-1");
    let error = submit_error(&t, thief);
    assert_eq!((error.code(), error.kind().class()), ("request.key-in-use", Class::Refused));
    // An operator's key is no subscriber's key either.
    let mut borrowed = t.people.person(3, "lra-chengdu");
    borrowed.csr = t.people.csr("sichuan-approver");
    assert_eq!(submit_error(&t, borrowed).code(), "request.key-in-use");
    let mut administrators = t.people.person(4, "lra-chengdu");
    administrators.csr = t.people.csr("zhao");
    assert_eq!(submit_error(&t, administrators).code(), "request.key-in-use");
}

#[test]
fn the_authoritys_own_keys_are_never_certified() {
    let t = TestAuthority::national("own keys");
    let subject = Name::new(vec![(NameAttribute::CommonName, "CA".to_owned())]).unwrap();
    let entropy = SeededEntropy::new("own keys");
    let entropy: &dyn Entropy = &entropy;
    for name in ["root", "issuing", "ledger"] {
        let file = std::fs::read(t.authority.home().key(name)).unwrap();
        let key = pkcs8::decrypt(&file, &t.ca_passphrase()).unwrap();
        let mut request = t.people.person(1, "lra-chengdu");
        request.csr = csr::build(&subject, &key, entropy.array().unwrap()).unwrap();
        let error = submit_error(&t, request);
        assert_eq!((error.code(), error.kind().class()), ("request.authority-key", Class::Refused), "{name}");
    }
}

#[test]
fn a_wrong_check_digit_is_named() {
    let t = TestAuthority::national("check digit");
    let slips = |number: String| -> Vec<String> {
        // Every other last character of the right alphabet.
        let (head, last) = number.split_at(17);
        "0123456789X".chars().filter(|c| !last.starts_with(*c)).map(|c| format!("{head}{c}")).collect()
    };
    for number in slips(hufu_tests::resident_id(1)) {
        let request = with_field(t.people.person(1, "lra-chengdu"), Field::DocumentNumber, &number);
        let error = submit_error(&t, request);
        assert_eq!((error.code(), error.kind().class()), ("request.holder", Class::BadInput));
        assert!(matches!(error.kind(), ErrorKind::Holder(f) if f.field == "document-number"));
        // I12: the number itself is in no message.
        assert!(!error.to_string().contains(&number[..17]), "{error}");
    }
    for code in slips(hufu_tests::credit_code(1)) {
        let request = with_field(t.people.organisation(1, "lra-chengdu"), Field::CreditCode, &code);
        let error = submit_error(&t, request);
        assert!(matches!(error.kind(), ErrorKind::Holder(f) if f.field == "credit-code"), "{error}");
    }
}

/// The eleven names a public linter let pass, and the other kinds, in every field that a name can come from.
#[test]
fn hostile_names_are_refused_in_every_field() {
    let t = TestAuthority::national("hostile");
    let long = "名".repeat(65);
    let hostile = [
        ("张\u{1B}[31m三", "name.control"),
        ("张三\nCN=管理员", "name.control"),
        ("张三\0.example.com", "name.control"),
        ("gpj.\u{202E}exe 张三", "name.bidi"),
        ("张\u{200B}三", "name.invisible"),
        ("=cmd|' /C calc'!A0", "name.formula"),
        ("张三 11010519491231002X", "name.identity-number"),
        ("Ｚｈａｎｇ San", "name.look-alike"),
        ("Jose\u{301}", "name.not-nfc"),
        ("\u{430}nn Lee", "name.mixed-scripts"),
        (long.as_str(), "name.too-long"),
        ("a\u{2028}b", "name.separator"),
        ("a\u{3000}b", "name.space"),
        ("\u{E000}", "name.private-use"),
        ("\u{FFFE}", "name.no-character"),
        ("Robert'); DROP TABLE request;--", "name.syntax"),
        ("张三,CN=admin", "name.syntax"),
        (" 张三", "name.outer-space"),
        ("张  三", "name.double-space"),
        ("\u{301}a", "name.mark"),
    ];
    let before = Before::of(&t);
    let entry = t.session("chengdu-entry");
    for (text, expected) in hostile {
        let mut places = vec![
            with_field(t.people.person(1, "lra-chengdu"), Field::Name, text),
            with_field(t.people.person(1, "lra-chengdu"), Field::Organisation, text),
            with_field(t.people.person(1, "lra-chengdu"), Field::Unit, text),
            with_field(t.people.organisation(1, "lra-chengdu"), Field::Name, text),
            with_field(t.people.organisation(1, "lra-chengdu"), Field::ContactName, text),
            with_field(t.people.device(1, "lra-chengdu"), Field::Organisation, text),
            with_field(t.people.device(1, "lra-chengdu"), Field::AdministratorName, text),
        ];
        if expected != "name.too-long" {
            places.push(with_field(t.people.person(1, "lra-chengdu"), Field::Province, text));
            places.push(with_field(t.people.person(1, "lra-chengdu"), Field::City, text));
        }
        for request in places {
            let error = t.authority.submit(&entry, &[request]).and_then(only).expect_err(text);
            let fault = match error.kind() {
                ErrorKind::Holder(f) => &f.fault,
                other => panic!("{text:?}: {other:?}"),
            };
            assert!(matches!(fault, FieldFault::Name(f) if f.code() == expected), "{text:?}: {fault:?}");
            // The message can be shown and logged: it holds nothing hostile itself.
            let message = error.to_string();
            assert!(message.chars().all(|c| !c.is_control() && c != '\u{202E}' && c != '\u{200B}'), "{message:?}");
        }
    }
    before.assert_unchanged(&t, "a hostile name");
}

#[test]
fn real_names_pass_and_stand_in_the_certificate() {
    let t = TestAuthority::national("real names");
    let names =
        ["阿卜杜拉·买买提", "𠮷野家", "𬎆", "𰻝𱁬", "李〇", "Ann-Marie O'Neil", "Nguyễn Thị Ánh", "བཀྲ་ཤིས་བདེ་ལེགས།"];
    let requests: Vec<NewRequest> =
        (1..).zip(names).map(|(n, name)| with_field(t.people.person(n, "lra-chengdu"), Field::Name, name)).collect();
    for (issued, name) in t.issue(&requests).into_iter().zip(names) {
        let certificate = Certificate::from_der(&issued.der).unwrap();
        assert!(certificate.subject_text().ends_with(&format!("CN={name}")), "{}", certificate.subject_text());
        let found = hufu_authority::CertificateFilter { text: Some(name.to_owned()), ..Default::default() };
        assert_eq!(t.authority.certificates(&found).unwrap().len(), 1, "{name}");
    }
    sound(&t);
}

#[test]
fn missing_and_malformed_fields_are_named() {
    let t = TestAuthority::national("fields");
    for field in [Field::Name, Field::Region, Field::DocumentType, Field::DocumentNumber, Field::Phone] {
        let mut request = t.people.person(1, "lra-chengdu");
        request.fields.retain(|(f, _)| *f != field);
        let error = submit_error(&t, request);
        assert_eq!(error.code(), "request.holder", "{field}");
    }
    for (field, value) in [(Field::Region, "51010"), (Field::Country, "cn"), (Field::Phone, "call me")] {
        let request = with_field(t.people.person(1, "lra-chengdu"), field, value);
        assert_eq!(submit_error(&t, request).code(), "request.holder", "{value}");
    }
    let request = with_field(t.people.person(1, "lra-chengdu"), Field::Region, "990000");
    assert_eq!(submit_error(&t, request).code(), "request.region");
    for host in ["not a host", "*.example.gov.cn", "a..b", "host.example.gov.cn\0", "-a.example.cn"] {
        let mut request = t.people.device(1, "lra-chengdu");
        request.hosts = vec![host.to_owned()];
        assert_eq!(submit_error(&t, request).code(), "request.holder", "{host:?}");
    }
    let mut request = t.people.device(1, "lra-chengdu");
    request.hosts.clear();
    assert_eq!(submit_error(&t, request).code(), "request.host-missing");
}

#[test]
fn organisation_profile_and_validity_are_checked() {
    let t = TestAuthority::national("policy");
    let person = || t.people.person(1, "lra-chengdu");
    let mut nowhere = person();
    nowhere.org = "lra-nowhere".parse::<OrgId>().unwrap();
    let error = submit_error(&t, nowhere);
    assert_eq!((error.code(), error.kind().class()), ("org.unknown", Class::NotFound));

    for (profile, expected, class) in [
        ("no-such-profile", "profile.unknown", Class::NotFound),
        ("organisation-sign", "profile.holder", Class::Refused),
        ("operator", "profile.holder", Class::Refused),
        ("root", "profile.holder", Class::Refused),
        ("issuing-ca", "profile.holder", Class::Refused),
        ("ledger-signer", "profile.holder", Class::Refused),
    ] {
        let mut request = person();
        request.profile = profile.parse().unwrap();
        let error = submit_error(&t, request);
        assert_eq!((error.code(), error.kind().class()), (expected, class), "{profile}");
    }
    // An operator's certificate is not to be had as a subscriber's, nor the other way round.
    let mut disguised = person();
    disguised.operator = Some(("person-operator".parse().unwrap(), vec![Role::Approver]));
    assert_eq!(submit_error(&t, disguised).code(), "profile.holder");

    for (days, good) in [(0, false), (1, true), (1825, true), (1826, false), (u32::MAX, false)] {
        let mut request = person();
        request.id = format!("days-{days}").parse().unwrap();
        request.days = Some(days);
        if good {
            assert!(t.authority.submit(&t.session("chengdu-entry"), &[request]).and_then(only).is_ok(), "{days}");
        } else {
            let error = submit_error(&t, request);
            assert_eq!((error.code(), error.kind().class()), ("profile.validity", Class::Refused), "{days}");
        }
    }
}

#[test]
fn wrong_keys_and_passphrases_open_nothing() {
    let t = TestAuthority::national("passphrase");
    let before = Before::of(&t);
    let wrong = || Passphrase::existing("not the passphrase".to_owned());
    let zhao = t.session("zhao");
    let signer = t.authority.start_signer(&zhao, &wrong(), AfterSigning::Verify).map(drop);
    refused(signer, "x509.wrong-passphrase", Class::NotPermitted);
    let mut other = t.beside("other");
    refused(other.authority.unlock(&wrong()), "x509.wrong-passphrase", Class::NotPermitted);
    // One passphrase does not open what the other protects.
    refused(other.authority.unlock(&t.ca_passphrase()), "x509.wrong-passphrase", Class::NotPermitted);
    let id: OperatorId = "zhao".parse().unwrap();
    refused(t.authority.act_as(&id, t.people.key("qian")).map(drop), "operator.wrong-key", Class::NotPermitted);
    let nobody: OperatorId = "nobody".parse().unwrap();
    refused(t.authority.act_as(&nobody, t.people.key("zhao")).map(drop), "operator.unknown", Class::NotPermitted);
    before.assert_unchanged(&t, "a wrong key");
    for weak in ["short", "aaaaaaaaaaaaaaaa", "12345678901"] {
        assert_eq!(Passphrase::human(weak.to_owned()).err().unwrap().kind().code(), "x509.weak-passphrase", "{weak}");
    }
}

/// A home whose data key is locked takes no personal fields in.
#[test]
fn a_locked_home_takes_no_requests() {
    let t = TestAuthority::national("locked");
    let locked = hufu_authority::Authority::open_with(
        &t.home(),
        hufu_authority::Mode::ReadWrite,
        t.clock.clone(),
        std::sync::Arc::new(SeededEntropy::new("locked")),
    )
    .unwrap();
    let session = locked.act_as(&"chengdu-entry".parse().unwrap(), t.people.key("chengdu-entry")).unwrap();
    let before = Before::of(&t);
    let result = locked.submit(&session, &[t.people.person(1, "lra-chengdu")]);
    assert_eq!(code_of_one(result), "home.locked");
    before.assert_unchanged(&t, "a locked home");
}

#[test]
fn requests_and_approvals_expire() {
    let t = TestAuthority::national("stale");
    let ids = ready_requests(&t, 1, 1);
    let waiting = t.people.person(2, "lra-chengdu");
    all(t.authority.submit(&t.session("chengdu-entry"), std::slice::from_ref(&waiting)));
    t.clock.advance(14 * 86_400 + 1);
    let approver = t.session("sichuan-approver");
    assert_eq!(code_of_one(t.authority.issue(&approver, &t.signer(), &ids)), "request.expired");
    // 30 days for the request itself: approved on the last day, expired on the next.
    t.clock.advance(16 * 86_400 - 2);
    all(t.authority.approve(&approver, std::slice::from_ref(&waiting.id)));
    t.clock.advance(2);
    let refusal = t.authority.issue(&approver, &t.signer(), &[waiting.id]).and_then(only);
    refused(refusal, "request.expired", Class::Refused);
}

/// The database as somebody with access to the file could change it.
fn sql(t: &TestAuthority) -> Connection {
    Connection::open(t.database()).unwrap()
}

fn approval_of(t: &TestAuthority, id: &RequestId) -> [u8; 32] {
    t.authority.request(id).unwrap().row.approval.unwrap().0
}

/// I10: an approval for one list does not serve another, wherever its digest is written.
#[test]
fn an_approval_cannot_be_replayed_for_another_request() {
    let t = TestAuthority::national("replay");
    let approved = ready_requests(&t, 1, 1);
    let other = t.people.person(2, "lra-chengdu");
    all(t.authority.submit(&t.session("chengdu-entry"), std::slice::from_ref(&other)));
    let digest = approval_of(&t, &approved[0]);
    let changed = sql(&t)
        .execute(
            "UPDATE request SET status = 'approved', approval = ?1, approver = 'sichuan-approver', decided_at = submitted_at \
             WHERE id = ?2",
            params![digest, other.id.as_str()],
        )
        .unwrap();
    assert_eq!(changed, 1);
    let approver = t.session("sichuan-approver");
    let certificates = t.authority.status().unwrap().certificates;
    let refusal = t.authority.issue(&approver, &t.signer(), std::slice::from_ref(&other.id)).and_then(only);
    refused(refusal, "record.document", Class::Integrity);
    // A rejection is no approval either.
    let rejected = t.people.person(3, "lra-chengdu");
    all(t.authority.submit(&t.session("chengdu-entry"), std::slice::from_ref(&rejected)));
    all(t.authority.reject(&approver, std::slice::from_ref(&rejected.id), "no"));
    sql(&t).execute("UPDATE request SET status = 'approved' WHERE id = ?1", [rejected.id.as_str()]).unwrap();
    let refusal = t.authority.issue(&approver, &t.signer(), &[rejected.id]).and_then(only);
    refused(refusal, "record.document", Class::Integrity);
    assert_eq!(t.authority.status().unwrap().certificates, certificates);
}

/// Every octet of an approval, altered: nothing is issued with it.
#[test]
fn an_altered_approval_issues_nothing() {
    let t = TestAuthority::national("flip");
    let ids = ready_requests(&t, 1, 1);
    let digest = approval_of(&t, &ids[0]);
    let connection = sql(&t);
    let signed: Vec<u8> =
        connection.query_row("SELECT signed FROM document WHERE digest = ?1", [digest], |r| r.get(0)).unwrap();
    let (approver, signer) = (t.session("sichuan-approver"), t.signer());
    let certificates = t.authority.status().unwrap().certificates;
    let put = |bytes: &[u8]| {
        connection.execute("UPDATE document SET signed = ?1 WHERE digest = ?2", params![bytes, digest]).unwrap();
    };
    for at in 0..signed.len() {
        let mut altered = signed.clone();
        altered[at] ^= 1 << (at % 8);
        put(&altered);
        assert!(only(t.authority.issue(&approver, &signer, &ids).unwrap()).is_err(), "octet {at} of {}", signed.len());
    }
    for length in [0, 1, signed.len() / 2, signed.len() - 1] {
        put(&signed[..length]);
        assert!(only(t.authority.issue(&approver, &signer, &ids).unwrap()).is_err(), "cut to {length}");
    }
    assert_eq!(t.authority.status().unwrap().certificates, certificates);
    // Put back, it is good: the refusals came from the alterations.
    put(&signed);
    all(t.authority.issue(&approver, &signer, &ids));
    sound(&t);
}

/// The row says otherwise than the record that was signed: longer, for another office, with another profile or CSR.
#[test]
fn an_altered_request_is_not_issued() {
    let t = TestAuthority::national("altered request");
    let ids = ready_requests(&t, 1, 1);
    let (approver, signer) = (t.session("sichuan-approver"), t.signer());
    let connection = sql(&t);
    let other_csr = csr_der(&t.people.csr("somebody else"));
    let alterations: [(&str, &str, &dyn rusqlite::ToSql); 6] = [
        ("request", "days", &1825),
        ("request", "org", &"ra-sichuan"),
        ("request", "profile", &"device-sign"),
        ("request", "medium", &"file"),
        ("request", "submitter", &"chengdu-entry-2"),
        ("request_body", "csr", &other_csr),
    ];
    for (table, column, value) in alterations {
        let key = if table == "request" { "id" } else { "request" };
        let old: rusqlite::types::Value = connection
            .query_row(&format!("SELECT {column} FROM {table} WHERE {key} = ?1"), [ids[0].as_str()], |r| r.get(0))
            .unwrap();
        let update = format!("UPDATE {table} SET {column} = ?1 WHERE {key} = ?2");
        connection.execute(&update, params![value, ids[0].as_str()]).unwrap();
        let error = only(t.authority.issue(&approver, &signer, &ids).unwrap()).expect_err(column);
        assert_eq!(error.kind().class(), Class::Integrity, "{column}: {error}");
        connection.execute(&update, params![old, ids[0].as_str()]).unwrap();
    }
    all(t.authority.issue(&approver, &signer, &ids));
    sound(&t);
}

fn csr_der(bytes: &[u8]) -> Vec<u8> {
    csr::Csr::from_bytes(bytes).unwrap().der().to_vec()
}

/// A signer started earlier is fenced off by the later one, also between its own steps.
#[test]
fn a_second_signer_fences_the_first_off() {
    let t = TestAuthority::national("fenced");
    let ids = ready_requests(&t, 1, 2);
    let approver = t.session("sichuan-approver");
    let first = t.signer();
    all(t.authority.issue(&approver, &first, &ids[..1]));
    let beside = t.beside("second signer");
    let second = beside.signer();
    let before = Before::of(&t);
    let refusal = t.authority.issue(&approver, &first, &ids[1..]).map(drop);
    refused(refusal, "store.fenced", Class::Refused);
    refused(t.authority.checkpoint(&first).map(drop), "store.fenced", Class::Refused);
    before.assert_unchanged(&t, "a fenced signer");
    all(beside.authority.issue(&beside.session("sichuan-approver"), &second, &ids));
    sound(&t);
}

#[test]
fn an_input_that_is_nothing_at_all_is_refused() {
    let t = TestAuthority::national("nothing");
    for bytes in [&b""[..], b"\0", b"hello", b"-----BEGIN CERTIFICATE REQUEST-----", &[0x30; 70_000], &[0xff; 3]] {
        let mut request = t.people.person(1, "lra-chengdu");
        request.csr = bytes.to_vec();
        let error = submit_error(&t, request);
        assert_eq!(error.kind().class(), Class::BadInput, "{error}");
    }
    assert_eq!(code("../x".parse::<RequestId>().map_err(|e| ErrorKind::Id(e).into())), "input.id");
    // Nothing to do is done at once.
    assert!(t.authority.submit(&t.session("chengdu-entry"), &[]).unwrap().is_empty());
    assert!(t.authority.approve(&t.session("sichuan-approver"), &[]).unwrap().is_empty());
    assert!(t.authority.issue(&t.session("sichuan-approver"), &t.signer(), &[]).unwrap().is_empty());
}
