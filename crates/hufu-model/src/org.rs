//! Organisations (机构): one CA, the province and ministry RAs below it, the municipal LRAs below those.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::ident::{IdError, OrgId, ProfileId};

/// The three tiers of the hierarchy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// The certification authority (认证中心), the one root of the tree.
    Ca,
    /// A registration authority (注册中心) of a province or a ministry.
    Ra,
    /// A local registration authority (注册服务分中心) of a municipality.
    Lra,
}

/// What kind of organisation a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrgKind {
    /// The CA itself.
    Ca,
    /// RA of a province (省级注册中心).
    ProvinceRa,
    /// RA of a ministry (部委注册系统).
    MinistryRa,
    /// LRA of a municipality (地市级注册服务分中心).
    MunicipalLra,
}

impl OrgKind {
    /// Every kind, in the order of the tree.
    pub const ALL: [Self; 4] = [Self::Ca, Self::ProvinceRa, Self::MinistryRa, Self::MunicipalLra];

    /// The tier this kind belongs to.
    #[must_use]
    pub const fn tier(self) -> Tier {
        match self {
            Self::Ca => Tier::Ca,
            Self::ProvinceRa | Self::MinistryRa => Tier::Ra,
            Self::MunicipalLra => Tier::Lra,
        }
    }

    /// Whether an organisation of this kind may stand directly below one of kind `parent`.
    #[must_use]
    pub const fn may_stand_below(self, parent: Self) -> bool {
        match self {
            Self::Ca => false,
            Self::ProvinceRa | Self::MinistryRa => matches!(parent, Self::Ca),
            Self::MunicipalLra => matches!(parent, Self::ProvinceRa),
        }
    }

    /// The stable code, `province-ra`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Ca => "ca",
            Self::ProvinceRa => "province-ra",
            Self::MinistryRa => "ministry-ra",
            Self::MunicipalLra => "municipal-lra",
        }
    }
}

crate::code_enum!(OrgKind, "organisation kind", "ca, province-ra, ministry-ra or municipal-lra");

/// A six-digit administrative division code of GB/T 2260, e.g. `510100` for Chengdu.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionCode([u8; 6]);

impl RegionCode {
    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The code without the trailing pairs of zeros: `51` for a province, `5101` for a city, six digits for a county.
    #[must_use]
    pub fn significant(&self) -> &str {
        let s = self.as_str();
        let end = if s.ends_with("0000") {
            2
        } else if s.ends_with("00") {
            4
        } else {
            6
        };
        &s[..end]
    }

    /// Whether `other` is this division or lies inside it.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        other.as_str().starts_with(self.significant())
    }
}

impl fmt::Display for RegionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RegionCode {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let bad =
            || IdError { what: "region code", text: text.chars().take(80).collect(), rule: "six digits of GB/T 2260" };
        let bytes: [u8; 6] = text.as_bytes().try_into().map_err(|_| bad())?;
        if bytes.iter().all(u8::is_ascii_digit) && bytes[0] != b'0' { Ok(Self(bytes)) } else { Err(bad()) }
    }
}

/// Whether an organisation may act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrgStatus {
    /// It may.
    Active,
    /// It and its whole subtree may not submit, approve or have issued (冻结).
    Frozen,
}

impl OrgStatus {
    /// Every status.
    pub const ALL: [Self; 2] = [Self::Active, Self::Frozen];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Frozen => "frozen",
        }
    }
}

crate::code_enum!(OrgStatus, "organisation status", "active or frozen");

/// What an organisation and everything below it may do. `None` means: no limit of its own; its ancestors' still bind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// The profiles it may use.
    pub profiles: Option<Vec<ProfileId>>,
    /// Certificates issued per day of UTC+08:00, the subtree together.
    pub quota_day: Option<u32>,
    /// Certificates issued in all, the subtree together.
    pub quota_total: Option<u32>,
    /// The longest validity, in days.
    pub max_days: Option<u32>,
    /// The division its holders must be in.
    pub region: Option<RegionCode>,
    /// How the holder's organisation name (O) must begin.
    pub name_prefix: Option<String>,
}

/// The limit of an ancestor that a new or changed limit would exceed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitExceeded {
    /// Which limit: `profiles`, `quota-day`, `quota-total`, `max-days`, `region` or `name-prefix`.
    pub limit: &'static str,
    /// What was asked for.
    pub asked: String,
    /// What the ancestor allows.
    pub allowed: String,
}

impl fmt::Display for LimitExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "limit {}: {} asked, {} allowed", self.limit, self.asked, self.allowed)
    }
}

impl Limits {
    /// The limits as text, one `name=value` per line, in a fixed order: the form operators sign. Empty when there is none.
    #[must_use]
    pub fn to_text(&self) -> String {
        let profiles = self.profiles.as_ref();
        let lines = [
            ("profiles", profiles.map(|p| p.iter().map(ProfileId::as_str).collect::<Vec<_>>().join(" "))),
            ("quota-day", self.quota_day.map(|n| n.to_string())),
            ("quota-total", self.quota_total.map(|n| n.to_string())),
            ("max-days", self.max_days.map(|n| n.to_string())),
            ("region", self.region.map(|r| r.to_string())),
            ("name-prefix", self.name_prefix.clone()),
        ];
        let set = lines.into_iter().filter_map(|(name, value)| value.map(|v| format!("{name}={v}")));
        set.collect::<Vec<_>>().join("\n")
    }

    /// Reads what [`Limits::to_text`] wrote.
    ///
    /// # Errors
    /// [`IdError`] for an unknown name, a number that is none, a malformed profile id or region, or a limit given twice.
    pub fn from_text(text: &str) -> Result<Self, IdError> {
        const RULE: &str = "one name=value per line: profiles, quota-day, quota-total, max-days, region, name-prefix";
        let bad = |line: &str| IdError { what: "limit", text: line.chars().take(80).collect(), rule: RULE };
        let mut limits = Self::default();
        let mut seen = Vec::new();
        for line in text.lines() {
            let (name, value) = line.split_once('=').ok_or_else(|| bad(line))?;
            if seen.contains(&name) {
                return Err(bad(line));
            }
            seen.push(name);
            let number = || value.parse::<u32>().map(Some).map_err(|_| bad(line));
            match name {
                "profiles" => {
                    let ids = value.split(' ').filter(|p| !p.is_empty()).map(str::parse).collect::<Result<_, _>>()?;
                    limits.profiles = Some(ids);
                }
                "quota-day" => limits.quota_day = number()?,
                "quota-total" => limits.quota_total = number()?,
                "max-days" => limits.max_days = number()?,
                "region" => limits.region = Some(value.parse()?),
                "name-prefix" => limits.name_prefix = Some(value.to_owned()),
                _ => return Err(bad(line)),
            }
        }
        Ok(limits)
    }

    /// The limits that hold when `self` stands below `above`: for each, the narrower one.
    ///
    /// Two regions or prefixes that lie beside each other leave nothing that is allowed, which one limit cannot say: there
    /// it is the own one, and who decides asks each organisation of the chain.
    #[must_use]
    pub fn narrowed_by(&self, above: &Self) -> Self {
        let least = |a: Option<u32>, b: Option<u32>| match (a, b) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        Self {
            profiles: match (&self.profiles, &above.profiles) {
                (Some(own), Some(up)) => Some(own.iter().filter(|p| up.contains(p)).cloned().collect()),
                (own, up) => own.clone().or_else(|| up.clone()),
            },
            quota_day: least(self.quota_day, above.quota_day),
            quota_total: least(self.quota_total, above.quota_total),
            max_days: least(self.max_days, above.max_days),
            region: match (self.region, above.region) {
                (Some(own), Some(up)) if own.contains(&up) => Some(up),
                (own, up) => own.or(up),
            },
            name_prefix: match (&self.name_prefix, &above.name_prefix) {
                (Some(own), Some(up)) if up.starts_with(own.as_str()) => Some(up.clone()),
                (own, up) => own.clone().or_else(|| up.clone()),
            },
        }
    }

    /// Checks that no limit of `self` is wider than the effective limits `above` it.
    ///
    /// # Errors
    /// The first limit that is wider.
    pub fn within(&self, above: &Self) -> Result<(), LimitExceeded> {
        let number = |limit, own: Option<u32>, up: Option<u32>| match (own, up) {
            (Some(own), Some(up)) if own > up => {
                Err(LimitExceeded { limit, asked: own.to_string(), allowed: up.to_string() })
            }
            _ => Ok(()),
        };
        if let (Some(own), Some(up)) = (&self.profiles, &above.profiles)
            && let Some(extra) = own.iter().find(|p| !up.contains(p))
        {
            let allowed = up.iter().map(ProfileId::as_str).collect::<Vec<_>>().join(" ");
            return Err(LimitExceeded { limit: "profiles", asked: extra.to_string(), allowed });
        }
        number("quota-day", self.quota_day, above.quota_day)?;
        number("quota-total", self.quota_total, above.quota_total)?;
        number("max-days", self.max_days, above.max_days)?;
        if let (Some(own), Some(up)) = (&self.region, &above.region)
            && !up.contains(own)
        {
            return Err(LimitExceeded { limit: "region", asked: own.to_string(), allowed: up.to_string() });
        }
        if let (Some(own), Some(up)) = (&self.name_prefix, &above.name_prefix)
            && !own.starts_with(up.as_str())
        {
            return Err(LimitExceeded { limit: "name-prefix", asked: own.clone(), allowed: up.clone() });
        }
        Ok(())
    }

    /// Whether a change from `self` to `new` widens any limit, which needs a second person.
    #[must_use]
    pub fn raised_by(&self, new: &Self) -> bool {
        fn wider<T>(old: Option<&T>, new: Option<&T>, exceeds: impl Fn(&T, &T) -> bool) -> bool {
            match (old, new) {
                (None, _) => false,
                (Some(_), None) => true,
                (Some(old), Some(new)) => exceeds(new, old),
            }
        }
        wider(self.profiles.as_ref(), new.profiles.as_ref(), |n, o| n.iter().any(|p| !o.contains(p)))
            || wider(self.quota_day.as_ref(), new.quota_day.as_ref(), |n, o| n > o)
            || wider(self.quota_total.as_ref(), new.quota_total.as_ref(), |n, o| n > o)
            || wider(self.max_days.as_ref(), new.max_days.as_ref(), |n, o| n > o)
            || wider(self.region.as_ref(), new.region.as_ref(), |n, o| !o.contains(n))
            || wider(self.name_prefix.as_ref(), new.name_prefix.as_ref(), |n, o| !n.starts_with(o.as_str()))
    }
}

/// One organisation of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organisation {
    /// Its identifier.
    pub id: OrgId,
    /// The organisation above it; none only for the CA.
    pub parent: Option<OrgId>,
    /// What kind it is.
    pub kind: OrgKind,
    /// Its name, in Chinese as a rule.
    pub name: String,
    /// Its name in English, for English output; empty when none is known.
    pub name_en: String,
    /// The division it serves.
    pub region: Option<RegionCode>,
    /// Its own limits.
    pub limits: Limits,
    /// Whether it may act.
    pub status: OrgStatus,
}

/// Why an organisation cannot be found or placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TreeError {
    /// No organisation has this id.
    Unknown(OrgId),
    /// The kind may not stand below the parent's kind.
    Misplaced {
        /// The organisation.
        org: OrgId,
        /// Its kind.
        kind: OrgKind,
        /// The parent's kind, if there is a parent.
        parent: Option<OrgKind>,
    },
    /// The organisation would stand below itself.
    Cycle(OrgId),
}

impl fmt::Display for TreeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(id) => write!(f, "no organisation {id}"),
            Self::Misplaced { org, kind, parent: Some(parent) } => {
                write!(f, "{org}: a {kind} cannot stand below a {parent}")
            }
            Self::Misplaced { org, kind, parent: None } => write!(f, "{org}: a {kind} needs a parent"),
            Self::Cycle(id) => write!(f, "{id} would stand below itself"),
        }
    }
}

impl std::error::Error for TreeError {}

/// The organisations by id, with the questions one asks of a tree.
#[derive(Debug, Clone, Default)]
pub struct OrgTree(BTreeMap<OrgId, Organisation>);

impl OrgTree {
    /// A tree from its nodes.
    #[must_use]
    pub fn new(orgs: impl IntoIterator<Item = Organisation>) -> Self {
        Self(orgs.into_iter().map(|o| (o.id.clone(), o)).collect())
    }

    /// All organisations, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Organisation> {
        self.0.values()
    }

    /// The organisation `id`.
    ///
    /// # Errors
    /// [`TreeError::Unknown`].
    pub fn get(&self, id: &OrgId) -> Result<&Organisation, TreeError> {
        self.0.get(id).ok_or_else(|| TreeError::Unknown(id.clone()))
    }

    /// The organisation and its ancestors, from it up to the CA.
    ///
    /// # Errors
    /// [`TreeError::Unknown`], or [`TreeError::Cycle`] in a tree that was altered by hand.
    pub fn chain(&self, id: &OrgId) -> Result<Vec<&Organisation>, TreeError> {
        let mut chain = vec![self.get(id)?];
        while let Some(parent) = chain.last().and_then(|o| o.parent.as_ref()) {
            if chain.len() > self.0.len() {
                return Err(TreeError::Cycle(id.clone()));
            }
            chain.push(self.get(parent)?);
        }
        Ok(chain)
    }

    /// Whether `inner` is `outer` or stands below it.
    #[must_use]
    pub fn is_within(&self, inner: &OrgId, outer: &OrgId) -> bool {
        self.chain(inner).is_ok_and(|chain| chain.iter().any(|o| o.id == *outer))
    }

    /// The children of `id`, by id.
    pub fn children<'a>(&'a self, id: &'a OrgId) -> impl Iterator<Item = &'a Organisation> {
        self.0.values().filter(move |o| o.parent.as_ref() == Some(id))
    }

    /// The limits that bind `id`: its own narrowed by every ancestor's.
    ///
    /// # Errors
    /// As [`OrgTree::chain`].
    pub fn effective_limits(&self, id: &OrgId) -> Result<Limits, TreeError> {
        let chain = self.chain(id)?;
        Ok(chain.iter().fold(Limits::default(), |acc, o| acc.narrowed_by(&o.limits)))
    }

    /// The nearest frozen organisation of the chain, if any.
    ///
    /// # Errors
    /// As [`OrgTree::chain`].
    pub fn frozen_by(&self, id: &OrgId) -> Result<Option<&Organisation>, TreeError> {
        Ok(self.chain(id)?.into_iter().find(|o| o.status == OrgStatus::Frozen))
    }

    /// Adds or replaces an organisation after checking that its kind fits its place.
    ///
    /// # Errors
    /// [`TreeError::Unknown`] parent, [`TreeError::Misplaced`], [`TreeError::Cycle`].
    pub fn place(&mut self, org: Organisation) -> Result<(), TreeError> {
        let parent_kind = org.parent.as_ref().map(|p| self.get(p).map(|o| o.kind)).transpose()?;
        let fits = match parent_kind {
            Some(parent) => org.kind.may_stand_below(parent),
            None => org.kind == OrgKind::Ca,
        };
        if !fits {
            return Err(TreeError::Misplaced { org: org.id, kind: org.kind, parent: parent_kind });
        }
        if let Some(parent) = &org.parent
            && self.is_within(parent, &org.id)
        {
            return Err(TreeError::Cycle(org.id));
        }
        self.0.insert(org.id.clone(), org);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn org(id: &str, parent: Option<&str>, kind: OrgKind) -> Organisation {
        Organisation {
            id: id.parse().unwrap(),
            parent: parent.map(|p| p.parse().unwrap()),
            kind,
            name: id.to_owned(),
            name_en: String::new(),
            region: None,
            limits: Limits::default(),
            status: OrgStatus::Active,
        }
    }

    #[test]
    fn freezing_an_ra_freezes_its_lras() {
        let mut ra = org("ra", Some("ca"), OrgKind::ProvinceRa);
        ra.status = OrgStatus::Frozen;
        let tree = OrgTree::new([org("ca", None, OrgKind::Ca), ra, org("lra", Some("ra"), OrgKind::MunicipalLra)]);
        assert_eq!(tree.frozen_by(&"lra".parse().unwrap()).unwrap().unwrap().id.as_str(), "ra");
        assert!(tree.frozen_by(&"ca".parse().unwrap()).unwrap().is_none());
    }

    #[test]
    fn limits_survive_their_text() {
        let limits = Limits {
            profiles: Some(vec!["person-sign".parse().unwrap(), "device-sign".parse().unwrap()]),
            quota_day: Some(50),
            quota_total: None,
            max_days: Some(365),
            region: Some("510100".parse().unwrap()),
            name_prefix: Some("成都=市".to_owned()),
        };
        assert_eq!(Limits::from_text(&limits.to_text()).unwrap(), limits);
        assert_eq!(Limits::from_text("").unwrap(), Limits::default());
        for bad in ["quota-day=-1", "quota-day=1\nquota-day=2", "colour=red", "region", "profiles=../x"] {
            assert!(Limits::from_text(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_lra_never_stands_below_a_ministry_or_itself() {
        let mut tree = OrgTree::new([org("ca", None, OrgKind::Ca)]);
        tree.place(org("m", Some("ca"), OrgKind::MinistryRa)).unwrap();
        assert!(matches!(tree.place(org("l", Some("m"), OrgKind::MunicipalLra)), Err(TreeError::Misplaced { .. })));
        assert!(tree.place(org("ca2", None, OrgKind::ProvinceRa)).is_err());
        assert!(tree.place(org("x", Some("nowhere"), OrgKind::ProvinceRa)).is_err());
    }

    #[test]
    fn limits_bind_downwards() {
        let p = |s: &str| s.parse::<ProfileId>().unwrap();
        let above = Limits {
            profiles: Some(vec![p("a"), p("b")]),
            quota_day: Some(10),
            region: Some("510000".parse().unwrap()),
            ..Limits::default()
        };
        let own = Limits { profiles: Some(vec![p("b"), p("c")]), quota_day: Some(5), ..Limits::default() };
        assert_eq!(own.within(&above).unwrap_err().limit, "profiles");
        let eff = own.narrowed_by(&above);
        assert_eq!(eff.profiles, Some(vec![p("b")]));
        assert_eq!(eff.quota_day, Some(5));
        assert_eq!(eff.region, above.region);
        let wide = Limits {
            region: Some("510000".parse().unwrap()),
            name_prefix: Some("四川".to_owned()),
            ..Limits::default()
        };
        let narrow = Limits {
            region: Some("510100".parse().unwrap()),
            name_prefix: Some("四川省".to_owned()),
            ..Limits::default()
        };
        assert_eq!(wide.narrowed_by(&narrow), narrow);
        assert_eq!(narrow.narrowed_by(&wide), narrow);
        let outside = Limits { region: Some("610100".parse().unwrap()), ..Limits::default() };
        assert_eq!(outside.within(&above).unwrap_err().limit, "region");
        assert!(above.raised_by(&Limits::default()));
        assert!(!Limits::default().raised_by(&above));
        assert!(above.raised_by(&Limits { quota_day: Some(11), ..above.clone() }));
        assert!(!above.raised_by(&Limits { quota_day: Some(9), ..above.clone() }));
    }

    #[test]
    fn regions_nest() {
        let r = |s: &str| s.parse::<RegionCode>().unwrap();
        assert!(r("510000").contains(&r("510104")));
        assert!(r("510100").contains(&r("510104")));
        assert!(!r("510100").contains(&r("510704")));
        assert!("51010".parse::<RegionCode>().is_err());
    }
}
