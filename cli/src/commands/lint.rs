//! `hufu lint`: what is wrong with certificates, requests, lists and answers, whoever made them.

use std::path::{Path, PathBuf};

use clap::Args;
use hufu_authority::data::{Lang, message};
use hufu_authority::model::ident::ProfileId;
use hufu_authority::model::profile::Profile;
use hufu_authority::x509::bundle::{self, Kind, Object};
use hufu_authority::x509::certificate::Certificate;
use hufu_authority::x509::lint::{self, Finding, LintContext, Severity};
use hufu_authority::{ErrorKind, data};

use crate::context::Context;
use crate::error::{Error, Result};
use crate::output::{Row, row};
use crate::phrase::said;
use crate::views;

/// The arguments.
#[derive(Args)]
pub(crate) struct Lint {
    #[arg(value_name = "FILE", required_unless_present = "rules")]
    files: Vec<PathBuf>,
    #[arg(long, value_name = "PROFILE")]
    profile: Option<ProfileId>,
    #[arg(long = "ca", id = "ca", value_name = "FILE", requires = "profile")]
    others: Vec<PathBuf>,
    #[arg(long, conflicts_with = "files")]
    rules: bool,
}

/// The columns of a table of findings.
const COLUMNS: [&str; 7] = ["file", "object", "kind", "severity", "rule", "offset", "message"];

/// Lints.
pub(crate) fn run(ctx: &Context, args: Lint) -> Result<()> {
    if args.rules {
        let rows = lint::RULES.iter().map(|rule| {
            let text = message(ctx.lang, &format!("rule-{}", rule.id)).unwrap_or_default();
            let (id, severity) = (rule.id.into(), code(rule.severity).into());
            row([("rule", id), ("severity", severity), ("clause", rule.clause.into()), ("text", text.into())])
        });
        return ctx.out.list("rule-list", &["rule", "severity", "clause", "text"], rows.collect());
    }
    let shape = args.profile.as_ref().map(|id| Shape::new(ctx, id, &args.others)).transpose()?;
    let mut rows = Vec::new();
    let (mut objects, mut bad) = (0, 0);
    for file in &args.files {
        let about = |e| Error::about_file(file, e);
        let found = bundle::objects(&ctx.read_long(file)?).map_err(about)?;
        for (index, one) in found.iter().enumerate() {
            let findings = match (&shape, one.kind) {
                (Some(shape), Kind::Certificate) => shape.lint(file, one, &found)?,
                _ => lint::object(one.kind, &one.der),
            };
            objects += 1;
            bad += usize::from(findings.iter().any(|f| f.severity == Severity::Error));
            rows.extend(findings.iter().map(|f| shown(ctx, file, index + 1, one, f)));
        }
    }
    if rows.is_empty() {
        ctx.note("note-lint-clean", &[("count", &objects.to_string())]);
    }
    if !rows.is_empty() || ctx.out.format != crate::args::Format::Table {
        ctx.out.list("finding-list", &COLUMNS, rows)?;
    }
    if bad == 0 {
        return Ok(());
    }
    Err(Error::own("cli.lint", vec![("count", bad.to_string()), ("of", objects.to_string())]))
}

const fn code(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Notice => "notice",
    }
}

fn shown(ctx: &Context, file: &Path, index: usize, one: &Object, f: &Finding) -> Row {
    let clause = lint::RULES.iter().find(|rule| rule.id == f.id).map(|rule| rule.clause);
    row([
        ("file", file.display().to_string().into()),
        ("object", index.into()),
        ("kind", one.kind.code().into()),
        ("subject", views::title(one).into()),
        ("severity", code(f.severity).into()),
        ("rule", f.id.into()),
        ("offset", f.offset.into()),
        ("message", explained(ctx, f).into()),
        ("clause", clause.into()),
        ("detail", f.message.as_str().into()),
    ])
}

/// What was found. In Chinese the rule speaks, and the details where the catalogue has them.
fn explained(ctx: &Context, f: &Finding) -> String {
    let details = said(ctx.lang, &f.message);
    match message(ctx.lang, &format!("rule-{}", f.id)) {
        Some(text) if ctx.lang == Lang::Zh && details == f.message => text.to_owned(),
        Some(text) if ctx.lang == Lang::Zh => format!("{text}（{details}）"),
        _ => details,
    }
}

/// A profile of ours, and the CAs that may have issued by it.
struct Shape {
    profile: Profile,
    issuers: Vec<Certificate>,
}

impl Shape {
    /// A shipped profile, or the current one of the home; the CAs of the home, if there is one, and those of `--ca`.
    fn new(ctx: &Context, id: &ProfileId, others: &[PathBuf]) -> Result<Self> {
        let home = ctx.look().ok();
        let mut issuers = Vec::new();
        for path in others {
            issuers.extend(ctx.certificates(path)?);
        }
        let mut recorded = None;
        if let Some(home) = &home {
            issuers.extend(home.cas()?.iter().map(|ca| ca.certificate.clone()));
            issuers.push(home.identity().root.clone());
            recorded = home.profiles()?.into_iter().find(|p| p.current && p.id == *id).map(|p| p.source);
        }
        let recorded = recorded.and_then(|source| data::profile_from_toml(&source).ok());
        let unknown = || hufu_authority::Error::from(ErrorKind::UnknownProfile(id.to_string()));
        let profile = recorded.or_else(|| data::profile(id.as_str())).ok_or_else(unknown)?;
        Ok(Self { profile, issuers })
    }

    fn lint(&self, file: &Path, one: &Object, all: &[Object]) -> Result<Vec<Finding>> {
        let about = |e| Error::about_file(file, e);
        let certificate = Certificate::from_der(&one.der).map_err(about)?;
        let beside = all.iter().filter_map(|other| Certificate::from_der(&other.der).ok());
        let issuer = self.issuers.iter().cloned().chain(beside).find(|c| c.subject_der() == certificate.issuer_der());
        let values = || vec![("path", file.display().to_string()), ("issuer", certificate.issuer_text())];
        let issuer = issuer.ok_or_else(|| Error::own("cli.issuer-missing", values()))?;
        let (issuer_key, subject_key) = (issuer.public_key().map_err(about)?, certificate.public_key().map_err(about)?);
        let context = LintContext {
            profile: &self.profile,
            issuer_der: issuer.subject_der(),
            issuer_key: &issuer_key,
            subject_key: &subject_key,
        };
        let mut found = lint::tbs(certificate.tbs_der(), &context);
        found.iter_mut().for_each(|f| f.offset = f.offset.map(|offset| offset + certificate.tbs_offset()));
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use hufu_authority::data::keys;

    use super::*;

    #[test]
    fn every_rule_has_its_text_in_both_languages_and_no_text_is_left_over() {
        // Rules of counting are rules of another kind.
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/hufu-authority/src/report");
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let counting: String = files.filter_map(|path| std::fs::read_to_string(path).ok()).collect();
        for lang in Lang::ALL {
            let of_lint = |rule: &&str| !counting.contains(&format!("\"rule-{rule}\""));
            let texts: Vec<&str> = keys(lang).filter_map(|key| key.strip_prefix("rule-")).filter(of_lint).collect();
            assert_eq!(texts.len(), lint::RULES.len(), "{}", lang.code());
            for rule in lint::RULES {
                assert!(texts.contains(&rule.id), "{}: {}", lang.code(), rule.id);
            }
        }
    }

    /// A verdict in Chinese says the cause in Chinese, whatever the rule.
    #[test]
    fn every_cause_of_a_verdict_is_said_in_chinese() {
        use hufu_authority::x509::path::Rule;
        let english: Vec<&str> = Rule::ALL.iter().map(|r| r.cause()).filter(|c| said(Lang::Zh, c) == *c).collect();
        assert!(english.is_empty(), "{}", english.join("\n"));
    }
}
