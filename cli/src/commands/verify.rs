//! `hufu verify`: certificates with their chain and status at a time, lists and answers by themselves, pairs, envelopes;
//! or the whole home.

use std::path::{Path, PathBuf};

use clap::Args;
use hufu_authority::data::{Lang, message};
use hufu_authority::model::time::{Clock, Instant};
use hufu_authority::x509::bundle::{self, Kind};
use hufu_authority::x509::certificate::Certificate;
use hufu_authority::x509::crl::Crl;
use hufu_authority::x509::envelope::Terms;
use hufu_authority::x509::ocsp::Response;
use hufu_authority::x509::path::{self, Evidence, Finding, Standing, State};
use hufu_authority::{Depth, SystemClock};

use super::{audit, envelope};
use crate::args::Format;
use crate::context::{Context, certificates_in};
use crate::error::{Error, Result};
use crate::output::{Row, print, row};
use crate::phrase::said;
use crate::views;

/// The arguments.
#[derive(Args)]
pub(crate) struct Verify {
    #[arg(value_name = "FILE", required_unless_present_any = ["all", "pair", "envelope"])]
    files: Vec<PathBuf>,
    #[arg(long = "root", id = "root", value_name = "FILE")]
    roots: Vec<PathBuf>,
    #[arg(long = "ca", id = "ca", value_name = "FILE")]
    others: Vec<PathBuf>,
    #[arg(long = "crl", id = "crl", value_name = "FILE", num_args = 1..)]
    crls: Vec<PathBuf>,
    #[arg(long = "ocsp", id = "ocsp", value_name = "FILE", num_args = 1..)]
    answers: Vec<PathBuf>,
    #[arg(long, value_names = ["SIGNING", "ENCRYPTION"], num_args = 2)]
    pair: Vec<PathBuf>,
    #[arg(long, value_name = "FILE")]
    envelope: Option<PathBuf>,
    #[arg(long, value_name = "TIME")]
    at: Option<Instant>,
    #[arg(long, conflicts_with_all = ["files", "pair", "envelope", "crl", "ocsp"])]
    all: bool,
}

/// Verifies.
pub(crate) fn run(ctx: &Context, args: Verify) -> Result<()> {
    if args.all {
        return audit::whole_home(ctx, Depth::Deep);
    }
    let mut bench = Bench::new(ctx, &args)?;
    for file in &args.files {
        bench.file(file);
    }
    let halves = match args.pair.as_slice() {
        [one, other] => bench.pair(one, other),
        _ => None,
    };
    // An envelope beside certificates may come without chains.
    if let Some(file) = &args.envelope {
        bench.envelope(file, halves.as_ref())?;
    }
    bench.finish(args.files.len() + usize::from(!args.pair.is_empty()) + usize::from(args.envelope.is_some()))
}

/// What is judged with, and what came out.
struct Bench<'c> {
    ctx: &'c Context,
    at: Instant,
    others: Vec<Certificate>,
    roots: Vec<Certificate>,
    crls: Vec<Crl>,
    answers: Vec<Response>,
    rows: Vec<Row>,
    invalid: usize,
    unreadable: Vec<Error>,
}

impl<'c> Bench<'c> {
    fn new(ctx: &'c Context, args: &Verify) -> Result<Self> {
        let read_all = |paths: &[PathBuf]| -> Result<Vec<Certificate>> {
            Ok(paths.iter().map(|path| ctx.certificates(path)).collect::<Result<Vec<_>>>()?.concat())
        };
        let (mut others, mut roots) = (read_all(&args.others)?, read_all(&args.roots)?);
        let chains = !args.files.is_empty() || !args.pair.is_empty();
        if args.roots.is_empty() && chains {
            // The home's own chain.
            let authority = ctx.look()?;
            roots.push(authority.identity().root.clone());
            others.extend(authority.cas()?.iter().map(|ca| ca.certificate.clone()));
        }
        let mut crls = Vec::new();
        for path in &args.crls {
            let about = |e| Error::about_file(path, e);
            for one in bundle::objects(&ctx.read_long(path)?).map_err(about)? {
                crls.push(Crl::from_der(one.der).map_err(about)?);
            }
        }
        let mut answers = Vec::new();
        for path in &args.answers {
            let about = |e| Error::about_file(path, e);
            answers.push(Response::from_bytes(&ctx.read(path)?).map_err(about)?);
        }
        let at = args.at.unwrap_or_else(|| SystemClock.now());
        Ok(Self { ctx, at, others, roots, crls, answers, rows: Vec::new(), invalid: 0, unreadable: Vec::new() })
    }

    /// Judges what a file holds: the first certificate, or every list and answer. A file that cannot be read takes
    /// nothing from the verdicts of the others.
    fn file(&mut self, file: &Path) {
        let read = self.ctx.read_long(file).map(|bytes| (certificates_in(file, &bytes), bytes));
        match read {
            Ok((Ok(given), _)) => drop(self.certificate(file, given)),
            Ok((Err(e), bytes)) => match self.published(file, &bytes) {
                Ok(0) => self.not_read(file, e),
                Ok(_) => {}
                Err(other) => self.not_read(file, other),
            },
            Err(e) => self.not_read(file, e),
        }
    }

    /// Judges the first certificate; those behind it help. Returns it.
    fn certificate(&mut self, file: &Path, given: Vec<Certificate>) -> Option<Certificate> {
        let mut given = given.into_iter();
        let target = given.next()?;
        let mut chain: Vec<Certificate> = given.collect();
        chain.extend(self.others.iter().cloned());
        let verdict = path::validate(&target, &chain, &self.roots, self.at);
        let standings = self.standings(&verdict);
        let mut findings = verdict.findings.clone();
        findings.extend(standings.iter().enumerate().flat_map(|(n, standing)| weighty(standing, n == 0)));
        let mut out = self.shown(file, "certificate", target.subject_text(), &findings);
        out.insert("serial".to_owned(), target.serial().to_string().into());
        if let Some(first) = standings.first() {
            out.insert("status".to_owned(), first.state.code().into());
            out.insert("source".to_owned(), first.source.as_deref().map(|s| said(self.ctx.lang, s)).into());
        }
        out.insert("chain".to_owned(), verdict.chain.iter().map(Certificate::subject_text).collect::<Vec<_>>().into());
        self.rows.push(out);
        Some(target)
    }

    /// How the certificates of a valid chain stand, when there is anything to tell it by.
    fn standings(&self, verdict: &path::Verdict) -> Vec<Standing> {
        if !verdict.is_valid() || (self.crls.is_empty() && self.answers.is_empty()) {
            return Vec::new();
        }
        let evidence = Evidence {
            crls: self.crls.iter().map(Into::into).collect(),
            answers: self.answers.iter().map(Into::into).collect(),
        };
        path::status(&verdict.chain, &evidence, self.at)
    }

    /// Judges the lists and answers of a file by themselves; returns how many there were.
    fn published(&mut self, file: &Path, bytes: &[u8]) -> Result<usize> {
        let about = |e| Error::about_file(file, e);
        let found = bundle::objects(bytes).unwrap_or_default();
        let mut count = 0;
        for one in found {
            let kind = one.kind;
            let (title, verdict) = match kind {
                Kind::Crl => {
                    let crl = Crl::from_der(one.der).map_err(about)?;
                    (crl.issuer_text(), path::list(&(&crl).into(), &self.others, &self.roots, self.at))
                }
                Kind::Answer => {
                    let answer = Response::from_der(&one.der).map_err(about)?;
                    let verdict = path::answer(&(&answer).into(), &self.others, &self.roots, self.at);
                    (views::answer_title(&answer), verdict)
                }
                Kind::Certificate | Kind::Request => continue,
            };
            count += 1;
            let mut out = self.shown(file, kind.code(), title, &verdict.findings);
            let chain = verdict.chain.iter().map(Certificate::subject_text).collect::<Vec<_>>();
            out.insert("chain".to_owned(), chain.into());
            self.rows.push(out);
        }
        Ok(count)
    }

    /// Judges the halves of a pair, each for itself and both together; returns them, the signing half first.
    fn pair(&mut self, one: &Path, other: &Path) -> Option<(Certificate, Certificate)> {
        let mut halves = Vec::new();
        for file in [one, other] {
            match self.ctx.certificates(file) {
                Ok(given) => halves.extend(self.certificate(file, given).map(|half| (file, half))),
                Err(e) => self.not_read(file, e),
            }
        }
        let [(_, first), (_, second)] = halves.as_slice() else { return None };
        // Whichever is given first: what matters is that one is for each use.
        let forward = path::pair(first, second);
        let backward = path::pair(second, first);
        let swapped = backward.len() < forward.len();
        let (signing, encryption) = if swapped { (second, first) } else { (first, second) };
        let findings = if swapped { &backward } else { &forward };
        let name = format!("{} + {}", one.display(), other.display());
        let mut out = self.shown(Path::new(&name), "pair", signing.subject_text(), findings);
        out.insert("signing".to_owned(), signing.serial().to_string().into());
        out.insert("encryption".to_owned(), encryption.serial().to_string().into());
        let halves = (signing.clone(), encryption.clone());
        self.rows.push(out);
        Some(halves)
    }

    /// Judges an envelope; with `--key` it is opened, and with a pair its key must be the encryption half's.
    fn envelope(&mut self, file: &Path, halves: Option<&(Certificate, Certificate)>) -> Result<()> {
        let expected = halves.map(|(_, encryption)| encryption.public_key()).transpose()?;
        let terms = Terms { expected: expected.as_ref(), signer: None };
        let (mut out, refused) = envelope::judged(self.ctx, file, &terms)?;
        self.invalid += usize::from(refused);
        out.insert("kind".to_owned(), "envelope".into());
        self.rows.push(out);
        Ok(())
    }

    /// The row of something judged; counts it when it is not valid.
    fn shown(&mut self, file: &Path, kind: &str, subject: String, findings: &[Finding]) -> Row {
        let ctx = self.ctx;
        self.invalid += usize::from(!findings.is_empty());
        let outcome = if findings.is_empty() { "valid" } else { "invalid" };
        let mut out = row([
            ("file", file.display().to_string().into()),
            ("kind", kind.into()),
            ("subject", subject.into()),
            ("at", views::instant(self.at)),
            ("outcome", outcome.into()),
        ]);
        if let Some(first) = findings.first() {
            out.insert("rule".to_owned(), first.code().into());
            out.insert("certificate".to_owned(), said(ctx.lang, &first.certificate).into());
            out.insert("message".to_owned(), explained(ctx, first).into());
            out.insert("offset".to_owned(), first.offset.into());
            out.insert("cause".to_owned(), said(ctx.lang, &first.cause).into());
            out.insert("hint".to_owned(), remedy(ctx, first).into());
        }
        if ctx.out.format != Format::Table {
            out.insert("findings".to_owned(), findings.iter().map(|f| finding(ctx, f)).collect::<Vec<_>>().into());
        }
        out
    }

    /// The row of a file that holds nothing we can read.
    fn not_read(&mut self, file: &Path, e: Error) {
        self.rows.push(row([
            ("file", file.display().to_string().into()),
            ("outcome", "unreadable".into()),
            ("rule", e.code().into()),
            ("message", e.text(self.ctx.lang).into()),
        ]));
        self.unreadable.push(e);
    }

    /// Prints the verdicts and says whether all are good.
    fn finish(mut self, asked: usize) -> Result<()> {
        let ctx = self.ctx;
        if asked == 1
            && self.rows.len() == 1
            && let Some(e) = self.unreadable.pop()
        {
            return Err(e);
        }
        let judged = self.rows.len();
        if ctx.out.format == Format::Table {
            for (i, row) in self.rows.into_iter().enumerate() {
                if i > 0 {
                    print(b"\n")?;
                }
                ctx.out.one("verdict", row)?;
            }
        } else {
            ctx.out.list("verdict-list", &["file", "subject", "outcome", "rule", "message"], self.rows)?;
        }
        if let Some(e) = self.unreadable.pop() {
            self.unreadable.iter().for_each(|e| ctx.say(e.message(ctx.lang).trim_end()));
            return Err(e);
        }
        if self.invalid == 0 {
            return Ok(());
        }
        Err(Error::own("cli.invalid", vec![("count", self.invalid.to_string()), ("of", judged.to_string())]))
    }
}

/// What speaks against a certificate of the chain. Of the target a status is wanted; of the CAs above it nothing may be
/// known, since whoever gives a list of the issuing CA seldom has one of the root.
fn weighty(standing: &Standing, target: bool) -> Vec<Finding> {
    match standing.state {
        State::Good => Vec::new(),
        State::Unknown if !target => Vec::new(),
        State::Unknown | State::Held { .. } | State::Revoked { .. } => standing.findings.clone(),
    }
}

fn finding(ctx: &Context, f: &Finding) -> Row {
    row([
        ("rule", f.code().into()),
        ("certificate", said(ctx.lang, &f.certificate).into()),
        ("message", explained(ctx, f).into()),
        ("cause", said(ctx.lang, &f.cause).into()),
        ("remedy", remedy(ctx, f).into()),
        ("offset", f.offset.into()),
    ])
}

/// The rule in the language of the run, then the details.
fn explained(ctx: &Context, f: &Finding) -> String {
    match message(ctx.lang, &format!("err-{}", f.code())) {
        Some(text) if ctx.lang == Lang::Zh => format!("{text}（{}）", said(ctx.lang, &f.message)),
        Some(text) => format!("{text} ({})", said(ctx.lang, &f.message)),
        None => said(ctx.lang, &f.message),
    }
}

/// What to do, in the language of the run.
fn remedy(ctx: &Context, f: &Finding) -> String {
    message(ctx.lang, &format!("hint-{}", f.code())).map_or_else(|| f.remedy.clone(), str::to_owned)
}
