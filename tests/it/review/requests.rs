//! Requests: the same id means the same contents, and nothing is taken in that could not be read, verified or kept secret
//! later.

use hufu_authority::{Class, ErrorKind, NewRequest};
use hufu_model::holder::Field;
use hufu_model::operator::Role;
use hufu_tests::{TestAuthority, resident_id};

use crate::expect::{Before, all, code_of_one, only, sound};

fn with(mut request: NewRequest, field: Field, value: &str) -> NewRequest {
    request.fields.retain(|(f, _)| *f != field);
    request.fields.push((field, value.to_owned()));
    request
}

/// Whoever sends a request again with other contents is not told that these are on record.
#[test]
fn an_id_with_other_contents_is_refused_whatever_differs() {
    let t = TestAuthority::national("other contents");
    let entry = t.session("chengdu-entry");
    let (device, person) = (t.people.device(1, "lra-chengdu"), t.people.person(1, "lra-chengdu"));
    all(t.authority.submit(&entry, &[device.clone(), person.clone()]));
    let staff = t.people.staff("new", "lra-chengdu", "新人", &[Role::Entry]);
    all(t.authority.submit(&t.session("zhao"), std::slice::from_ref(&staff)));
    let before = Before::of(&t);
    let mut hosts = device.clone();
    hosts.hosts.push("other.example.gov.cn".to_owned());
    let others = [
        hosts,
        with(device.clone(), Field::AdministratorPhone, "13700000009"),
        with(device.clone(), Field::Email, "someone@example.gov.cn"),
        with(person.clone(), Field::Phone, "13800000009"),
        with(person.clone(), Field::Email, "someone@example.gov.cn"),
    ];
    for other in others {
        assert_eq!(code_of_one(t.authority.submit(&entry, std::slice::from_ref(&other))), "request.id-reused");
    }
    let mut more = staff.clone();
    more.operator = Some(("new".parse().unwrap(), vec![Role::Entry, Role::Approver]));
    assert_eq!(code_of_one(t.authority.submit(&t.session("zhao"), &[more])), "request.id-reused");
    // The same once more is the same, also when its nonces and times are others.
    t.clock.advance(60);
    all(t.authority.submit(&entry, &[device, person]));
    all(t.authority.submit(&t.session("zhao"), &[staff]));
    before.assert_unchanged(&t, "a request sent again");
    sound(&t);
}

/// A record that cannot be read again, or a certificate that nobody reads, is not begun with.
#[test]
fn a_flood_of_hosts_is_refused_at_the_counter() {
    let t = TestAuthority::national("hosts");
    let entry = t.session("chengdu-entry");
    let device = |n: usize, label: &str| {
        let mut request = t.people.device(n as u64, "lra-chengdu");
        request.hosts = (0..n).map(|i| format!("{label}{i}.example.gov.cn")).collect();
        request
    };
    let before = Before::of(&t);
    for (n, label) in [(101, "h"), (5_000, "host-with-a-long-name-")] {
        let error = t.authority.submit(&entry, &[device(n, label)]).and_then(only).unwrap_err();
        assert_eq!(error.kind().class(), Class::BadInput, "{n}: {error}");
    }
    before.assert_unchanged(&t, "a flood of hosts");
    let longest = format!("{}.{}.{}.{}-", "a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(30));
    t.issue(&[device(100, &longest)]);
    sound(&t);
}

/// A batch that its own list could not hold would be stuck for ever.
#[test]
fn a_batch_has_a_bound() {
    let t = TestAuthority::national("bound");
    let before = Before::of(&t);
    let mut request = t.people.person(1, "lra-chengdu");
    request.csr.clear();
    request.fields.clear();
    let error = t.authority.submit(&t.session("chengdu-entry"), &vec![request; 100_001]).map(drop).unwrap_err();
    assert_eq!((error.code(), error.kind().class()), ("input.unreadable", Class::BadInput));
    before.assert_unchanged(&t, "a huge batch");
}

/// What the audit would blame for ever is refused when it comes in: numbers of the holder in their public fields.
#[test]
fn personal_numbers_in_public_places_are_refused() {
    let t = TestAuthority::national("public places");
    let entry = t.session("chengdu-entry");
    let person = || with(t.people.person(1, "lra-chengdu"), Field::Phone, "13800138000");
    let mut by_id = person();
    by_id.id = "person-13800138000".parse().unwrap();
    let mut by_document = person();
    by_document.id = format!("id-{}", resident_id(1).to_lowercase()).parse().unwrap();
    let passport = |id: &str| {
        let mut request = with(with(person(), Field::DocumentType, "passport"), Field::DocumentNumber, "E12345678");
        request.id = id.parse().unwrap();
        request.csr = t.people.csr("passport");
        request
    };
    let mut device = with(t.people.device(1, "lra-chengdu"), Field::AdministratorPhone, "13700137000");
    device.hosts.push("13700137000.example.gov.cn".to_owned());
    let before = Before::of(&t);
    let requests = [
        with(person(), Field::Email, "13800138000@example.gov.cn"),
        with(person(), Field::Unit, "信息处 13800138000"),
        by_id,
        by_document,
        passport("e12345678"),
        device,
    ];
    for request in requests {
        let id = request.id.clone();
        let error = t.authority.submit(&entry, &[request]).and_then(only).expect_err(id.as_str());
        assert_eq!(error.kind().class(), Class::BadInput, "{id}: {error}");
        assert!(matches!(error.kind(), ErrorKind::Unreadable { .. }), "{error}");
    }
    before.assert_unchanged(&t, "a number in a public place");
    t.issue(&[person(), passport("another-id")]);
    sound(&t);
}

/// A sheet whose columns slipped puts the identity number where a code belongs: no message repeats it.
#[test]
fn no_message_repeats_an_identity_number() {
    let t = TestAuthority::national("slipped");
    let number = resident_id(7);
    for field in Field::ALL {
        let request = with(t.people.person(7, "lra-chengdu"), field, &number);
        let results = t.authority.submit(&t.session("chengdu-entry"), &[request]).unwrap();
        if let Err(e) = only(results) {
            assert!(!format!("{e} {e:?}").contains(&number[..17]), "{field}: {e}");
        }
    }
    let mut device = t.people.device(7, "lra-chengdu");
    device.hosts.push(number.clone());
    let error = t.authority.submit(&t.session("chengdu-entry"), &[device]).and_then(only).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(&number[..17]), "{error}");
}

/// A reason is read by people and kept for ever: it is short, can be shown, and holds no identity number.
#[test]
fn a_reason_is_a_remark() {
    let t = TestAuthority::national("reason");
    let request = t.people.person(1, "lra-chengdu");
    let ids = [request.id.clone()];
    all(t.authority.submit(&t.session("chengdu-entry"), &[request]));
    let approver = t.session("sichuan-approver");
    let before = Before::of(&t);
    let long = "长".repeat(501);
    let huge = "x".repeat(9 << 20);
    let number = format!("{} 与本人不符", resident_id(1));
    for why in ["a\u{1b}[31m", "one\nCN=two", "\u{202E}", &number, &long, &huge] {
        let error = t.authority.reject(&approver, &ids, why).map(drop).unwrap_err();
        assert_eq!(error.kind().class(), Class::BadInput, "{error}");
        assert!(!error.to_string().contains(&resident_id(1)));
    }
    before.assert_unchanged(&t, "a hostile reason");
    all(t.authority.reject(&approver, &ids, "资料不全；请补充“单位”证明, then submit again (<3 days)."));
    sound(&t);
}
