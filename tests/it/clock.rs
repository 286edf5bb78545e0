//! A clock that jumps: back, a little ahead, far ahead (T16 of the design's threats).

use std::sync::Arc;

use hufu_authority::{Authority, Depth, EventFilter, Session};
use hufu_model::event::EventKind;
use hufu_tests::{SeededEntropy, TestAuthority, TestClock};

const DAY: i64 = 86_400;
const YEAR: i64 = 365 * DAY;

/// The home of `t` as the machine sees it, with a clock that is watched.
struct Machine {
    authority: Authority,
    clock: Arc<TestClock>,
}

impl Machine {
    fn of(t: &TestAuthority) -> Self {
        let clock = Arc::new(TestClock::of_a_machine(t.now()));
        let authority = hufu_tests::open(t.base(), clock.clone(), Arc::new(SeededEntropy::new("machine"))).unwrap();
        Self { authority, clock }
    }

    fn session(&self, t: &TestAuthority, operator: &str) -> hufu_authority::Result<Session> {
        self.authority.act_as(&operator.parse().unwrap(), t.people.key(operator))
    }

    /// Enters request `n` with a session that began before the clock jumped; the code of the refusal.
    fn enters(&self, t: &TestAuthority, session: &Session, n: u64) -> Result<(), &'static str> {
        let results = self.authority.submit(session, &[t.people.person(n, "lra-chengdu")]);
        results.map_err(|e| e.code())?.remove(0).map(drop).map_err(|e| e.code())
    }
}

#[test]
fn a_jump_of_the_clock_is_refused_and_does_no_harm() {
    let t = TestAuthority::real("jumps");
    let machine = Machine::of(&t);
    let entry = machine.session(&t, "chengdu-entry").unwrap();
    machine.enters(&t, &entry, 1).unwrap();
    let events = || machine.authority.status().unwrap().events;
    let table = [
        (-DAY, Err("store.clock-back")),
        (-3600, Err("store.clock-back")),
        (-6, Err("store.clock-back")),
        (-5, Ok(())),
        (660, Ok(())),
        (3 * DAY, Ok(())),
        (3 * DAY + 1, Err("store.clock-ahead")),
        (30 * DAY, Err("store.clock-ahead")),
        (10 * YEAR, Err("store.clock-ahead")),
        (100 * YEAR, Err("store.clock-ahead")),
    ];
    let mut ledger = machine.authority.clock_state().unwrap().ledger;
    for (n, (jump, expected)) in (10..).zip(table) {
        machine.clock.set(ledger.plus_seconds(jump));
        let before = events();
        assert_eq!(machine.enters(&t, &entry, n), expected, "{jump} seconds");
        assert_eq!(events(), before + u64::from(expected.is_ok()), "{jump} seconds");
        let state = machine.authority.clock_state().unwrap();
        assert_eq!(
            (state.ahead, state.behind),
            (expected == Err("store.clock-ahead"), expected == Err("store.clock-back"))
        );
        // Set right again, it goes on at once.
        machine.clock.set(state.ledger.plus_seconds(1));
        machine.enters(&t, &entry, 100 + n).unwrap();
        ledger = machine.authority.clock_state().unwrap().ledger;
    }
    let report = machine.authority.audit(Depth::Deep, &|_| ()).unwrap();
    assert!(report.findings.is_empty(), "{:?}", report.findings);
}

/// A home whose time is simulated, and one that lives by the machine's clock: neither clock writes in the other's home, and
/// everybody may look at both.
#[test]
fn neither_clock_writes_in_a_home_of_the_other_kind() {
    let open = |t: &TestAuthority, clock: TestClock| {
        hufu_tests::open(t.base(), Arc::new(clock), Arc::new(SeededEntropy::new("other"))).err().map(|e| e.code())
    };
    let (simulated, real) = (TestAuthority::national("simulated"), TestAuthority::real("real"));
    let issued = simulated.issue_person(1);
    let now = simulated.now();
    assert_eq!(open(&simulated, TestClock::of_a_machine(now)), Some("home.simulated-clock"));
    assert_eq!(open(&simulated, TestClock::new(now)), None);
    assert_eq!(open(&real, TestClock::new(now)), Some("home.real-clock"));
    assert_eq!(open(&real, TestClock::of_a_machine(now)), None);
    let e = Authority::open(&simulated.home()).err().unwrap();
    assert_eq!((e.code(), e.kind().class()), ("home.simulated-clock", hufu_authority::Class::Refused));

    // The root says what it is, the founding event has it on record, and the entry cannot be taken away unseen.
    for (t, is_simulated) in [(&simulated, true), (&real, false)] {
        let identity = t.authority.identity();
        assert_eq!(identity.simulated, is_simulated);
        assert_eq!(
            identity.root.subject_text().contains("测试 TEST Root CA"),
            is_simulated,
            "{}",
            identity.root.subject_text()
        );
    }
    // Looked at with the machine's clock, which stands years before it here: it is seen as of its last event.
    let looked = Authority::open_read_only(&simulated.home()).unwrap();
    assert_eq!(looked.now(), simulated.authority.clock_state().unwrap().ledger);
    assert!(looked.certificate(&issued.serial).is_ok());
    assert!(looked.audit(Depth::Deep, &|_| ()).unwrap().findings.is_empty());
    let connection = rusqlite::Connection::open(simulated.database()).unwrap();
    assert_eq!(connection.execute("DELETE FROM meta WHERE name = 'clock'", []).unwrap(), 1);
    drop(connection);
    let looked = Authority::open_read_only(&simulated.home()).unwrap();
    assert!(!looked.audit(Depth::Deep, &|_| ()).unwrap().findings.is_empty());
}

/// The control: a clock that is not watched writes at the wrong time once, and then nothing more for ten years.
#[test]
fn without_the_rule_one_jump_stops_everything_that_follows() {
    let t = TestAuthority::national("unwatched");
    let entry = t.session("chengdu-entry");
    let before = t.now();
    t.clock.advance(2 * YEAR);
    let results = t.authority.submit(&entry, &[t.people.person(1, "lra-chengdu")]);
    // Refused or not, something was written at the wrong time: a denial, if nothing else.
    drop(results);
    assert!(t.authority.clock_state().unwrap().ledger > before.plus_seconds(YEAR));
    t.clock.set(before.plus_seconds(60));
    let later = t.authority.submit(&entry, &[t.people.person(2, "lra-chengdu")]).map(drop);
    assert_eq!(later.unwrap_err().code(), "store.clock-back");
}

#[test]
fn a_home_that_rested_goes_on_when_an_administrator_confirms_the_clock() {
    let t = TestAuthority::real("rested");
    let machine = Machine::of(&t);
    machine.clock.advance(60 * DAY);
    let (zhao, entry) = (machine.session(&t, "zhao").unwrap(), machine.session(&t, "chengdu-entry").unwrap());
    let events = machine.authority.status().unwrap().events;
    assert_eq!(machine.enters(&t, &entry, 1), Err("store.clock-ahead"));
    // Not everybody's word counts, and a refusal writes nothing at a time that is not confirmed.
    assert_eq!(machine.authority.confirm_clock(&entry).unwrap_err().code(), "operator.no-role");
    let admin = machine.session(&t, "sichuan-admin").unwrap();
    assert_eq!(machine.authority.confirm_clock(&admin).unwrap_err().code(), "ra.outside-jurisdiction");
    assert_eq!(machine.authority.status().unwrap().events, events);

    let event = machine.authority.confirm_clock(&zhao).unwrap();
    let filter = EventFilter { kind: Some(EventKind::ClockConfirm), ..EventFilter::default() };
    let recorded = machine.authority.events(&filter).unwrap().remove(0);
    assert_eq!((recorded.seq, recorded.actor.unwrap().as_str()), (event, "zhao"));
    machine.enters(&t, &entry, 1).unwrap();
    assert_eq!(machine.authority.confirm_clock(&zhao).unwrap_err().code(), "change.none");
    let report = machine.authority.audit(Depth::Deep, &|_| ()).unwrap();
    assert!(report.findings.is_empty(), "{:?}", report.findings);

    // Nobody whose certificate has expired by then says that it is the year 2046.
    machine.clock.advance(20 * YEAR);
    assert_eq!(machine.authority.confirm_clock(&zhao).unwrap_err().code(), "operator.expired");
}
