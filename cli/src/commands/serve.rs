//! `hufu serve`: answers the public.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use hufu_authority::Responder;
use hufu_server::Config;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::secrets::{self, Which};

/// What is served.
#[derive(Subcommand)]
pub(crate) enum Serve {
    Ocsp(ServeOcsp),
}

#[derive(Args)]
pub(crate) struct ServeOcsp {
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    #[arg(long, value_name = "DIR")]
    publish: Option<PathBuf>,
    #[arg(long, value_name = "HOURS", default_value_t = 8, value_parser = clap::value_parser!(u32).range(8..=240))]
    life: u32,
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    max_age: u32,
    #[arg(long, value_name = "FILE")]
    access_log: Option<PathBuf>,
}

/// Serves until the process is told to end.
pub(crate) fn run(ctx: &Context, args: Serve) -> Result<()> {
    let Serve::Ocsp(args) = args;
    let authority = ctx.look()?;
    let passphrase = secrets::existing(ctx, Which::Responder)?;
    let responder = Responder::open(&ctx.home(), &passphrase)?.with_life(i64::from(args.life) * 3600)?;
    drop(passphrase);
    responder.check(authority.now())?;
    let publish = args.publish.or_else(|| authority.home().publishing().map(|p| p.folder));
    let shown = publish.as_deref().map_or_else(|| ctx.word("serve-no-folder"), |path| path.display().to_string());
    let config = Config {
        publish,
        prefix: prefix(&authority.identity().urls.http).to_owned(),
        max_age: args.max_age,
        log: args.access_log.as_deref().map(access_log).transpose()?,
        ..Config::new(args.listen)
    };
    drop(authority);
    let ready = |address: SocketAddr| {
        ctx.note("note-serving", &[("address", &address.to_string()), ("publish", &shown)]);
    };
    hufu_server::serve(config, Arc::new(responder), ready)
        .map_err(|e| Error::own(e.code(), vec![("what", e.to_string())]))?;
    ctx.note("note-served", &[]);
    Ok(())
}

/// The path of the base URL: what stands before `/ocsp` in the addresses that certificates carry.
fn prefix(base: &str) -> &str {
    let rest = base.strip_prefix("http://").unwrap_or(base);
    rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default().trim_end_matches('/')
}

/// The log, added to; `-` is standard output.
fn access_log(path: &Path) -> Result<Box<dyn Write + Send>> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(std::io::stdout()));
    }
    let opened = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
    Ok(Box::new(opened.map_err(|e| Error::write(path, e))?))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_prefix_is_the_path_of_the_base_url() {
        for (base, prefix) in [
            ("http://pki.example.cn", ""),
            ("http://pki.example.cn:8080", ""),
            ("http://example.cn/pki", "/pki"),
            ("http://example.cn/a/b/", "/a/b"),
        ] {
            assert_eq!(super::prefix(base), prefix);
        }
    }
}
