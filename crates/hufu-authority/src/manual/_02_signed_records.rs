//! # An operator's signature is part of the record
//!
//! **What.** Entry, approval and every administrative act is a DER record, signed with the operator's SM2 key as GM/T
//! 0010 SignedData without authenticated attributes, and kept. For a batch the list of record digests (the manifest) is
//! signed once. An approval names the manifest, the rows it does not cover, the organisation's chain, a nonce, an expiry.
//!
//! **Why.** Who did what must be provable to somebody who does not trust the database, and the same bytes must work when
//! an office later sends them over a network or on a disc. A column "approved_by" proves nothing.
//!
//! **Personal fields** enter the record as SM3(salt ‖ value); salt and value are sealed beside it with SM4-GCM. The
//! signature stays checkable when personal data has to be deleted.
//!
//! **Alternatives.** A session log-in with an audit line: cheaper, and worthless against whoever can write the database.
