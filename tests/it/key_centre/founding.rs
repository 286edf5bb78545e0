//! The founding, the shares, the officers.

use hufu_authority::kmc::Share;
use hufu_authority::{KeyCentre, KeyOrder, NewKeyCentre, Ordered};
use hufu_model::escrow::{RecoveryPart, RecoveryStatus};
use hufu_model::operator::OperatorStatus;
use hufu_tests::TestAuthority;

use crate::expect::{code, sound};

/// One super-administrator founds, the other countersigns; before that it serves nobody, and afterwards there is no other.
#[test]
fn two_people_found_it() {
    let t = TestAuthority::found("kmc two people");
    let (zhao, qian) = (t.session("zhao"), t.session("qian"));
    t.appoint_officers();
    assert_eq!(code(t.authority.kmc().map(drop)), "kmc.not-founded");
    assert_eq!(
        code(t.authority.found_key_centre(&t.session("rec-1"), &t.new_key_centre()).map(drop)),
        "operator.no-role"
    );
    let first = t.authority.found_key_centre(&zhao, &t.new_key_centre()).unwrap();
    assert_eq!(code(t.authority.kmc().map(drop)), "kmc.waits");
    assert_eq!(code(t.authority.countersign(&zhao, &first.proposal)), "ra.self-approval");
    // Founded again before it was in force: what was proposed first can never take effect, its shares open nothing.
    let second = t.authority.found_key_centre(&zhao, &t.new_key_centre()).unwrap();
    assert_eq!(code(t.authority.countersign(&qian, &first.proposal)), "kmc.differs");
    t.authority.countersign(&qian, &second.proposal).unwrap();
    let kmc = t.authority.kmc().unwrap();
    let refused = kmc.combine(&first.shares[..3]).map(drop).unwrap_err();
    assert_eq!(refused.kind().code(), "kmc.share-foreign");
    assert!(kmc.combine(&second.shares[..3]).is_ok());
    assert_eq!(code(t.authority.found_key_centre(&zhao, &t.new_key_centre()).map(drop)), "kmc.exists");
    assert!(kmc.verify(&|_, _, _| ()).unwrap().findings.is_empty());
    sound(&t);
}

/// What the second person reads is who keeps the shares and who approves, by name and key.
#[test]
fn the_proposal_says_everything() {
    let t = TestAuthority::found("kmc proposal");
    t.appoint_officers();
    let founded = t.authority.found_key_centre(&t.session("zhao"), &t.new_key_centre()).unwrap();
    let shown = t.authority.proposal(&founded.proposal).unwrap();
    let field = |name: &str| shown.fields.iter().find(|(known, _)| known == name).unwrap().1.clone();
    assert_eq!(field("custodians").lines().count(), 5);
    assert!(field("officers").lines().any(|line| line.starts_with("sup-1 supervisor 04")), "{}", field("officers"));
    assert_eq!((field("threshold").as_str(), field("cap-user").as_str()), ("3", "3"));
}

/// A founding that breaks a rule leaves nothing behind.
#[test]
fn what_cannot_be_founded() {
    let t = TestAuthority::found("kmc bad founding");
    t.appoint_officers();
    let zhao = t.session("zhao");
    let good = t.new_key_centre();
    let twice = ["a", "b", "c", "d", "a"].map(str::to_owned).to_vec();
    let stranger = vec![("nobody".parse().unwrap(), RecoveryPart::Recovery)];
    for (new, expected) in [
        (NewKeyCentre { threshold: 1, ..good.clone() }, "kmc.split"),
        (NewKeyCentre { threshold: 6, ..good.clone() }, "kmc.split"),
        (NewKeyCentre { custodians: twice, ..good.clone() }, "kmc.founding"),
        (NewKeyCentre { officers: good.officers[..1].to_vec(), ..good.clone() }, "kmc.founding"),
        (NewKeyCentre { officers: good.officers[..7][..5].to_vec(), ..good.clone() }, "kmc.founding"),
        (NewKeyCentre { officers: stranger, ..good.clone() }, "operator.unknown"),
    ] {
        assert_eq!(code(t.authority.found_key_centre(&zhao, &new).map(drop)), expected);
    }
    let left = std::fs::read_dir(t.home()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    let left: Vec<String> = left.filter(|name| name.starts_with("kmc")).collect();
    assert_eq!(left, Vec::<String>::new());
    sound(&t);
}

/// K1 at the key centre itself: 16 of the 32 subsets of five shares open it. A wrong share is named by number and person.
#[test]
fn all_subsets_of_the_shares() {
    let t = TestAuthority::found("kmc subsets");
    t.found_key_centre();
    let kmc = t.authority.kmc().unwrap();
    let (mut opened, mut refused) = (0, 0);
    for subset in 0..32u8 {
        let shares: Vec<Share> = (1..=5).filter(|n| subset >> (n - 1) & 1 == 1).map(|n| t.share(n)).collect();
        match kmc.combine(&shares) {
            Ok(kek) => {
                assert!(shares.len() >= 3);
                KeyCentre::held(t.authority.home(), kek).unwrap();
                opened += 1;
            }
            Err(e) => {
                assert_eq!(e.kind().code(), "kmc.shares-few", "{subset:05b}");
                refused += 1;
            }
        }
    }
    assert_eq!((opened, refused), (16, 16));
    let twice = kmc.combine(&[t.share(1), t.share(4), t.share(4)]).map(drop).unwrap_err();
    assert!(twice.to_string().contains("share 4 of 保管员 4"), "{twice}");
    let other = TestAuthority::found("kmc other home");
    other.found_key_centre();
    let foreign = kmc.combine(&[t.share(1), t.share(2), other.share(3)]).map(drop).unwrap_err();
    assert!(foreign.kind().code() == "kmc.share-foreign" && foreign.to_string().contains("share 3"), "{foreign}");
}

/// Officers change by an order that two other officers approve; the key centre is not left without enough of them.
#[test]
fn officers_change_with_two_others() {
    let t = TestAuthority::found("kmc officers");
    t.found_key_centre();
    t.appoint(&[t.people.staff("rec-4", "ca", "rec-4", &[hufu_model::operator::Role::Auditor])]);
    let (zhao, centre) = (t.session("zhao"), t.key_centre());
    let order = |id: &str, officer: &str, status| KeyOrder {
        id: id.parse().unwrap(),
        what: Ordered::Officer { officer: officer.parse().unwrap(), part: RecoveryPart::Recovery, status },
    };
    let add = order("add-4", "rec-4", OperatorStatus::Active);
    assert_eq!(code(t.authority.order_key(&t.session("rec-1"), &add)), "operator.no-role");
    t.authority.order_key(&zhao, &add).unwrap();
    assert_eq!(code(t.authority.carry_out(&zhao, &centre, &add.id)), "kmc.approvals-missing");
    assert_eq!(code(t.authority.approve_key_order(&t.session("rec-4"), &add.id)), "kmc.not-an-officer");
    assert_eq!(code(t.authority.approve_key_order(&zhao, &add.id)), "kmc.not-an-officer");
    t.officers_approve(&["rec-1"], &add.id);
    assert_eq!(code(t.authority.approve_key_order(&t.session("rec-1"), &add.id)), "kmc.approved-twice");
    assert_eq!(code(t.authority.carry_out(&zhao, &centre, &add.id)), "kmc.approvals-missing");
    t.officers_approve(&["sup-1"], &add.id);
    assert_eq!(t.authority.carry_out(&zhao, &centre, &add.id).unwrap().status, RecoveryStatus::Done);
    assert_eq!(t.authority.carry_out(&zhao, &centre, &add.id).unwrap().status, RecoveryStatus::Done);
    assert_eq!(code(t.authority.withdraw_key_order(&zhao, &add.id)), "kmc.order-state");
    // Nobody approves their own removal; two recovery officers always stay.
    for (n, officer) in ["rec-1", "rec-2", "rec-3"].into_iter().enumerate() {
        let away = order(&format!("away-{n}"), officer, OperatorStatus::Removed);
        t.authority.order_key(&zhao, &away).unwrap();
        assert_eq!(code(t.authority.approve_key_order(&t.session(officer), &away.id)), "kmc.own-order");
        t.officers_approve(&["sup-1", "sup-2"], &away.id);
        let done = t.authority.carry_out(&zhao, &centre, &away.id);
        if n < 2 {
            done.unwrap();
        } else {
            assert_eq!(code(done), "kmc.founding");
        }
    }
    assert!(centre.kmc().verify(&|_, _, _| ()).unwrap().findings.is_empty());
    sound(&t);
}
