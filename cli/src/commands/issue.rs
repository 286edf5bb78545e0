//! `hufu issue`: from approved requests to certificates.

use clap::Args;
use hufu_authority::model::ident::{OrgId, RequestId};
use hufu_authority::model::request::RequestStatus;
use hufu_authority::x509::pem;
use hufu_authority::{AfterSigning, IssuedCertificate};

use super::{Batch, request};
use crate::context::Context;
use crate::error::Result;
use crate::output::{Row, row};

/// Requests issued in one transaction.
const BATCH: usize = 1000;

/// The arguments.
#[derive(Args)]
pub(crate) struct Issue {
    #[arg(value_name = "REQUEST", required_unless_present = "approved")]
    requests: Vec<RequestId>,
    #[arg(long, value_name = "ORG", conflicts_with = "requests")]
    approved: Option<OrgId>,
    #[arg(long)]
    verify_signatures: bool,
    #[arg(long)]
    dry_run: bool,
}

const COLUMNS: [&str; 3] = ["request", "outcome", "serial"];

/// Issues.
pub(crate) fn run(ctx: &Context, args: Issue) -> Result<()> {
    let authority = if args.dry_run { ctx.look()? } else { ctx.open()? };
    let ids = match args.approved {
        Some(org) => {
            let any = request::Together::default();
            request::waiting(ctx, &authority, Some(&org), &any, RequestStatus::Approved, Some(true))?.0
        }
        None => args.requests,
    };
    if args.dry_run {
        ctx.note("note-dry-run", &[]);
        let line = |id: &RequestId| row([("request", id.as_str().into()), ("outcome", "planned".into())]);
        return ctx.out.list("certificate-list", &["request", "outcome"], ids.iter().map(line).collect());
    }
    let after = if args.verify_signatures { AfterSigning::Verify } else { AfterSigning::Trust };
    let session = ctx.session(&authority)?;
    let ca = ctx.signer(&authority, &session, after)?;
    let bar = ctx.progress(0);
    let mut batch = Batch::new();
    for (i, chunk) in ids.chunks(BATCH).enumerate() {
        bar.set(&ctx.word("stage-issue"), (i * BATCH) as u64, ids.len() as u64);
        for (id, result) in chunk.iter().zip(authority.issue(&session, &ca, chunk)?) {
            batch.add(ctx, ("request", id.as_str()), result, issued);
        }
    }
    drop(bar);
    let serial = batch.first("serial");
    batch.finish(ctx, "certificate-list", &COLUMNS)?;
    ctx.next("next-issue", &[("serial", &serial)]);
    Ok(())
}

fn issued(c: IssuedCertificate) -> Row {
    row([
        ("request", c.request.as_str().into()),
        ("outcome", "done".into()),
        ("serial", c.serial.to_string().into()),
        ("pem", pem::encode("CERTIFICATE", &c.der).into()),
    ])
}
