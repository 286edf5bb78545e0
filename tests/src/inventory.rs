//! The inventory of an authority that is no more: certificates that scenarios import.

use hufu_authority::import::{Entry, ImportPlan, ImportReport, RowFinding, SourceFault, Verified};
use hufu_authority::x509::digest::sm3;
use hufu_model::certificate::Algorithm;
use hufu_model::holder::HolderKind;
use hufu_model::ident::ImportId;
use hufu_model::legacy::Usage;
use hufu_model::request::Medium;
use hufu_model::revocation::RevocationReason;
use hufu_model::time::Validity;

use crate::{TestAuthority, holder_name, resident_id};

/// The issuer of all of them.
pub const OLD_CA: &str = "CN=示例旧 CA,O=示例电子政务,C=CN";

const DAY: i64 = 86_400;

/// The organisations that [`old_certificate`] takes in turn.
const OFFICES: [&str; 4] = ["lra-chengdu", "lra-mianyang", "ra-yunnan", "ra-audit"];

/// Certificate number `n`, as a list has it that was made at `second`: person `n` of an office, RSA, issued up to three years
/// ago for four. Every tenth is revoked, every seventh names no identity. The row is right.
#[must_use]
pub fn old_certificate(n: u64, second: i64) -> Entry {
    let ago = DAY * (1 + i64::try_from(n * 37 % 1000).unwrap());
    let begin = second - ago;
    Entry {
        position: n + 1,
        place: format!("旧系统.csv: {}", n + 1),
        issuer: OLD_CA.to_owned(),
        serial: [&[0x7f][..], &n.to_be_bytes()].concat(),
        subject: format!("CN={},O=示例单位,C=CN", holder_name(n)),
        algorithm: Algorithm::Rsa,
        key_bits: if n.is_multiple_of(3) { 1024 } else { 2048 },
        usage: Usage::Any,
        validity: Validity::new(begin, begin + 4 * 365 * DAY - 1).unwrap(),
        issued_at: None,
        org: Some(OFFICES[usize::try_from(n % 4).unwrap()].parse().unwrap()),
        org_text: None,
        region: None,
        unit_name: None,
        holder_kind: (!n.is_multiple_of(5)).then_some(HolderKind::Person),
        identity: (!n.is_multiple_of(7)).then(|| format!("resident-id {}", resident_id(n))),
        medium: Some(Medium::UKey).filter(|_| n.is_multiple_of(2)),
        pair_id: None,
        revoked: n.is_multiple_of(10).then_some((begin + ago / 2, RevocationReason::Superseded)),
        digest: None,
        verified: Verified::NotVerified("legacy.listed-only"),
        remarks: Vec::new(),
    }
}

/// The plan of an import whose source is told by its name alone.
#[must_use]
pub fn import_plan(id: &str) -> ImportPlan {
    let id: ImportId = id.parse().unwrap();
    ImportPlan {
        source: "旧系统.csv".to_owned(),
        digest: sm3(id.as_str().as_bytes()),
        org: None,
        rules: None,
        dry_run: false,
        id,
    }
}

impl TestAuthority {
    /// Imports entries as `operator`; gives what was said about rows, too.
    ///
    /// # Errors
    /// Those of [`hufu_authority::Authority::import`].
    pub fn import(
        &self,
        operator: &str,
        plan: &ImportPlan,
        entries: Vec<Result<Entry, SourceFault>>,
    ) -> hufu_authority::Result<(ImportReport, Vec<RowFinding>)> {
        let mut findings = Vec::new();
        let mut told = |finding: &RowFinding| findings.push(finding.clone());
        let session = self.session(operator);
        let report = self.authority.import(&session, plan, entries.into_iter(), &mut told, &|_| ())?;
        Ok((report, findings))
    }
}
