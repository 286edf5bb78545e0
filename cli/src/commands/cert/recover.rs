//! `hufu cert recover`: orders that the escrowed key of a certificate be given back to its holder, or to an authority of
//! justice. Officers of the key centre approve it (`hufu kmc order`).

use std::path::PathBuf;

use clap::Args;
use hufu_authority::model::ident::{RequestId, Serial};
use hufu_authority::{NewKey, Ordered};

use super::super::kmc::order;
use crate::context::Context;
use crate::error::{Error, Result};

#[derive(Args)]
pub(crate) struct Recover {
    #[arg(value_name = "SERIAL")]
    serial: Serial,
    #[arg(long, value_name = "FILE", conflicts_with_all = ["to", "judicial"], required_unless_present = "to")]
    csr: Option<PathBuf>,
    #[arg(long, value_name = "SERIAL|FILE")]
    to: Option<String>,
    #[arg(long, requires_all = ["case", "organ", "to"])]
    judicial: bool,
    #[arg(long, value_name = "NUMBER", requires = "judicial")]
    case: Option<String>,
    #[arg(long, value_name = "NAME", requires = "judicial")]
    organ: Option<String>,
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[arg(long, value_name = "ID")]
    id: Option<RequestId>,
}

/// Orders it.
pub(super) fn recover(ctx: &Context, a: Recover) -> Result<()> {
    let (serial, reason) = (a.serial, a.reason);
    let missing = || Error::own("cli.usage", Vec::new());
    let what = if a.judicial {
        let to = a.to.ok_or_else(missing)?;
        Ordered::Judicial {
            serial,
            to: ctx.read(&PathBuf::from(to))?,
            reason,
            case_number: a.case.unwrap_or_default(),
            organ: a.organ.unwrap_or_default(),
        }
    } else {
        let to = match (a.csr, a.to) {
            (Some(csr), _) => NewKey::Csr(ctx.read(&csr)?),
            (None, Some(to)) => NewKey::Certificate(to.parse()?),
            (None, None) => return Err(missing()),
        };
        Ordered::Recovery { serial, to, reason }
    };
    order::order(ctx, a.id, what)
}
