//! Why things are as they are: one short page for each decision that a reader might otherwise undo.

pub mod _01_intent_before_signature;
pub mod _02_signed_records;
pub mod _03_ledger_and_anchor;
pub mod _04_two_people;
pub mod _05_one_key_one_holder;
pub mod _06_two_ledgers_for_keys;
pub mod _07_signed_reports;
