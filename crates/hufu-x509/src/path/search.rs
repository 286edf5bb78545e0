//! Looks for the chain: depth first, likely issuers first, within a budget.

use std::collections::{HashMap, HashSet};

use hufu_model::time::Instant;

use super::{Finding, MAX_CHAIN, MAX_SIGNATURES, Rule, check, explain};
use crate::certificate::Certificate;

/// How many stretches of chains are looked at: certificates that all issue each other make very many.
const MAX_STEPS: usize = 500;

/// The best chain found and what is wrong with it.
pub(super) struct Outcome<'a> {
    pub(super) chain: Vec<&'a Certificate>,
    pub(super) findings: Vec<Finding>,
    complete: bool,
}

impl Outcome<'_> {
    /// Whether this says more than `other`: a complete chain, then fewer findings, then the longer stretch.
    fn beats(&self, other: &Self) -> bool {
        let rank = |o: &Self| (!o.complete, o.findings.len(), MAX_CHAIN.saturating_sub(o.chain.len()));
        rank(self) < rank(other)
    }
}

/// The best chain from `target` over `others` to one of `roots`.
pub(super) fn best<'a>(
    target: &'a Certificate,
    others: &'a [Certificate],
    roots: &'a [Certificate],
    at: Instant,
) -> Outcome<'a> {
    let (mut pool, target) = Pool::new(target, others, roots);
    let mut search = Search { at, best: None, steps: 0, explained: HashMap::new() };
    search.extend(&mut vec![target], &mut pool);
    // The first step always leaves an outcome behind.
    search.best.unwrap_or(Outcome { chain: Vec::new(), findings: Vec::new(), complete: false })
}

/// The certificates a chain may be made of, each once, and what signature checks are left.
pub(super) struct Pool<'a> {
    certificates: Vec<&'a Certificate>,
    /// How many of them, from the start, are trusted roots.
    roots: usize,
    /// Whether the first is signed with the key of the second.
    signed: HashMap<(usize, usize), bool>,
    left: usize,
}

impl<'a> Pool<'a> {
    /// The pool, and the place of the target in it.
    fn new(target: &'a Certificate, others: &'a [Certificate], roots: &'a [Certificate]) -> (Self, usize) {
        let mut seen = HashSet::new();
        let mut certificates: Vec<&Certificate> = roots.iter().filter(|c| seen.insert(c.der())).collect();
        let roots = certificates.len();
        certificates.extend(others.iter().chain([target]).filter(|c| seen.insert(c.der())));
        let place = certificates.iter().position(|c| *c == target).unwrap_or_default();
        (Self { certificates, roots, signed: HashMap::new(), left: MAX_SIGNATURES }, place)
    }

    fn get(&self, place: usize) -> Option<&'a Certificate> {
        self.certificates.get(place).copied()
    }

    fn chain(&self, path: &[usize]) -> Vec<&'a Certificate> {
        path.iter().filter_map(|place| self.get(*place)).collect()
    }

    /// Every certificate whose subject is the issuer of `certificate`, trusted roots first.
    fn named(&self, certificate: &Certificate) -> Vec<usize> {
        let wanted = certificate.issuer_der();
        (0..self.certificates.len()).filter(|p| self.get(*p).is_some_and(|c| c.subject_der() == wanted)).collect()
    }

    /// Whether `certificate` is signed with the key of `issuer`. None when the budget is used up.
    fn fits(&mut self, certificate: usize, issuer: usize) -> Option<bool> {
        if let Some(known) = self.signed.get(&(certificate, issuer)) {
            return Some(*known);
        }
        self.left = self.left.checked_sub(1)?;
        let fits = match (self.get(certificate), self.get(issuer).map(Certificate::public_key)) {
            (Some(certificate), Some(Ok(key))) => certificate.verify_signed_by(&key).is_ok(),
            _ => false,
        };
        self.signed.insert((certificate, issuer), fits);
        Some(fits)
    }

    /// The certificate whose key signed `certificate`, whatever its name.
    pub(super) fn signer_of(&mut self, certificate: &Certificate) -> Option<&'a Certificate> {
        let place = self.certificates.iter().position(|c| *c == certificate)?;
        (0..self.certificates.len()).find(|issuer| self.fits(place, *issuer) == Some(true)).and_then(|p| self.get(p))
    }
}

struct Search<'a> {
    at: Instant,
    best: Option<Outcome<'a>>,
    steps: usize,
    /// Why a certificate is signed by none of its issuers: the same wherever it is met.
    explained: HashMap<usize, Finding>,
}

impl<'a> Search<'a> {
    /// Goes on from the last certificate of `path`. True when a valid chain was found.
    fn extend(&mut self, path: &mut Vec<usize>, pool: &mut Pool<'a>) -> bool {
        let Some((place, current)) = path.last().and_then(|p| Some((*p, pool.get(*p)?))) else { return false };
        self.steps += 1;
        if let Some(finding) = explain::form(current) {
            return self.dead_end(path, pool, finding);
        }
        let self_issued = current.subject_der() == current.issuer_der();
        if place < pool.roots {
            let finding = match if self_issued { pool.fits(place, place) } else { Some(true) } {
                Some(true) => None,
                Some(false) => Some(self.explain(place, current, pool)),
                None => Some(budget(current)),
            };
            let valid = self.complete(path, pool, finding);
            if valid || self_issued {
                return valid;
            }
        }
        let mut issuers = pool.named(current);
        issuers.retain(|issuer| !path.contains(issuer));
        issuers.sort_by_key(|issuer| std::cmp::Reverse(self.promise(current, *issuer, pool)));
        if path.len() == MAX_CHAIN && !issuers.is_empty() {
            let message = format!("no root is reached within {MAX_CHAIN} certificates");
            return self.dead_end(path, pool, Finding::new(Rule::TooLong, current, message));
        }
        let mut signed = false;
        for issuer in issuers {
            let fits = if self.steps < MAX_STEPS { pool.fits(place, issuer) } else { None };
            let Some(fits) = fits else {
                return self.dead_end(path, pool, budget(current));
            };
            if fits {
                signed = true;
                path.push(issuer);
                let valid = self.extend(path, pool);
                path.pop();
                if valid {
                    return true;
                }
            }
        }
        if signed {
            return false;
        }
        let finding = if self_issued && pool.fits(place, place) == Some(true) {
            let namesake = pool.named(current).into_iter().find(|p| *p < pool.roots).and_then(|p| pool.get(p));
            explain::untrusted(current, namesake)
        } else {
            self.explain(place, current, pool)
        };
        self.dead_end(path, pool, finding)
    }

    /// How likely an issuer leads to a valid chain: it has the key the certificate names, is trusted, is valid now.
    fn promise(&self, certificate: &Certificate, issuer: usize, pool: &Pool<'a>) -> (bool, bool, bool) {
        let Some(candidate) = pool.get(issuer) else { return (false, false, false) };
        let wanted = certificate.authority_key_id().unwrap_or_default();
        let named = wanted.is_some() && candidate.subject_key_id().unwrap_or_default() == wanted;
        (named, issuer < pool.roots, candidate.validity().contains(self.at))
    }

    fn explain(&mut self, place: usize, current: &'a Certificate, pool: &mut Pool<'a>) -> Finding {
        if let Some(known) = self.explained.get(&place) {
            return known.clone();
        }
        let named = pool.chain(&pool.named(current));
        let finding = explain::link(current, &named, pool);
        self.explained.insert(place, finding.clone());
        finding
    }

    /// Notes a chain up to a trusted root. True when nothing is wrong with it.
    fn complete(&mut self, path: &[usize], pool: &Pool<'a>, finding: Option<Finding>) -> bool {
        self.note(pool.chain(path), finding, true)
    }

    /// Notes a stretch that ends for the reason `finding`.
    fn dead_end(&mut self, path: &[usize], pool: &Pool<'a>, finding: Finding) -> bool {
        self.note(pool.chain(path), Some(finding), false)
    }

    fn note(&mut self, chain: Vec<&'a Certificate>, finding: Option<Finding>, complete: bool) -> bool {
        let mut findings = check::chain(&chain, self.at);
        // A key that cannot be used is found from both sides.
        findings.extend(finding.filter(|f| !findings.contains(f)));
        let valid = findings.is_empty();
        let outcome = Outcome { chain, findings, complete };
        if self.best.as_ref().is_none_or(|best| outcome.beats(best)) {
            self.best = Some(outcome);
        }
        valid
    }
}

fn budget(certificate: &Certificate) -> Finding {
    let message = format!("more than {MAX_SIGNATURES} signatures or {MAX_STEPS} chains would have to be tried");
    Finding::new(Rule::Budget, certificate, message)
}
