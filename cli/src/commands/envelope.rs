//! `hufu envelope`: what a file with a wrapped encryption key is, and the same key in another program's form.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use hufu_authority::SystemEntropy;
use hufu_authority::data::message;
use hufu_authority::x509::certificate::Certificate;
use hufu_authority::x509::envelope::{self, Delivery, Dialect, Finding, Form, Inspection, Terms, Weight};
use hufu_authority::x509::key::{PublicKey, SecretKey};
use hufu_authority::x509::pem;

use crate::args::codes;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::output::{Row, row, write_new};

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum EnvelopeCommand {
    Inspect(Inspect),
    Convert(Convert),
}

#[derive(Args)]
pub(crate) struct Inspect {
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[arg(long, value_name = "FILE")]
    enc_cert: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    centre: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Convert {
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[arg(long, value_name = "DIALECT", value_parser = codes::<Dialect>(Dialect::ALL.map(Dialect::code)))]
    to: Dialect,
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[arg(long, value_enum, default_value = "der")]
    form: Octets,
    #[arg(long, value_name = "FILE", required_if_eq_any = [("to", "csr-response"), ("to", "signed-enveloped")])]
    sign_cert: Option<PathBuf>,
    #[arg(long, value_name = "FILE", required_if_eq_any = [("to", "csr-response"), ("to", "signed-enveloped")])]
    enc_cert: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    centre: Option<PathBuf>,
}

/// How the octets of an envelope are written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Octets {
    /// As the dialect has them: DER, binary, or CFCA's text.
    Der,
    /// PEM, for the dialects that are DER.
    Pem,
    /// Base64 in one line.
    Base64,
}

/// Runs the verb.
pub(crate) fn run(ctx: &Context, args: EnvelopeCommand) -> Result<()> {
    match args {
        EnvelopeCommand::Inspect(a) => inspect(ctx, &a),
        EnvelopeCommand::Convert(a) => convert(ctx, &a),
    }
}

fn inspect(ctx: &Context, args: &Inspect) -> Result<()> {
    let expected = first_key(&certificates(ctx, args.enc_cert.as_deref())?)?;
    let signer = first_key(&certificates(ctx, args.centre.as_deref())?)?;
    let terms = Terms { expected: expected.as_ref(), signer: signer.as_ref() };
    let (shown, refused) = judged(ctx, &args.file, &terms)?;
    ctx.out.one("envelope", shown)?;
    if refused { Err(Error::own("cli.envelope", vec![("path", args.file.display().to_string())])) } else { Ok(()) }
}

/// What an envelope is, as a row, and whether its key must not be used.
pub(super) fn judged(ctx: &Context, file: &Path, terms: &Terms<'_>) -> Result<(Row, bool)> {
    let bytes = ctx.read(file)?;
    // The key of the settings is the operator's for acting in a home: only a flag means this envelope's.
    let seen = match ctx.global.key {
        Some(_) => envelope::inspect_with(&bytes, &ctx.operator_key()?, terms),
        None => envelope::inspect_for(&bytes, terms),
    };
    Ok((shown(ctx, file, &seen), seen.weight() == Some(Weight::Refused)))
}

fn shown(ctx: &Context, file: &Path, seen: &Inspection) -> Row {
    let outcome = match seen.weight() {
        Some(Weight::Refused) => "refused",
        Some(Weight::Forgiven) => "deviates",
        Some(Weight::Noted) | None => "sound",
    };
    row([
        ("file", file.display().to_string().into()),
        ("dialect", seen.dialect.map(Dialect::code).into()),
        ("encoding", seen.encoding.map(envelope::Encoding::code).into()),
        ("outcome", outcome.into()),
        ("halves", seen.halves.code().into()),
        ("opened", seen.opened.into()),
        ("findings", seen.findings.iter().map(|f| finding(ctx, f)).collect::<Vec<_>>().into()),
        (
            "parts",
            seen.parts
                .iter()
                .map(|p| row([("part", p.name.into()), ("value", p.value.as_str().into())]))
                .collect::<Vec<_>>()
                .into(),
        ),
    ])
}

fn finding(ctx: &Context, f: &Finding) -> Row {
    row([
        ("rule", f.rule.code().into()),
        ("weight", f.rule.weight().code().into()),
        ("message", explained(ctx, f).into()),
        ("hint", message(ctx.lang, &format!("hint-{}", f.rule.code())).unwrap_or(f.rule.remedy()).into()),
        ("offset", f.offset.into()),
    ])
}

/// The rule in the language of the run, then the details.
fn explained(ctx: &Context, f: &Finding) -> String {
    match message(ctx.lang, &format!("err-{}", f.rule.code())) {
        Some(text) => format!("{text} ({})", f.message),
        None => f.message.clone(),
    }
}

fn convert(ctx: &Context, args: &Convert) -> Result<()> {
    let about = |e| Error::about_file(&args.file, e);
    let bytes = ctx.read(&args.file)?;
    let signing = certificates(ctx, args.sign_cert.as_deref())?;
    let encryption = certificates(ctx, args.enc_cert.as_deref())?;
    let (expected, signer) = (first_key(&encryption)?, first_key(&certificates(ctx, args.centre.as_deref())?)?);
    let terms = Terms { expected: expected.as_ref(), signer: signer.as_ref() };
    let owner = ctx.operator_key()?;
    let (key, findings) = envelope::import(&bytes, &owner, &terms).map_err(about)?;
    for f in findings.iter().filter(|f| f.rule.weight() == Weight::Forgiven) {
        ctx.note("note-envelope-forgiven", &[("what", &explained(ctx, f))]);
    }
    let form = form(args, &owner, &signing, &encryption)?;
    let made = envelope::seal(&form, &key, owner.public_key(), &SystemEntropy).map_err(about)?;
    write_new(&args.out, &written(args, &made)?)?;
    if args.out.as_os_str() == "-" {
        return Ok(());
    }
    ctx.out.one(
        "converted",
        row([
            ("file", args.out.display().to_string().into()),
            ("dialect", args.to.code().into()),
            ("public_key", key.public_key().spki_digest().to_string().into()),
        ]),
    )
}

/// What to write. A delivery made here is signed by the owner, for want of the key centre's key.
fn form<'a>(
    args: &'a Convert,
    owner: &'a SecretKey,
    signing: &'a [Certificate],
    encryption: &'a [Certificate],
) -> Result<Form<'a>> {
    let one = |all: &'a [Certificate]| all.first().ok_or_else(|| Error::own("cli.usage", Vec::new()));
    Ok(match args.to {
        Dialect::EnvelopedKey => Form::EnvelopedKey,
        Dialect::CsrResponse => Form::CsrResponse { signing, encryption },
        Dialect::SignedEnveloped => {
            let (certificate, delivered) = (one(signing)?, one(encryption)?);
            let (issuer_der, serial) = (delivered.issuer_der(), delivered.serial());
            Form::SignedEnveloped(Delivery { issuer_der, serial, certificate, signer: owner })
        }
        Dialect::Cfca => Form::Cfca,
        Dialect::Skf => Form::Skf,
        Dialect::SkfBare => Form::SkfBare,
    })
}

/// The octets as the file has them. CFCA's form is a text and stays one.
fn written(args: &Convert, made: &[u8]) -> Result<Vec<u8>> {
    match (args.form, args.to.pem_label()) {
        (Octets::Der, _) => Ok(made.to_vec()),
        (Octets::Pem, Some(label)) => Ok(pem::encode(label, made).into_bytes()),
        (Octets::Base64, _) if args.to == Dialect::Cfca => Ok(made.to_vec()),
        (Octets::Base64, _) => Ok(format!("{}\n", pem::base64(made)).into_bytes()),
        (Octets::Pem, None) => {
            let values = vec![("name", "--form".to_owned()), ("value", format!("pem ({})", args.to))];
            Err(Error::own("cli.setting", values))
        }
    }
}

/// The certificates of a file, of which the first is the one that counts; none without a file.
fn certificates(ctx: &Context, path: Option<&Path>) -> Result<Vec<Certificate>> {
    path.map_or_else(|| Ok(Vec::new()), |path| ctx.certificates(path))
}

fn first_key(all: &[Certificate]) -> Result<Option<PublicKey>> {
    Ok(all.first().map(Certificate::public_key).transpose()?)
}
