//! `hufu issue`: from approved requests to certificates.

use std::path::{Path, PathBuf};

use clap::Args;
use hufu_authority::model::ident::{OrgId, RequestId};
use hufu_authority::model::request::RequestStatus;
use hufu_authority::x509::envelope::Dialect;
use hufu_authority::x509::pem;
use hufu_authority::{AfterSigning, EncryptionHalf, IssuedCertificate, write_atomically};

use super::{Batch, request};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::output::{self, Row, row};

/// Requests issued in one transaction.
const BATCH: usize = 1000;

/// The arguments.
#[derive(Args)]
pub(crate) struct Issue {
    #[arg(value_name = "REQUEST", required_unless_present = "approved")]
    requests: Vec<RequestId>,
    #[arg(long, value_name = "ORG", conflicts_with = "requests")]
    approved: Option<OrgId>,
    #[arg(long, value_name = "DIR")]
    out_dir: Option<PathBuf>,
    #[arg(long)]
    verify_signatures: bool,
    #[arg(long)]
    dry_run: bool,
}

const COLUMNS: [&str; 3] = ["request", "outcome", "serial"];

/// The column that is there when a pair was issued.
const ENCRYPTION: &str = "encryption_serial";

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
    if let Some(dir) = &args.out_dir {
        // Before anything is issued: a folder that cannot be made is known at once.
        output::make_folder(dir)?;
    }
    let session = ctx.session(&authority)?;
    let ca = ctx.signer(&authority, &session, after)?;
    let bar = ctx.progress(0);
    let mut batch = Batch::new();
    for (i, chunk) in ids.chunks(BATCH).enumerate() {
        ctx.stage(&bar, "issue", (i * BATCH) as u64, ids.len() as u64);
        for (id, result) in chunk.iter().zip(authority.issue(&session, &ca, chunk)?) {
            if let (Some(dir), Ok(certificate)) = (&args.out_dir, &result) {
                hand_out(dir, certificate)?;
            }
            batch.add(ctx, ("request", id.as_str()), result, issued);
        }
    }
    drop(bar);
    let (serial, pair) = (batch.first("serial"), !batch.first(ENCRYPTION).is_empty());
    let columns: Vec<&str> = COLUMNS.into_iter().chain(pair.then_some(ENCRYPTION)).collect();
    batch.finish(ctx, "certificate-list", &columns)?;
    if let Some(dir) = &args.out_dir {
        ctx.written(dir);
    }
    ctx.next(if pair { "next-issue-pair" } else { "next-issue" }, &[("serial", &serial)]);
    Ok(())
}

fn issued(c: IssuedCertificate) -> Row {
    let mut shown = row([
        ("request", c.request.as_str().into()),
        ("outcome", "done".into()),
        ("serial", c.serial.to_string().into()),
        ("pem", pem::encode("CERTIFICATE", &c.der).into()),
    ]);
    if let Some(half) = &c.encryption {
        shown.insert(ENCRYPTION.to_owned(), half.serial.to_string().into());
        shown.insert("encryption_pem".to_owned(), pem::encode("CERTIFICATE", &half.der).into());
        shown.insert("envelope".to_owned(), envelope(half).into());
    }
    shown
}

fn envelope(half: &EncryptionHalf) -> String {
    pem::encode(Dialect::EnvelopedKey.pem_label().unwrap_or_default(), &half.envelope)
}

/// Writes what an applicant gets into files that are named after the request. What stands there already must be the same.
fn hand_out(dir: &Path, c: &IssuedCertificate) -> Result<()> {
    let certificate = |der: &[u8]| pem::encode("CERTIFICATE", der);
    let files = match &c.encryption {
        None => vec![(".pem", certificate(&c.der))],
        Some(half) => vec![
            ("-sign.pem", certificate(&c.der)),
            ("-enc.pem", certificate(&half.der)),
            ("-enc.envelope", envelope(half)),
        ],
    };
    for (ending, text) in files {
        let path = dir.join(format!("{}{ending}", c.request));
        match std::fs::read(&path) {
            Ok(there) if there == text.as_bytes() => continue,
            Ok(_) => return Err(Error::write(&path, std::io::ErrorKind::AlreadyExists.into())),
            Err(_) => write_atomically(&path, text.as_bytes())?,
        }
    }
    Ok(())
}
