//! `hufu key`: a person's own key and the request for its certificate.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hufu_authority::SystemEntropy;
use hufu_authority::model::entropy::Entropy;
use hufu_authority::x509::key::SecretKey;
use hufu_authority::x509::name::Name;
use hufu_authority::x509::{csr, pem, pkcs8};

use crate::context::Context;
use crate::error::{Error, Result};
use crate::output::{row, write_new};
use crate::secrets::{self, Which, fresh};

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum Key {
    Generate(Generate),
    Csr(CsrArgs),
}

#[derive(Args)]
pub(crate) struct Generate {
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[arg(long)]
    create_passphrase: bool,
}

#[derive(Args)]
pub(crate) struct CsrArgs {
    #[arg(long, value_name = "DN")]
    subject: String,
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
}

/// Runs the verb.
pub(crate) fn run(ctx: &Context, args: Key) -> Result<()> {
    match args {
        Key::Generate(a) => {
            let passphrase = fresh(ctx, Which::Operator, a.create_passphrase)?;
            let key = SecretKey::generate(&SystemEntropy)?;
            let written = pkcs8::encrypt(&key, &passphrase, &SystemEntropy)
                .map_err(Error::from)
                .and_then(|pem| write_new(&a.out, pem.as_bytes()));
            match written {
                Err(e) if a.create_passphrase => {
                    secrets::discard(ctx, Which::Operator);
                    return Err(e);
                }
                other => other?,
            }
            if a.create_passphrase {
                secrets::tell_made(ctx, Which::Operator);
            }
            let file = a.out.display().to_string();
            ctx.out.one(
                "key",
                row([
                    ("file", file.as_str().into()),
                    ("algorithm", "sm2".into()),
                    ("public_key", key.public_key().spki_digest().to_string().into()),
                ]),
            )?;
            let csr = a.out.with_extension("csr").display().to_string();
            let passphrase = ctx.settings.get("passphrase-file").map(|path| format!(" --passphrase-file {path}"));
            let values =
                [("key", file.as_str()), ("csr", &csr), ("passphrase", passphrase.as_deref().unwrap_or_default())];
            ctx.next("next-key", &values);
            Ok(())
        }
        Key::Csr(a) => {
            let subject = Name::parse_text(&a.subject)?;
            let key = ctx.operator_key()?;
            let random: &dyn Entropy = &SystemEntropy;
            let random = random.array().map_err(hufu_authority::Error::from)?;
            let der = csr::build(&subject, &key, random)?;
            write_new(&a.out, pem::encode("CERTIFICATE REQUEST", &der).as_bytes())?;
            ctx.written(&a.out);
            Ok(())
        }
    }
}
