//! Cases for two implementations to agree on: by chance and by intent.
//!
//! Any key, r and s make a valid signature for the right digest: e = r - x of \[s\]G + \[t\]P. So r and s can be chosen to
//! lead the arithmetic where it might go wrong, and the signature is valid all the same.

use hufu_sm2::{Prepared, VerifyError, VerifyingKey};
use sm2::dsa::signature::hazmat::PrehashVerifier;
use sm2::elliptic_curve::ops::Reduce;
use sm2::elliptic_curve::point::{AffineCoordinates, DecompressPoint};
use sm2::elliptic_curve::sec1::ToSec1Point;
use sm2::elliptic_curve::{Group, PrimeField};
use sm2::{AffinePoint, FieldBytes, ProjectivePoint, Scalar};

/// 32 octets, a big-endian integer.
pub(crate) type Octets = [u8; 32];

/// The order n.
const N: Octets = [
    0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x72, 0x03, 0xdf,
    0x6b, 0x21, 0xc6, 0x05, 0x2b, 0x53, 0xbb, 0xf4, 0x09, 0x39, 0xd5, 0x41, 0x23,
];

/// A signature with all it is verified with.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// How it was made.
    pub(crate) what: &'static str,
    /// The public key, 04 ‖ X ‖ Y.
    pub(crate) point: [u8; 65],
    /// The digest.
    pub(crate) e: Octets,
    /// The numbers of the signature.
    pub(crate) r: Octets,
    /// See `r`.
    pub(crate) s: Octets,
    /// Whether it is valid, when that is known by the way it was made.
    pub(crate) known: Option<bool>,
}

impl Case {
    /// Whether the signature is valid, if all agree on that.
    pub(crate) fn agreed(&self, prepared: Option<&Prepared>) -> Result<bool, String> {
        let ours = VerifyingKey::from_point(&self.point).map_err(|error| format!("{error}\n{self:02x?}"))?;
        let ours = ours.verify_digest(&self.e, &self.r, &self.s);
        let theirs = self.reference();
        let prepared = prepared.map(|key| key.verify_digest(&self.e, &self.r, &self.s));
        let same =
            ours.is_ok() == theirs && prepared.is_none_or(|p| p == ours) && self.known.is_none_or(|k| k == theirs);
        if same && self.refusal_is_right(ours) {
            return Ok(theirs);
        }
        Err(format!("{}: ours {ours:?}, prepared {prepared:?}, reference {theirs}\n{self:02x?}", self.what))
    }

    /// The other implementation's verdict.
    fn reference(&self) -> bool {
        let Ok(key) = sm2::dsa::VerifyingKey::from_sec1_bytes("1234567812345678", &self.point) else { return false };
        let Ok(signature) = sm2::dsa::Signature::from_scalars(self.r, self.s) else { return false };
        key.verify_prehash(&self.e, &signature).is_ok()
    }

    fn refusal_is_right(&self, ours: Result<(), VerifyError>) -> bool {
        let outside = |x: &Octets| *x == [0; 32] || *x >= N;
        match ours {
            Err(VerifyError::RangeOfR) => outside(&self.r),
            Err(VerifyError::RangeOfS) => !outside(&self.r) && outside(&self.s),
            _ if outside(&self.r) || outside(&self.s) => false,
            Err(VerifyError::ZeroSum) => scalar(&self.r) == -scalar(&self.s),
            _ => scalar(&self.r) != -scalar(&self.s),
        }
    }
}

/// Numbers without end, the same for the same seed (SplitMix64): not for keys anybody uses.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.word() % limit
    }

    fn octets(&mut self) -> Octets {
        let mut octets = [0; 32];
        octets.chunks_mut(8).for_each(|chunk| chunk.copy_from_slice(&self.word().to_be_bytes()));
        octets
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    /// A number of a kind that could go wrong more often than by chance; it may be zero or n and more.
    fn shaped(&mut self) -> Octets {
        match self.below(10) {
            0 => *self.edge(),
            1 => small(self.below(1200)).to_repr().into(),
            2 => (-small(self.below(1200))).to_repr().into(),
            3 => (power(self.below(256) as usize) + small(self.below(40)) - small(20)).to_repr().into(),
            4 => [*self.octets().first().unwrap_or(&0); 32],
            5 => self.runs(),
            _ => self.octets(),
        }
    }

    /// Runs of ones and zeros, for carries.
    fn runs(&mut self) -> Octets {
        let (mut octets, mut bit, mut left) = ([0; 32], self.one_in(2), 0);
        for i in 0..256 {
            if left == 0 {
                (bit, left) = (!bit, 1 + self.below(90));
            }
            octets[31 - i / 8] |= u8::from(bit) << (i % 8);
            left -= 1;
        }
        octets
    }

    fn edge(&mut self) -> &'static Octets {
        &EDGES[self.below(EDGES.len() as u64) as usize]
    }

    fn scalar(&mut self) -> Scalar {
        scalar(&self.shaped())
    }
}

/// Numbers at the ends of the range of r and s and of the tables' digits.
pub(crate) static EDGES: std::sync::LazyLock<Vec<Octets>> = std::sync::LazyLock::new(|| {
    let mut edges = vec![[0; 32], [0xff; 32], N];
    let mut n_and_1 = N;
    n_and_1[31] += 1;
    edges.push(n_and_1);
    let half = small(2).invert().unwrap();
    let numbers = [1, 2, 3, 15, 16, 17, 32, 64, 128, 129, 255, 512].map(small);
    let opposites = numbers.map(|number| -number);
    let powers = [64, 127, 128, 248, 252, 255].map(power);
    edges.extend(numbers.into_iter().chain(opposites).chain(powers).chain([half, -half]).map(octets));
    edges
});

/// The number as an element of the other implementation.
fn small(number: u64) -> Scalar {
    Scalar::from(number)
}

fn power(bit: usize) -> Scalar {
    let mut octets = [0; 32];
    octets[31 - bit / 8] = 1 << (bit % 8);
    scalar(&octets)
}

/// The number modulo n.
fn scalar(octets: &Octets) -> Scalar {
    Scalar::reduce(&FieldBytes::from(*octets))
}

fn octets(scalar: Scalar) -> Octets {
    scalar.to_repr().into()
}

fn in_range(octets: &Octets) -> Option<Scalar> {
    (*octets != [0; 32] && *octets < N).then(|| scalar(octets))
}

fn encoded(point: &ProjectivePoint) -> [u8; 65] {
    point.to_affine().to_sec1_point(false).as_bytes().try_into().unwrap()
}

fn x_of(point: &ProjectivePoint) -> Octets {
    point.to_affine().x().into()
}

/// A key with its secret: cases are made with the one and verified with the other.
pub(crate) struct Key {
    secret: Scalar,
    point: [u8; 65],
}

impl Key {
    fn new(secret: Scalar) -> Self {
        Self { secret, point: encoded(&ProjectivePoint::mul_by_generator(&secret)) }
    }

    /// A key by chance; half of them small multiples of G and other odd ones.
    pub(crate) fn random(random: &mut Random) -> Self {
        loop {
            let secret = match random.below(8) {
                0 => small(1),
                1 => -small(1),
                2 => small(1 + random.below(600)),
                3 => -small(1 + random.below(600)),
                4 => random.scalar(),
                _ => scalar(&random.octets()),
            };
            if !bool::from(secret.is_zero()) {
                return Self::new(secret);
            }
        }
    }

    /// Our key with its table.
    pub(crate) fn prepared(&self) -> Option<Prepared> {
        VerifyingKey::from_point(&self.point).ok().map(|key| key.prepare())
    }

    fn case(&self, what: &'static str, e: Octets, r: Octets, s: Octets, known: Option<bool>) -> Case {
        Case { what, point: self.point, e, r, s, known }
    }

    /// A case by chance.
    pub(crate) fn case_by_chance(&self, random: &mut Random) -> Case {
        match random.below(16) {
            0..4 => self.signed(random),
            4..8 => {
                let (r, s) = (random.shaped(), random.shaped());
                self.fitted(r, s)
            }
            8..11 => {
                let case =
                    if random.one_in(2) { self.signed(random) } else { self.fitted(random.shaped(), random.shaped()) };
                altered(case, random)
            }
            11 => self.vanishing(random),
            12 => self.digest_from_n_on(random),
            _ => {
                let (e, r, s) = (random.shaped(), random.shaped(), random.shaped());
                self.case("unrelated", e, r, s, None)
            }
        }
    }

    /// Signed as the standard says, digest and nonce of any kind.
    fn signed(&self, random: &mut Random) -> Case {
        let (e, k) = (random.shaped(), random.scalar());
        let inverse = (small(1) + self.secret).invert();
        if bool::from(k.is_zero()) || bool::from(inverse.is_none()) {
            return self.fitted(random.octets(), random.octets());
        }
        let r = scalar(&e) + scalar(&x_of(&ProjectivePoint::mul_by_generator(&k)));
        let s = inverse.unwrap() * (k - r * self.secret);
        let valid = !bool::from(r.is_zero() | s.is_zero() | (r + k).is_zero());
        self.case("signed", e, octets(r), octets(s), Some(valid))
    }

    /// The digest that r and s are valid for, whatever they are.
    pub(crate) fn fitted(&self, r: Octets, s: Octets) -> Case {
        let (Some(r_n), Some(s_n)) = (in_range(&r), in_range(&s)) else {
            return self.case("out of range", r, r, s, Some(false));
        };
        let t = r_n + s_n;
        let sum = ProjectivePoint::mul_by_generator(&(s_n + t * self.secret));
        if bool::from(t.is_zero()) {
            return self.case("r + s = n", octets(r_n - scalar(&x_of(&sum))), r, s, Some(false));
        }
        if bool::from(sum.is_identity()) {
            return self.case("infinity", r, r, s, Some(false));
        }
        self.case("fitted", octets(r_n - scalar(&x_of(&sum))), r, s, Some(true))
    }

    /// s = -td, so that the sum is infinity. The digest is r, as if infinity had x = 0.
    fn vanishing(&self, random: &mut Random) -> Case {
        let t = random.scalar();
        let s = -(t * self.secret);
        let r = t - s;
        self.case("infinity", octets(r), octets(r), octets(s), Some(false))
    }

    /// A digest e below 2^256 - n, and e + n: the same residue, and the same signature.
    fn digest_from_n_on(&self, random: &mut Random) -> Case {
        let k = scalar(&random.octets());
        let x = scalar(&x_of(&ProjectivePoint::mul_by_generator(&k)));
        let mut digest = random.octets();
        digest[..8].fill(0);
        let r = scalar(&digest) + x;
        let s = (small(1) + self.secret).invert().map(|inverse| inverse * (k - r * self.secret));
        let Some(s) = s.into_option() else { return self.fitted(octets(r), random.octets()) };
        let mut carry = 0;
        for (octet, n) in digest.iter_mut().zip(N).rev() {
            let sum = u16::from(*octet) + u16::from(n) + carry;
            (*octet, carry) = (sum as u8, sum >> 8);
        }
        self.case("digest from n on", digest, octets(r), octets(s), Some(true))
    }

    /// Edges for r and s, with the digest that fits, digests that do not, and digests at the edges.
    fn edges(&self, r: Octets, s: Octets) -> [Case; 4] {
        let fitted = self.fitted(r, s);
        let mut next = fitted.clone();
        next.e[31] ^= 1;
        next.known = Some(false);
        let with = |what, e| Case { what, e, known: None, ..fitted.clone() };
        [with("edge, e = 0", [0; 32]), with("edge, e = ff..ff", [0xff; 32]), next, fitted]
    }
}

/// Changes one thing in a case; whether the result is valid is for the others to say.
fn altered(case: Case, random: &mut Random) -> Case {
    let mut case = Case { what: "altered", known: None, ..case };
    let opposite = |x: &Octets| octets(-scalar(x));
    match random.below(8) {
        0 => std::mem::swap(&mut case.r, &mut case.s),
        1 => case.r = opposite(&case.r),
        2 => case.s = opposite(&case.s),
        3 => case.e = opposite(&case.e),
        number => {
            let bit = random.below(256) as usize;
            let field = match number {
                4 | 5 => &mut case.e,
                6 => &mut case.r,
                _ => &mut case.s,
            };
            field[bit / 8] ^= 1 << (bit % 8);
        }
    }
    case
}

/// A key made for a sum of our choice: P = (R - \[s\]G) / t, R with a small x, with x from n on, or a small multiple of G.
/// One case in four is for x + p - n or x + 2^256 - n, which with n more is x again modulo p or 2^256.
pub(crate) fn chosen_sum(random: &mut Random) -> Case {
    let sum = loop {
        let point = match random.below(3) {
            0 => Some(ProjectivePoint::mul_by_generator(&small(1 + random.below(50)))),
            1 => lifted([0; 32], random),
            _ => lifted(N, random),
        };
        if let Some(point) = point {
            break point;
        }
    };
    loop {
        let (r, s) = (random.shaped(), random.shaped());
        let (Some(r_n), Some(s_n)) = (in_range(&r), in_range(&s)) else { continue };
        let Some(inverse) = (r_n + s_n).invert().into_option() else { continue };
        let key = (sum - ProjectivePoint::mul_by_generator(&s_n)) * inverse;
        if bool::from(key.is_identity()) {
            continue;
        }
        let point = encoded(&key);
        let x = scalar(&x_of(&sum));
        if random.one_in(4) {
            // p - n, or 2^256 - n, which is 2^256 modulo n.
            let to_p = small(0x8dfc_2093_de39_fad5) * power(64) + small(0xac44_0bf6_c62a_bedc);
            let shift = if random.one_in(2) { to_p } else { power(255).double() };
            return Case { what: "wrapped", point, e: octets(r_n - x - shift), r, s, known: Some(false) };
        }
        return Case { what: "chosen sum", point, e: octets(r_n - x), r, s, known: Some(true) };
    }
}

/// The point with an x a little above `base`, if there is one.
fn lifted(base: Octets, random: &mut Random) -> Option<ProjectivePoint> {
    let mut x = base;
    // n ends in 0x4123: no carry leaves the last two octets.
    let low = u16::from_be_bytes([x[30], x[31]]) + random.below(200) as u16;
    x[30..].copy_from_slice(&low.to_be_bytes());
    let odd = u8::from(random.one_in(2)).into();
    AffinePoint::decompress(&FieldBytes::from(x), odd).into_option().map(ProjectivePoint::from)
}

/// Whether both implementations take or refuse 65 octets as a key: points, points with one bit changed, anything.
pub(crate) fn keys_agree(random: &mut Random) -> Result<bool, String> {
    let mut point = Key::random(random).point;
    match random.below(4) {
        0 => {}
        1 => point[1..33].copy_from_slice(&random.shaped()),
        2 => point[33..].copy_from_slice(&random.shaped()),
        _ => {
            let bit = random.below(520) as usize;
            point[bit / 8] ^= 1 << (bit % 8);
        }
    }
    let ours = VerifyingKey::from_point(&point).is_ok();
    let theirs = sm2::PublicKey::from_sec1_bytes(&point).is_ok();
    if ours == theirs { Ok(ours) } else { Err(format!("key: ours {ours}, reference {theirs}\n{point:02x?}")) }
}

/// How many cases there are of [`edge`].
pub(crate) fn edge_count() -> usize {
    EDGE_KEYS.len() * EDGES.len() * EDGES.len()
}

/// The edge cases with a number: every small key with every pair of edges, four digests each.
pub(crate) fn edge(number: usize) -> [Case; 4] {
    let (key, pair) = (number % EDGE_KEYS.len(), number / EDGE_KEYS.len());
    EDGE_KEYS[key].edges(EDGES[pair % EDGES.len()], EDGES[pair / EDGES.len()])
}

/// P = ±G, ±2G and so on.
static EDGE_KEYS: std::sync::LazyLock<Vec<Key>> = std::sync::LazyLock::new(|| {
    let small = [1, 2, 3, 5, 15, 16, 17, 128, 511].map(small);
    small
        .into_iter()
        .flat_map(|number| [number, -number])
        .chain([power(128), small[1].invert().unwrap()])
        .map(Key::new)
        .collect()
});
