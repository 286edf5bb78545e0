//! # Two ledgers for keys
//!
//! **What.** The key centre has a database, a ledger and people of its own; the home keeps every order, approval and
//! delivery once more. Orders are acts that operators sign; approvals are countersignatures of officers over exactly that
//! act; the vault verifies them with the keys it was founded with, the home asks whether those people may still act.
//! The founding itself takes effect by a proposal: one super-administrator makes the vault and has the shares written, the
//! second one countersigns who keeps them and who approves, while each custodian checks theirs.
//!
//! **Why.** A certificate authority that could open its subscribers' keys alone would be trusted with more than anybody
//! needs. Whoever holds the home's database, or the vault's, or sits at the agent, lacks something: the wrapping key, the
//! officers' signatures, or a second ledger that agrees. Two files cannot commit together; so each verb writes them in an
//! order in which the later one is what is acknowledged, and asking again finishes what a crash left between them.
//!
//! **Alternatives.** Approvals as rows of the home: an administrator of the database could write them. Orders as requests
//! like any other: one approval is not two, and a manifest of a hundred rows is the bulk export that must not exist.
//!
//! **What would change our mind.** A key centre on another machine: then the orders travel as the files they already are.
