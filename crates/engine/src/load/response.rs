//! How long requests take until they are answered: a constant part, and a Weibull distribution with the mean and the
//! variance that the queue has.
//!
//! One server, exponential work: first come first served gives exactly that (an exponential distribution is a Weibull
//! distribution); processor sharing has the same mean and a longer tail, which the variance tells.

use std::sync::OnceLock;

use ecsim_kernel::math;

/// A distribution of times to an answer, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Response {
    /// No answer comes earlier.
    pub shift: f64,
    /// The mean, the constant part included.
    pub mean: f64,
    /// The variance.
    pub variance: f64,
}

/// Shapes by how much the logarithm of a Weibull distribution's second moment exceeds twice that of its mean.
struct Shapes {
    /// 1 / shape, and the gamma function of one more.
    rows: Vec<(f64, f64)>,
}

const ROWS: usize = 512;
/// The square root of that logarithm at the end of the table: a coefficient of variation of about five.
const END: f64 = 1.8;

impl Shapes {
    fn get() -> &'static Self {
        static SHAPES: OnceLock<Shapes> = OnceLock::new();
        SHAPES.get_or_init(|| {
            let excess = |x: f64| math::ln(math::gamma(1.0 + 2.0 * x)) - 2.0 * math::ln(math::gamma(1.0 + x));
            let row = |at: usize| {
                let root = END * at as f64 / (ROWS - 1) as f64;
                let (mut low, mut high) = (0.0, 8.0);
                for _ in 0..60 {
                    let middle = f64::midpoint(low, high);
                    if excess(middle) < root * root { low = middle } else { high = middle }
                }
                (low, math::gamma(1.0 + low))
            };
            Self { rows: (0..ROWS).map(row).collect() }
        })
    }

    /// 1 / shape and gamma(1 + 1 / shape) of the distribution with this squared coefficient of variation.
    fn of(&self, squared_variation: f64) -> (f64, f64) {
        let root = math::sqrt(math::ln_1p(squared_variation.max(0.0))).min(END);
        let place = root / END * (ROWS - 1) as f64;
        let at = (place as usize).min(ROWS - 2);
        let part = place - at as f64;
        let (low, high) = (self.rows[at], self.rows[at + 1]);
        (low.0 + part * (high.0 - low.0), low.1 + part * (high.1 - low.1))
    }
}

impl Response {
    /// The time within which the share `p` of the answers comes.
    #[must_use]
    pub fn quantile(&self, p: f64) -> f64 {
        let rest = self.mean - self.shift;
        if rest <= 0.0 {
            return self.shift;
        }
        let (exponent, gamma) = Shapes::get().of(self.variance / (rest * rest));
        self.shift + rest / gamma * math::exp(exponent * math::ln(-math::ln_1p(-p)))
    }

    /// The share of the answers that take longer than `time`.
    #[must_use]
    pub fn above(&self, time: f64) -> f64 {
        let rest = self.mean - self.shift;
        if time <= self.shift {
            return 1.0;
        }
        if rest <= 0.0 {
            return 0.0;
        }
        let (exponent, gamma) = Shapes::get().of(self.variance / (rest * rest));
        let relative = (time - self.shift) * gamma / rest;
        if exponent < 1e-6 {
            return if relative > 1.0 { 0.0 } else { 1.0 };
        }
        math::exp(-math::exp(math::ln(relative) / exponent))
    }

    /// One after the other.
    #[must_use]
    pub fn then(self, next: Self, times: f64) -> Self {
        Self {
            shift: self.shift + times * next.shift,
            mean: self.mean + times * next.mean,
            variance: self.variance + times * next.variance,
        }
    }

    fn is_near(&self, other: &Self) -> bool {
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-3 * a.max(b) + 1e-9;
        near(self.shift, other.shift) && near(self.mean, other.mean) && near(self.variance, other.variance)
    }
}

/// Answers of several kinds, each with how many there are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mixture {
    parts: Vec<(f64, Response)>,
}

/// More kinds than these are put together by their moments.
const MOST_PARTS: usize = 16;

impl Mixture {
    /// Nothing any more.
    pub fn clear(&mut self) {
        self.parts.clear();
    }

    /// So many answers more.
    pub fn add(&mut self, weight: f64, response: Response) {
        if weight <= 0.0 {
            return;
        }
        if let Some(known) = self.parts.iter_mut().find(|(_, known)| known.is_near(&response)) {
            known.0 += weight;
        } else if self.parts.len() < MOST_PARTS {
            self.parts.push((weight, response));
        } else {
            let last = &mut self.parts[MOST_PARTS - 1];
            *last = merged(&[*last, (weight, response)]);
        }
    }

    /// The answers of another mixture, `times` as many.
    pub fn add_all(&mut self, other: &Self, times: f64) {
        for (weight, response) in &other.parts {
            self.add(weight * times, *response);
        }
    }

    /// How many answers there are.
    #[must_use]
    pub fn weight(&self) -> f64 {
        self.parts.iter().map(|(weight, _)| weight).sum()
    }

    /// The distribution of all with the same mean and variance.
    #[must_use]
    pub fn overall(&self) -> Response {
        match self.parts.as_slice() {
            [] => Response::default(),
            [(_, only)] => *only,
            parts => merged(parts).1,
        }
    }

    /// Quantiles, in ascending order of the shares asked for.
    #[must_use]
    pub fn quantiles<const N: usize>(&self, shares: [f64; N]) -> [f64; N] {
        match self.parts.as_slice() {
            [] => [0.0; N],
            [(_, only)] => shares.map(|share| only.quantile(share)),
            parts => shares.map(|share| {
                let each = parts.iter().map(|(_, response)| response.quantile(share));
                let (mut low, mut high) =
                    each.fold((f64::INFINITY, 0.0_f64), |(low, high), it| (low.min(it), high.max(it)));
                let all: f64 = parts.iter().map(|(weight, _)| weight).sum();
                for _ in 0..40 {
                    if high - low <= 1e-6 * high {
                        break;
                    }
                    let middle = f64::midpoint(low, high);
                    let above: f64 = parts.iter().map(|(weight, response)| weight * response.above(middle)).sum();
                    if above > (1.0 - share) * all { low = middle } else { high = middle }
                }
                high
            }),
        }
    }

    /// The mean of all.
    #[must_use]
    pub fn mean(&self) -> f64 {
        let weight = self.weight();
        if weight <= 0.0 { 0.0 } else { self.parts.iter().map(|(weight, it)| weight * it.mean).sum::<f64>() / weight }
    }
}

fn merged(parts: &[(f64, Response)]) -> (f64, Response) {
    let weight: f64 = parts.iter().map(|(weight, _)| weight).sum();
    let mean = parts.iter().map(|(weight, it)| weight * it.mean).sum::<f64>() / weight;
    let square = parts.iter().map(|(weight, it)| weight * (it.variance + it.mean * it.mean)).sum::<f64>() / weight;
    let shift = parts.iter().map(|(_, it)| it.shift).fold(f64::INFINITY, f64::min);
    (weight, Response { shift, mean, variance: (square - mean * mean).max(0.0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponential_times_have_their_quantiles() {
        let it = Response { shift: 0.0, mean: 2.0, variance: 4.0 };
        for (share, wanted) in [(0.5, 2.0 * core::f64::consts::LN_2), (0.95, 2.0 * 2.995_732), (0.99, 2.0 * 4.605_170)]
        {
            assert!((it.quantile(share) / wanted - 1.0).abs() < 1e-4, "{share}: {}", it.quantile(share));
            assert!((it.above(it.quantile(share)) - (1.0 - share)).abs() < 1e-9);
        }
    }

    #[test]
    fn constant_times_have_one_quantile() {
        let it = Response { shift: 0.01, mean: 0.03, variance: 0.0 };
        for share in [0.01, 0.5, 0.99] {
            assert!((it.quantile(share) - 0.03).abs() < 1e-9);
        }
        assert!((Response { shift: 0.01, mean: 0.01, variance: 0.0 }.quantile(0.99) - 0.01).abs() < 1e-12);
    }

    #[test]
    fn a_mixture_of_fast_and_slow_has_the_tail_of_the_slow() {
        let mut mixture = Mixture::default();
        mixture.add(90.0, Response { shift: 0.0, mean: 0.01, variance: 0.0 });
        mixture.add(10.0, Response { shift: 0.0, mean: 1.0, variance: 0.0 });
        let [p50, p95] = mixture.quantiles([0.5, 0.95]);
        assert!((p50 - 0.01).abs() < 1e-4 && (p95 - 1.0).abs() < 1e-4, "{p50} {p95}");
        assert!((mixture.mean() - 0.109).abs() < 1e-9);
    }
}
