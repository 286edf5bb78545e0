//! # A report somebody can be held to
//!
//! **What.** `sign_report` makes a report and signs one text (`hufu report v1`): the figures with their types, the question,
//! the two times, the rules with their words in Chinese and English as they read that day, the program's version, the
//! authority, the signer, and the state of the ledger it stands on (size, root, the last signed checkpoint).
//! `verify_report` asks the home whether it was this operator with a certificate in force, whether the event `report-sign`
//! names this text, whether the ledger begins with the one the report stands on, and makes the report again.
//!
//! **Why a text, and not DER like the records.** A record is read by this program; a report is read by people, for years,
//! and perhaps when this program is gone. The text is a table that a spreadsheet takes, and there is still one octet string
//! for each report: what decodes is encoded again and compared.
//!
//! **Why an operator signs, and not the ledger's key.** It is the office's word that is sent upwards, so an office signs what
//! stands below it and nothing else; and the ledger's key lies with the CA's keys, where no office can go. The ledger's word
//! is inside, as the checkpoint. The state that the operator signs covers everything the report knew, also what was recorded
//! since that checkpoint.
//!
//! **Why an event.** An operator's key outside this program can sign any text. A report that the ledger has no event for was
//! signed behind its back, and a date before the revocation of the signer's certificate helps nobody.
//!
//! **What it does not do.** With nothing but a root one sees that the signature holds and leads to it: not whether the signer
//! was an operator, whether their certificate was revoked, or whether the figures are right. Rules that are worded anew are
//! told as a note; the words that were signed count.
