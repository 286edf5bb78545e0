#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::point::{GENERATOR, normalise};

fn affine(mut point: Jacobian) -> Option<Affine> {
    if point.is_infinity() {
        return None;
    }
    normalise(std::slice::from_mut(&mut point));
    Some(point.at_one())
}

fn small(number: u64) -> Scalar {
    let mut bytes = [0; 32];
    bytes[24..].copy_from_slice(&number.to_be_bytes());
    Scalar::reduced(&bytes)
}

fn signed(number: i64) -> Scalar {
    let magnitude = small(number.unsigned_abs());
    if number < 0 { small(0).sub(&magnitude) } else { magnitude }
}

/// [i]G for i from 0 on, by adding G again and again.
fn multiples(count: usize) -> Vec<Option<Affine>> {
    let mut sum = Jacobian::INFINITY;
    let mut all = Vec::new();
    for _ in 0..count {
        all.push(affine(sum));
        sum.add_affine(&GENERATOR);
    }
    all
}

/// P = ±kG with small s and t: the sums on the way meet, double and vanish in all the ways there are.
#[test]
fn combinations_of_small_multiples_are_right() {
    let expected = multiples(500);
    let expected = |i: i64| expected.get(i.unsigned_abs() as usize).unwrap().map(|point| point.negated_if(i < 0));
    for k in [-16, -9, -3, -2, -1, 1, 2, 3, 4, 7, 15, 17_i64] {
        let key = VerifyingKey { point: expected(k).unwrap() };
        let prepared = key.prepare();
        for s in -17..=17 {
            for t in -17..=17 {
                let sum = expected(s + t * k);
                assert_eq!(affine(combine(&key.point, &signed(s), &signed(t))), sum, "{s} G + {t} * {k} G");
                assert_eq!(affine(prepared.combine(&signed(s), &signed(t))), sum, "{s} G + {t} * {k} G, prepared");
            }
        }
    }
}

/// x = n + i exists for some small i; then x modulo n is i, and both i and i + n are candidates.
#[test]
fn an_abscissa_from_n_on_is_recognised() {
    let point = |limbs: &limbs::Limbs, z: &Element| {
        let x = Element::new(limbs).unwrap();
        Jacobian { x: x.mul(&z.square()), z: *z, ..Jacobian::INFINITY }
    };
    let z = GENERATOR.y;
    for i in [0, 1, 5, 0xffff_ffff] {
        let (above, carry) = limbs::add(&N, &[i, 0, 0, 0]);
        assert_eq!(carry, 0);
        for x in [[i, 0, 0, 0], above] {
            assert!(has_x(&point(&x, &z), &small(i)));
            assert!(!has_x(&point(&x, &z), &small(i + 1)));
        }
    }
    // p - 1 = n + (p - n - 1) is the last; p - n would be x = 0, which is another residue.
    let (last, _) = limbs::sub(&crate::field::P, &[1, 0, 0, 0]);
    let (residue, _) = limbs::sub(&last, &N);
    let last = point(&last, &z);
    let residue = Scalar::reduced(&limbs::to_be_bytes(&residue));
    assert!(has_x(&last, &residue));
    assert!(!has_x(&point(&[0; 4], &z), &residue.add(&small(1))));
    assert!(has_x(&point(&[0; 4], &z), &small(0)));
    // 2^256 - n + 7: with n more it is 7 modulo 2^256, which is another number.
    let (residue, _) = limbs::sub(&[7, 0, 0, 0], &N);
    let residue = Scalar::reduced(&limbs::to_be_bytes(&residue));
    assert!(!has_x(&point(&[7, 0, 0, 0], &z), &residue));
}

#[test]
fn a_key_shows_its_point_and_nothing_else() {
    let key = VerifyingKey { point: GENERATOR };
    let text = format!("{key:?}");
    assert!(text.starts_with("VerifyingKey(0432c4ae2c") && text.ends_with("2139f0a0)"), "{text}");
    assert_eq!(VerifyingKey::from_point(&key.to_point()), Ok(key));
    assert!(format!("{:?}", key.prepare()).contains(&text));
    assert_eq!(key.prepare().key(), &key);
}
