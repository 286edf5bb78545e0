//! # What needs two people
//!
//! Issuance, revocation, suspension and its end, operators and their roles, profiles, raised limits, moving and unfreezing
//! an organisation. One person is enough to enter, to freeze, to suspend a certificate in an emergency, to remove an
//! operator and to lower a limit: stopping harm must not wait for a colleague. More than a hundred revocations at once are
//! for administrators, as are the certificates of operators.
//!
//! The second person signs a record that names the first one's by digest, and what takes effect is read back from the
//! record that was signed, never from a column beside it. Rights are asked again at that moment, for both the place and
//! the person. An organisation does not lift its own freeze, limits or place in the tree: that is for those above it.
