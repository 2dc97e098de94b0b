//! How the kernel of an instance divides its processors among the tasks on it (CW-031).
//!
//! CPU units are shares: who wants less than its part leaves the rest to the others, in proportion to their shares. A
//! task-level CPU value is a limit on top (always on Fargate).

/// What one task wants of its instance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Claim {
    /// Its CPU units; the kernel counts at least two.
    pub weight: f64,
    /// vCPUs that it wants to use; infinite where work has piled up.
    pub wants: f64,
    /// vCPUs that it may use at most.
    pub limit: f64,
}

/// vCPUs that the claim at `at` could use if it wanted all it can get, of `total`.
#[must_use]
pub fn available(claims: &[Claim], at: usize, total: f64) -> f64 {
    let own = claims[at];
    let (mut left, mut weights) = (total, own.weight);
    let want = |claim: &Claim| claim.wants.min(claim.limit);
    // Those that want something, until none wants less than its part any more.
    let mut others: Vec<Claim> =
        claims.iter().enumerate().filter(|(other, it)| *other != at && want(it) > 0.0).map(|(_, it)| *it).collect();
    weights += others.iter().map(|it| it.weight).sum::<f64>();
    loop {
        let level = left / weights;
        let before = others.len();
        others.retain(|it| {
            let keeps = want(it) > level * it.weight;
            if !keeps {
                left -= want(it);
                weights -= it.weight;
            }
            keeps
        });
        if others.len() == before {
            // Rounding must not leave less than nothing.
            return (left.max(0.0) * own.weight / weights.max(own.weight)).min(own.limit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn claim(weight: f64, wants: f64) -> Claim {
        Claim { weight, wants, limit: f64::INFINITY }
    }

    fn near(got: f64, wanted: f64) {
        assert!((got - wanted).abs() < 1e-9, "{got} is not {wanted}");
    }

    // proves: CW-031
    #[test]
    fn cw_031_spare_cpu_goes_to_who_wants_it() {
        let claims = [claim(512.0, 5.0), claim(512.0, 0.1), claim(1024.0, 0.0)];
        near(available(&claims, 0, 4.0), 3.9);
        // The second could have its half while the third wants nothing.
        near(available(&claims, 1, 4.0), 2.0);
        // All want: by their shares.
        let busy = [claim(512.0, 9.0), claim(512.0, 9.0), claim(1024.0, 9.0)];
        near(available(&busy, 0, 4.0), 1.0);
        near(available(&busy, 2, 4.0), 2.0);
    }

    #[test]
    fn a_limit_holds_even_where_cpu_is_idle() {
        let limited = Claim { limit: 0.5, ..claim(512.0, 9.0) };
        near(available(&[limited, claim(512.0, 9.0)], 0, 4.0), 0.5);
        near(available(&[limited, claim(512.0, 9.0)], 1, 4.0), 3.5);
    }
}
