//! A service that embeds the authority: it founds a home in a folder, and prints what a reader can see of it.
//!
//! `cargo run -p hufu-authority --example embed -- FOLDER`

// An example talks to its reader.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::PathBuf;

use hufu_authority::model::entropy::Entropy;
use hufu_authority::model::profile::NameAttribute;
use hufu_authority::x509::csr;
use hufu_authority::x509::key::{Passphrase, SecretKey};
use hufu_authority::x509::name::Name;
use hufu_authority::{Authority, Depth, Founding, HomePassphrases, NewAdministrator, SystemEntropy};

fn main() -> Result<(), Box<dyn Error>> {
    let folder: PathBuf = std::env::args_os().nth(1).ok_or("usage: embed FOLDER (it must not exist)")?.into();
    let (ca, home) = (Passphrase::machine(&SystemEntropy)?, Passphrase::machine(&SystemEntropy)?);
    let founding = Founding {
        name: "示例电子政务".to_owned(),
        name_en: "Example e-government".to_owned(),
        base_http: "http://pki.example.cn".to_owned(),
        base_ldap: Some("ldap://ldap.example.cn".to_owned()),
        anchor: None,
        root_key: None,
        instance: 1,
        crl_shards: 16,
        administrators: [administrator("zhao", "赵一")?, administrator("qian", "钱二")?],
    };
    let authority = Authority::found(&folder, &founding, &HomePassphrases { ca: &ca, home: &home })?;

    // A reader runs beside any writer, also on a disk that cannot be written to.
    let reader = Authority::open_read_only(&folder)?;
    let status = reader.status()?;
    println!("{}: {} events, {} under a checkpoint", status.name, status.events, status.checkpointed);
    let audit = reader.audit(Depth::Deep, &|_| ())?;
    println!("{} certificates, {} findings", audit.certificates, audit.findings.len());
    println!("{}", authority.identity().root.pem());
    Ok(())
}

fn administrator(id: &str, name: &str) -> Result<NewAdministrator, Box<dyn Error>> {
    let random: &dyn Entropy = &SystemEntropy;
    // In real life the administrator keeps the key; only the request reaches the service.
    let key = SecretKey::generate(random)?;
    let subject = Name::new(vec![(NameAttribute::CommonName, name.to_owned())])?;
    Ok(NewAdministrator { id: id.parse()?, name: name.to_owned(), csr: csr::build(&subject, &key, random.array()?)? })
}
