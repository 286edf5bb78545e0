//! The vocabulary of the authority: organisations and tiers, operators and roles, holders, requests, certificates,
//! profiles, events. Plain values: nothing here reads a clock, a disk, a key or a socket. If two crates need a noun, it
//! is defined here once; if one crate needs it, it is not here.
//!
//! # Glossary
//! | word | means |
//! |---|---|
//! | organisation, tier (机构) | the CA, an RA of a province or ministry, an LRA of a municipality: [`org`] |
//! | operator (操作员) | a person at an organisation, with an own SM2 certificate and roles: [`operator`] |
//! | holder (持有者) | the person, organisation or device a certificate is about: [`holder`] |
//! | request (申请) | what an LRA submits and an RA approves: [`request`] |
//! | profile (证书模板) | the shape of a certificate, as data: [`profile`] |
//! | certificate (证书) | [`certificate`] |
//! | issuing CA (签发 CA) | one of those that sign certificates under the authority's root: [`ca`] |
//! | revocation reason (撤销原因) | [`revocation`] |
//! | revocation list (证书撤销列表), its shards | [`crl`] |
//! | action (业务), and what it may be done to | [`request::Action`], [`lifecycle`] |
//! | medium (介质) | what a private key lives in, one by one: [`medium`] |
//! | event (事件) | one line of the ledger: [`event`] |
//! | escrow, recovery (密钥托管, 密钥恢复) | the key centre keeps encryption keys and gives them back: [`escrow`] |
//! | serial, digest, ids | [`ident`] |
//! | instant, day, validity | [`time`] |
//! | unit, totals (统计口径) | [`count`] |
//! | imported certificate (存量证书) | [`legacy`] |
//! | migration, cutover (算法升级, 切换) | [`migration`] |
//! | name rules | what a printable name may hold: [`text`] |

pub mod ca;
pub mod certificate;
pub mod count;
pub mod crl;
pub mod entropy;
pub mod escrow;
pub mod event;
pub mod holder;
pub mod ident;
pub mod legacy;
pub mod lifecycle;
pub mod medium;
pub mod migration;
pub mod operator;
pub mod org;
pub mod profile;
pub mod request;
pub mod revocation;
pub mod text;
pub mod time;

mod code;
