//! Founding and staff: what every demonstration begins with.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use hufu_authority::data::RosterEntry;
use hufu_authority::model::holder::{Field, HolderKind};
use hufu_authority::model::ident::{OperatorId, OrgId, RequestId};
use hufu_authority::model::operator::Role;
use hufu_authority::model::org::{Limits, OrgKind, OrgStatus, Organisation, TreeError};
use hufu_authority::model::request::{Medium, Reason};
use hufu_authority::model::time::Clock;
use hufu_authority::x509::key::SecretKey;
use hufu_authority::{
    Authority, CaSigner, Change, ErrorKind, Founding, HomePassphrases, NewAdministrator, NewRequest, Result, Session,
    SystemEntropy,
};

use crate::secrets::{Secrets, person};
use crate::{Tell, all, people};

/// An authority and its two administrators.
pub(crate) struct Founded {
    pub(crate) authority: Authority,
    pub(crate) zhao: Session,
    pub(crate) qian: Session,
}

/// Founds the home in `dir` with its anchor beside it.
pub(crate) fn found(dir: &Path, secrets: &Secrets, clock: Arc<dyn Clock>) -> Result<Founded> {
    let (zhao_key, zhao) = person("赵一")?;
    let (qian_key, qian) = person("钱二")?;
    secrets.keep("zhao", &zhao_key)?;
    secrets.keep("qian", &qian_key)?;
    let founding = Founding {
        name: "国家电子政务外网（示例）".to_owned(),
        name_en: "National e-Government Extranet (example)".to_owned(),
        base_http: "http://pki.example.cn".to_owned(),
        base_ldap: Some("ldap://ldap.example.cn".to_owned()),
        anchor: Some(dir.join("anchor")),
        root_key: None,
        instance: 1,
        crl_shards: 16,
        administrators: [
            NewAdministrator { id: "zhao".parse()?, name: "赵一".to_owned(), csr: zhao },
            NewAdministrator { id: "qian".parse()?, name: "钱二".to_owned(), csr: qian },
        ],
    };
    let passphrases = HomePassphrases { ca: &secrets.ca, home: &secrets.home };
    let authority = Authority::found_with(&dir.join("home"), &founding, &passphrases, clock, Arc::new(SystemEntropy))?;
    let zhao = authority.act_as(&"zhao".parse()?, zhao_key)?;
    let qian = authority.act_as(&"qian".parse()?, qian_key)?;
    Ok(Founded { authority, zhao, qian })
}

/// Adds the organisations of a roster below the CA.
pub(crate) fn add_organisations(founded: &Founded, roster: &[RosterEntry], tell: Tell<'_>) -> Result<()> {
    for (n, entry) in roster.iter().enumerate() {
        tell("organisations", n as u64, roster.len() as u64);
        let organisation = Organisation {
            id: entry.id.clone(),
            parent: Some(entry.parent.clone()),
            kind: entry.kind,
            name: entry.zh.clone(),
            name_en: entry.en.clone(),
            region: entry.region,
            limits: Limits { region: entry.region, quota_day: Some(5000), ..Limits::default() },
            status: OrgStatus::Active,
        };
        let _ = founded.authority.change(&founded.zhao, &Change::OrgAdd(organisation))?;
    }
    Ok(())
}

/// Somebody who is to become an operator.
#[derive(Clone)]
pub(crate) struct Post {
    pub(crate) org: OrgId,
    pub(crate) id: OperatorId,
    pub(crate) role: Role,
    region: String,
    office: String,
}

impl Post {
    pub(crate) fn new(org: OrgId, id: OperatorId, role: Role, office: &str) -> Self {
        Self { org, id, role, region: "110000".to_owned(), office: office.to_owned() }
    }

    /// Those of an office: somebody who enters, and at an RA somebody who approves.
    pub(crate) fn of_office(entry: &RosterEntry) -> Result<Vec<Self>> {
        let roles: &[Role] =
            if entry.kind == OrgKind::MunicipalLra { &[Role::Entry] } else { &[Role::Entry, Role::Approver] };
        let post = |role: &Role| {
            let id = format!("{}-{role}", entry.id).parse()?;
            let mut post = Self::new(entry.id.clone(), id, *role, &entry.zh);
            if let Some(region) = entry.region {
                post.region = region.to_string();
            }
            Ok(post)
        };
        roles.iter().map(post).collect()
    }
}

/// Appoints people: entered by one administrator, approved by the other, issued. Their certificates are valid for `days`,
/// or as long as the profile says. Gives back who acts with which key.
pub(crate) fn appoint(
    founded: &Founded,
    ca: &CaSigner,
    posts: Vec<Post>,
    days: Option<u32>,
    secrets: &Secrets,
    tell: Tell<'_>,
) -> Result<Vec<(Post, Session)>> {
    let mut keys: Vec<SecretKey> = Vec::new();
    let mut requests = Vec::new();
    for post in &posts {
        let name = people::person_name(requests.len() + 11);
        let (key, csr) = person(&name)?;
        secrets.keep(post.id.as_str(), &key)?;
        requests.push(NewRequest {
            id: format!("staff-{}", post.id).parse()?,
            org: post.org.clone(),
            holder: HolderKind::Person,
            fields: vec![
                (Field::Name, name),
                (Field::Region, post.region.clone()),
                (Field::Organisation, post.office.clone()),
            ],
            hosts: Vec::new(),
            csr,
            profile: "operator".parse()?,
            days,
            reason: Reason::First,
            medium: Medium::UKey,
            predecessor: None,
            operator: Some((post.id.clone(), vec![post.role])),
            revokes: None,
            ca: None,
            medium_id: None,
            pair: false,
        });
        keys.push(key);
        tell("operators", requests.len() as u64, posts.len() as u64);
    }
    let ids: Vec<RequestId> = requests.iter().map(|r| r.id.clone()).collect();
    let Founded { authority, zhao, qian } = founded;
    all(authority.submit(zhao, &requests)?)?;
    all(authority.approve(qian, &ids)?)?;
    all(authority.issue(qian, ca, &ids)?)?;
    let acting = posts.into_iter().zip(keys).map(|(post, key)| {
        let session = authority.act_as(&post.id, key)?;
        Ok((post, session))
    });
    acting.collect()
}

/// The operators of one office.
pub(crate) struct Office {
    pub(crate) entry: Session,
    approver: Option<Session>,
}

/// The operators of every office.
pub(crate) struct Offices(BTreeMap<OrgId, Office>);

impl Offices {
    pub(crate) fn new(staff: Vec<(Post, Session)>) -> Self {
        let mut offices: BTreeMap<OrgId, Office> = BTreeMap::new();
        for (post, session) in staff {
            match (post.role, offices.get_mut(&post.org)) {
                (Role::Approver, Some(office)) => office.approver = Some(session),
                _ => drop(offices.insert(post.org, Office { entry: session, approver: None })),
            }
        }
        Self(offices)
    }

    /// How many operators there are.
    pub(crate) fn operators(&self) -> usize {
        self.0.values().map(|o| 1 + usize::from(o.approver.is_some())).sum()
    }

    /// Whoever enters at an office.
    pub(crate) fn entry(&self, org: &OrgId) -> Result<&Session> {
        self.0.get(org).map(|o| &o.entry).ok_or_else(|| ErrorKind::Tree(TreeError::Unknown(org.clone())).into())
    }

    /// Whoever approves for an office: at the office itself, or the nearest above.
    pub(crate) fn approver(&self, authority: &Authority, org: &OrgId) -> Result<&Session> {
        let tree = authority.organisations()?;
        let found = tree.chain(org)?.iter().find_map(|o| self.0.get(&o.id)?.approver.as_ref());
        found.ok_or_else(|| ErrorKind::Internal("no approver above an office of the demonstration").into())
    }
}
