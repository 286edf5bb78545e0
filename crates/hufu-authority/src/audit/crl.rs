//! I8: every publication is what the ledger said at its place in the ledger, and no number was used twice or went back.

use std::collections::HashMap;

use hufu_model::crl::CrlKind;
use hufu_store::{CrlIssue, PublishedCrl, Reader};

use super::{AuditReport, Progress};
use crate::authority::Identity;
use crate::error::Result;
use crate::publish::{ListedCa, build};

/// Publications read at a time.
const PAGE: u32 = 100;

/// Builds the lists of every publication again from the ledger and compares them with what was committed to.
pub(super) fn audit(
    r: &Reader<'_>,
    id: &Identity,
    progress: &dyn Fn(Progress),
    report: &mut AuditReport,
) -> Result<()> {
    let cas = id.cas(r)?;
    let (mut after, mut done) = (None, 0);
    let mut before: HashMap<u8, CrlIssue> = HashMap::new();
    loop {
        let page = r.crls(after, PAGE)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some((last.issue.ca, last.issue.number));
        for published in page {
            let object = format!("CRL {}/{}", published.issue.ca, published.issue.number);
            if let Some(message) = follows(r, before.get(&published.issue.ca), &published)? {
                report.find("I8", &object, message);
            }
            let message = match cas.iter().find(|ca| ca.instance == published.issue.ca) {
                None => Some("it is of no CA of this home".to_owned()),
                Some(ca) => differs(r, &ListedCa { ca, urls: &id.urls }, &published)?,
            };
            if let Some(message) = message {
                report.find("I8", &object, message);
            }
            before.insert(published.issue.ca, published.issue);
            done += 1;
            progress(Progress { what: "lists", done, of: 0 });
        }
    }
}

/// Why a publication does not follow the one before it.
fn follows(r: &Reader<'_>, before: Option<&CrlIssue>, published: &PublishedCrl) -> Result<Option<String>> {
    let issue = &published.issue;
    let (number, position, this_update) =
        before.map_or((0, 0, i64::MIN), |before| (before.number, before.position, before.this_update));
    if issue.number != number + 1 {
        return Ok(Some(format!("its number does not follow {number}")));
    }
    if issue.position < position || issue.this_update < this_update {
        return Ok(Some("it speaks of an earlier time than the one before it".to_owned()));
    }
    if published.lists.is_empty() || !(published.files.is_empty() || published.files.len() == published.lists.len()) {
        return Ok(Some("its lists and its files do not belong together".to_owned()));
    }
    // Who is left out must have been on a full list that was published after they expired.
    let full = r.last_published_crl(issue.ca, CrlKind::Full, issue.number)?;
    if issue.horizon.is_some_and(|horizon| full.is_none_or(|full| horizon > full.this_update)) {
        return Ok(Some("it leaves out certificates that were on no list after they expired".to_owned()));
    }
    Ok(None)
}

/// What the lists of a publication are not, built again.
fn differs(r: &Reader<'_>, of: &ListedCa<'_>, published: &PublishedCrl) -> Result<Option<String>> {
    let built = match build::plan(r, of, published.issue.clone()) {
        Ok(built) => built,
        Err(e) => return Ok(Some(format!("it cannot be built again from the ledger: {e}"))),
    };
    if built.lists.len() != published.lists.len() {
        return Ok(Some("it has other lists than the ledger gives".to_owned()));
    }
    for list in &built.lists {
        let row = list.row();
        match published.lists.iter().find(|known| known.part == row.part) {
            Some(known) if *known == row => {}
            Some(known) if known.entries != row.entries => {
                let message = format!("{}: {} entries, the ledger gives {}", row.part, known.entries, row.entries);
                return Ok(Some(message));
            }
            _ => return Ok(Some(format!("{}: it is not what the ledger gives", row.part))),
        }
    }
    Ok(None)
}
