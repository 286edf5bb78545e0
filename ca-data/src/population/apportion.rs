//! Dividing a whole number by weights without losing or making one.

/// Divides `total` by `weights`, the largest remainders first and, of equal ones, the earlier first: the parts add up to
/// `total` exactly, and each is its exact share rounded up or down. A weight of 0 gets nothing; without any weight there is
/// nobody to give to, and all parts are 0.
#[must_use]
pub fn apportion(total: u64, weights: &[u64]) -> Vec<u64> {
    let sum: u128 = weights.iter().copied().map(u128::from).sum();
    if sum == 0 {
        return vec![0; weights.len()];
    }
    let exact = |weight: u64| u128::from(total) * u128::from(weight);
    let mut parts: Vec<u64> = weights.iter().map(|w| u64::try_from(exact(*w) / sum).unwrap_or(u64::MAX)).collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|i| std::cmp::Reverse(weights.get(*i).map_or(0, |w| exact(*w) % sum)));
    let left = total.saturating_sub(parts.iter().sum());
    for index in order.into_iter().take(usize::try_from(left).unwrap_or(usize::MAX)) {
        if let Some(part) = parts.get_mut(index) {
            *part += 1;
        }
    }
    parts
}

/// As [`apportion`], where no part is less than its lower bound or more than its upper one. What the bounds leave no room
/// for is not given out; lower bounds that add up to more than `total` win over it.
#[must_use]
pub fn apportion_within(total: u64, weights: &[u64], bounds: &[(u64, u64)]) -> Vec<u64> {
    let mut parts: Vec<u64> = bounds.iter().map(|(low, _)| *low).collect();
    loop {
        let left = total.saturating_sub(parts.iter().sum());
        let open: Vec<bool> = parts.iter().zip(bounds).map(|(part, (_, high))| part < high).collect();
        if left == 0 || !open.contains(&true) {
            return parts;
        }
        let among = |weight: &dyn Fn(usize) -> u64| -> Vec<u64> {
            open.iter().enumerate().map(|(i, open)| if *open { weight(i) } else { 0 }).collect()
        };
        let mut weighted = among(&|i| weights.get(i).copied().unwrap_or_default());
        if weighted.iter().all(|w| *w == 0) {
            weighted = among(&|_| 1);
        }
        for ((part, more), (_, high)) in parts.iter_mut().zip(apportion(left, &weighted)).zip(bounds) {
            *part = part.saturating_add(more).min(*high);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_add_up_and_are_the_share_rounded() {
        assert_eq!(apportion(10, &[1, 1, 1]), [4, 3, 3]);
        assert_eq!(apportion(2, &[0, 5, 5, 5]), [0, 1, 1, 0]);
        assert_eq!(apportion(7, &[]), [0; 0]);
        assert_eq!(apportion(7, &[0, 0]), [0, 0]);
        for total in 0..500_u64 {
            let weights = [70, 3, 0, 27, 110, 1];
            let parts = apportion(total, &weights);
            assert_eq!(parts.iter().sum::<u64>(), total);
            for (part, weight) in parts.iter().zip(weights) {
                let floor = total * weight / 211;
                assert!(*part == floor || *part == floor + 1, "{total}: {part} of {weight}");
            }
        }
    }

    #[test]
    fn bounds_hold_and_what_they_cut_off_goes_to_the_others() {
        assert_eq!(apportion_within(10, &[8, 1, 1], &[(0, 3), (0, 10), (0, 10)]), [3, 4, 3]);
        assert_eq!(apportion_within(10, &[1, 1, 1], &[(6, 6), (0, 10), (0, 0)]), [6, 4, 0]);
        // No weight is left: whoever has room takes it.
        assert_eq!(apportion_within(5, &[1, 0], &[(0, 2), (0, 9)]), [2, 3]);
        // No room is left; the lower bounds are more than there is.
        assert_eq!(apportion_within(9, &[1, 1], &[(0, 2), (0, 2)]), [2, 2]);
        assert_eq!(apportion_within(1, &[1, 1], &[(2, 3), (0, 9)]), [2, 0]);
    }
}
