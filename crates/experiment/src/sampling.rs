//! Designs that fill a space of factors without visiting every combination.
//!
//! In both each factor is a number u of 0 to 1, to be scaled to its range. *Random* draws are independent. A *Latin
//! hypercube* (McKay, Beckman and Conover 1979) cuts every axis into as many equal parts as there are points and puts
//! one point into each: it fills every single axis evenly whatever the others do.

/// Independent points. `uniform` gives numbers between 0 and 1.
pub fn random(points: usize, factors: usize, mut uniform: impl FnMut() -> f64) -> Vec<Vec<f64>> {
    (0..points).map(|_| (0..factors).map(|_| uniform()).collect()).collect()
}

/// A Latin hypercube.
pub fn latin_hypercube(points: usize, factors: usize, mut uniform: impl FnMut() -> f64) -> Vec<Vec<f64>> {
    let mut design = vec![Vec::with_capacity(factors); points];
    for _ in 0..factors {
        // A random order of the parts (Fisher and Yates).
        let mut order: Vec<usize> = (0..points).collect();
        for at in (1..points).rev() {
            let other = ((uniform() * (at + 1) as f64) as usize).min(at);
            order.swap(at, other);
        }
        for (point, part) in design.iter_mut().zip(order) {
            point.push((part as f64 + uniform()) / points as f64);
        }
    }
    design
}

/// How many points are left, and how many replications each has then, in every round of *successive halving*: half of
/// the points stay, and the work of a round stays about the same. It ends with one point, or with all replications made.
#[must_use]
pub fn halving(points: usize, first: usize, most: usize) -> Vec<(usize, usize)> {
    let mut rounds = Vec::new();
    let (mut left, mut replications) = (points, first.min(most));
    loop {
        rounds.push((left, replications));
        if replications >= most || left <= 1 {
            return rounds;
        }
        left = left.div_ceil(2).max(2.min(points));
        replications = (replications * 2).min(most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luck() -> impl FnMut() -> f64 {
        let mut state = 1_u32;
        move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (f64::from(state) + 0.5) / 4_294_967_296.0
        }
    }

    #[test]
    fn every_part_of_every_axis_has_one_point() {
        let design = latin_hypercube(20, 3, luck());
        for factor in 0..3 {
            let mut parts: Vec<usize> = design.iter().map(|point| (point[factor] * 20.0) as usize).collect();
            parts.sort_unstable();
            assert_eq!(parts, (0..20).collect::<Vec<_>>());
        }
        let column = |at: usize| design.iter().map(|it| (it[at] * 20.0) as usize).collect::<Vec<_>>();
        assert_ne!(column(0), column(1), "the axes are shuffled on their own");
        assert_eq!(random(4, 2, luck()).len(), 4);
    }

    #[test]
    fn halves_until_few_are_left_or_all_is_known() {
        assert_eq!(halving(16, 4, 64), [(16, 4), (8, 8), (4, 16), (2, 32), (2, 64)]);
        assert_eq!(halving(5, 4, 16), [(5, 4), (3, 8), (2, 16)]);
        assert_eq!(halving(1, 4, 16), [(1, 4)]);
        assert_eq!(halving(8, 30, 30), [(8, 30)]);
    }
}
