//! The command `hufu` as a person or a script meets it. The domain rules are tested through the library, in `tests/it`;
//! what belongs here needs a process: arguments, exit codes, what goes to which stream, the forms of the output, languages,
//! files and standard input, other processes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

/// The harness: a folder with a founded home in which commands are run.
mod desk;
/// Issuing CAs and the ledger of media.
mod estate;
/// Tables, JSON, NDJSON, CSV: what is stable and what is for people.
mod forms;
/// Help, manual pages, completion, configuration; that each command teaches the next.
mod help;
/// Chinese and English say the same, and no English is left in Chinese.
mod inventory;
/// Backup and restore.
mod keep;
/// The key centre: founding, shares, agent, orders.
mod kmc;
mod languages;
/// Renewed, replaced, suspended, revoked.
mod life;
mod lists;
/// Cutovers of algorithms.
mod migration;
/// What goes wrong: exit codes, hints, nothing asked without a terminal.
mod refusals;
/// Reports in every form, opened by other programs.
mod reports;
/// Signed reports.
mod signed;
/// Certificates, proofs and checkpoints as files, here and where there is no home.
mod verdicts;
/// The whole way by hand, and the demonstration.
mod way;

// Programs written elsewhere, as in `tests/it`.
#[allow(dead_code)]
#[path = "../it/judge.rs"]
mod judge;
#[allow(dead_code)]
#[path = "../it/tree.rs"]
mod tree;
