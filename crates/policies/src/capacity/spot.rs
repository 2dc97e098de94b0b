//! When Spot capacity is taken away, how early one hears of it, and what it costs (SPT-003, SPT-013 to SPT-018).
//!
//! *What it does.* Turns a band of the Spot Instance Advisor into a hazard; draws reclaim events of a pool, up and down
//! times of the scarce profile, lead times of rebalance recommendations, and the daily step of a price. Every draw takes
//! one uniform, and a larger uniform gives a larger value.
//!
//! *What is known.* AWS publishes the bands (SPT-015) and that prices move slowly (SPT-013). Interruptions cluster in a
//! pool (SPT-017), and traces of scarce pools give the four rows of SPT-018. The shapes made of it are ours: independent
//! hazards (SPT-016), shares of a pool (SPT-017), Weibull and lognormal times (SPT-018), leads (SPT-003), the walk (SPT-013).
//!
//! *How we know it is right.* EX-A24, the numbers of SPT-016, and means, medians and shares over many draws.

use ecsim_kernel::math::{exp, inverse_normal_cdf, ln, ln_1p, pow, sqrt};
use ecsim_kernel::{Distribution, Span, Stream};

/// Hours in the month that the bands speak of (SPT-016).
pub const MONTH_HOURS: f64 = 720.0;
/// The middle of each band, as a share of interrupted instances a month (`spot_band_midpoints`, SPT-016).
pub const BAND_MIDPOINTS: [f64; 5] = [0.025, 0.075, 0.125, 0.175, 0.30];
/// How long the notices of one reclaim event take to arrive (`spot_notice_window_s`, SPT-017).
pub const NOTICE_WINDOW: Span = Span::from_secs(180);

/// The hazard of one instance, interruptions an hour, if a share `monthly` of them is interrupted in a month (SPT-016).
///
/// 0 below 0, infinite from 1 on.
#[must_use]
pub fn hazard(monthly: f64) -> f64 {
    if monthly > 0.0 { -ln_1p(-monthly.min(1.0)) / MONTH_HOURS } else { 0.0 }
}

/// The time to the next event of a Poisson process; `uniform` is strictly between 0 and 1. For ever at a rate of 0.
#[must_use]
pub fn gap(rate_per_hour: f64, uniform: f64) -> Span {
    if rate_per_hour > 0.0 { hours(-ln_1p(-uniform) / rate_per_hour) } else { Span::MAX }
}

fn hours(hours: f64) -> Span {
    Span::from_secs_f64(hours * 3_600.0)
}

/// Reclaim events of a pool, each of which takes a share of its instances (SPT-017).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PoolEvents {
    /// How often an event takes all of them (`spot_pool_all_probability`), 0 to 1.
    pub all_probability: f64,
}

impl Default for PoolEvents {
    fn default() -> Self {
        Self { all_probability: 0.4 }
    }
}

impl PoolEvents {
    /// The mean share: that of the events that take all, and half of the others.
    #[must_use]
    pub fn mean_share(self) -> f64 {
        self.all_probability + (1.0 - self.all_probability) * 0.5
    }

    /// Events an hour (`spot_pool_event_rate`), so that one instance has this hazard.
    #[must_use]
    pub fn rate(self, hazard: f64) -> f64 {
        hazard / self.mean_share()
    }

    /// The share that an event takes; `uniform` is strictly between 0 and 1.
    #[must_use]
    pub fn share(self, uniform: f64) -> f64 {
        let others = 1.0 - self.all_probability;
        if uniform < others { uniform / others } else { 1.0 }
    }

    /// Whether an event of this share hits an instance, by a draw of its own, and if so how long after it the notice comes.
    ///
    /// One draw decides both: below the share it is a hit, and where below is when in the window.
    #[must_use]
    pub fn notice(self, share: f64, uniform: f64, window: Span) -> Option<Span> {
        (uniform < share).then(|| Span::from_secs_f64(window.secs_f64() * (uniform / share)))
    }
}

/// A row of the table of scarce pools (SPT-018): when capacity is there, and when not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScarceRow {
    /// The name by which `spot_scarce_row` chooses it.
    pub name: &'static str,
    /// What was measured.
    pub trace: &'static str,
    /// Shape of the Weibull distribution of up times.
    pub up_shape: f64,
    /// Scale of the Weibull distribution of up times, hours.
    pub up_scale_hours: f64,
    /// Mean down time, hours.
    pub down_mean_hours: f64,
    /// Median down time, hours.
    pub down_median_hours: f64,
}

/// The four rows, computed from the SkyPilot spot traces (Can't Be Late, NSDI 2024); the first is the default.
pub const SCARCE_ROWS: [ScarceRow; 4] = [
    ScarceRow {
        name: "r5.16xlarge-2023-05",
        trace: "r5.16xlarge, 3 zones of us-east-1, May 2023",
        up_shape: 0.59,
        up_scale_hours: 1.00,
        down_mean_hours: 0.39,
        down_median_hours: 0.15,
    },
    ScarceRow {
        name: "p3.2xlarge-2023-04",
        trace: "p3.2xlarge, 4 zones, April 2023",
        up_shape: 0.62,
        up_scale_hours: 1.41,
        down_mean_hours: 1.36,
        down_median_hours: 0.41,
    },
    ScarceRow {
        name: "p3.2xlarge-2023-45-days",
        trace: "p3.2xlarge, 9 zones, 45 days of 2023",
        up_shape: 0.59,
        up_scale_hours: 1.79,
        down_mean_hours: 1.79,
        down_median_hours: 0.49,
    },
    ScarceRow {
        name: "p2-p3-2022-10",
        trace: "p2 and p3 with 1 and 8 GPUs, 2 zones, October 2022",
        up_shape: 0.67,
        up_scale_hours: 1.20,
        down_mean_hours: 1.36,
        down_median_hours: 0.33,
    },
];

impl ScarceRow {
    /// The row of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<&'static Self> {
        SCARCE_ROWS.iter().find(|row| row.name == name)
    }

    /// How long the pool is up; `uniform` is strictly between 0 and 1.
    #[must_use]
    pub fn up(&self, uniform: f64) -> Span {
        hours(self.up_scale_hours * pow(-ln_1p(-uniform), 1.0 / self.up_shape))
    }

    /// How long the pool is down; `uniform` is strictly between 0 and 1.
    #[must_use]
    pub fn down(&self, uniform: f64) -> Span {
        // Of a lognormal distribution, mean over median is exp(sigma^2 / 2).
        let sigma = sqrt(2.0 * ln(self.down_mean_hours / self.down_median_hours));
        hours(self.down_median_hours * exp(sigma * inverse_normal_cdf(uniform)))
    }
}

/// How early a rebalance recommendation comes, and how many come for nothing (SPT-003).
#[derive(Clone, Debug, PartialEq)]
pub struct RebalanceLead {
    /// How often it comes together with the notice, 0 to below 1.
    pub none_probability: f64,
    /// Otherwise, how many seconds before it (`rebalance_lead`).
    pub lead: Distribution,
    /// Recommendations not followed by a notice, for each interruption (`rebalance_false_ratio`).
    pub false_ratio: f64,
}

impl Default for RebalanceLead {
    /// With probability 0.4 none, else lognormal with a median of 2 h and a 95th percentile of 8.7 h, from 17 min to 9 h.
    fn default() -> Self {
        let lead = Distribution::log_normal(7_200.0, 31_320.0)
            .and_then(|lead| lead.at_least(1_020.0))
            .and_then(|lead| lead.at_most(32_400.0))
            .expect("the median is below the 95th percentile, and the least below the most");
        Self { none_probability: 0.4, lead, false_ratio: 1.4 }
    }
}

impl RebalanceLead {
    /// How long before the notice the recommendation comes; `uniform` is strictly between 0 and 1.
    #[must_use]
    pub fn before_notice(&self, uniform: f64) -> Span {
        if uniform < self.none_probability {
            return Span::ZERO;
        }
        let rest = (uniform - self.none_probability) / (1.0 - self.none_probability);
        Span::from_secs_f64(self.lead.quantile(rest.clamp(0.0, 1.0)))
    }

    /// Recommendations an hour that no notice follows, for an instance with this hazard.
    #[must_use]
    pub fn false_rate(&self, hazard: f64) -> f64 {
        self.false_ratio * hazard
    }
}

/// How the price of a pool moves from day to day (SPT-013).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PriceWalk {
    /// The standard deviation of the logarithm of a daily step (`spot_price_sigma`).
    pub sigma: f64,
    /// Which share of the logarithmic distance to the mean is made good each day (`spot_price_reversion`).
    pub reversion: f64,
}

impl Default for PriceWalk {
    fn default() -> Self {
        Self { sigma: 0.02, reversion: 0.1 }
    }
}

impl PriceWalk {
    /// The price of the next day, in nano-dollars an hour; one draw. At least 1 and at most the on-demand price.
    ///
    /// `mean` is what the price is drawn back to.
    #[must_use]
    pub fn next(self, price: u64, mean: u64, on_demand: u64, stream: &mut Stream) -> u64 {
        let mean = mean.max(1) as f64;
        let distance = ln(price.max(1) as f64 / mean);
        let step = self.sigma * inverse_normal_cdf(stream.uniform());
        let next = mean * exp((1.0 - self.reversion) * distance + step);
        // A cast saturates.
        ((next + 0.5) as u64).max(1).min(on_demand.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ecsim_kernel::{Key, Purpose, Streams};

    /// Evenly spread uniforms: the mean over them is the mean of the distribution but for the last of its tail.
    fn uniforms(count: u32) -> impl Iterator<Item = f64> {
        (0..count).map(move |at| (f64::from(at) + 0.5) / f64::from(count))
    }

    fn mean(values: impl Iterator<Item = f64>) -> f64 {
        let values: Vec<f64> = values.collect();
        values.iter().sum::<f64>() / values.len() as f64
    }

    fn is_near(found: f64, expected: f64, share: f64) -> bool {
        (found - expected).abs() <= expected.abs() * share
    }

    fn stream(run: u64) -> Stream {
        Streams::new(1, run).stream(Purpose(1), Key::new("pool", 0))
    }

    #[test]
    fn ex_a24_hazard_from_an_advisor_band() {
        let hazard = hazard(0.05);
        assert!(is_near(hazard, 7.124e-5, 1e-4), "{hazard}");
        let expected = 100.0 * 24.0 * hazard;
        assert!(is_near(expected, 0.171, 1e-3), "{expected}");
        assert!(is_near(exp(-expected), 0.843, 1e-3));
    }

    #[test]
    fn spt_016_table() {
        for (monthly, rate, hours) in [
            (0.05, "7.12e-5", 14_037.0),
            (0.10, "1.46e-4", 6_834.0),
            (0.15, "2.26e-4", 4_430.0),
            (0.20, "3.10e-4", 3_227.0),
            (0.30, "4.95e-4", 2_019.0),
        ] {
            let hazard = hazard(monthly);
            assert_eq!(format!("{hazard:.2e}"), rate);
            assert!((1.0 / hazard - hours).abs() < 0.6, "{monthly}: {}", 1.0 / hazard);
            // After a month that share is gone.
            assert!(is_near(1.0 - exp(-hazard * MONTH_HOURS), monthly, 1e-12));
        }
        assert_eq!((hazard(0.0), hazard(-1.0), hazard(1.0)), (0.0, 0.0, f64::INFINITY));
    }

    #[test]
    fn spt_015_midpoints_lie_in_their_bands() {
        let edges = [0.0, 0.05, 0.10, 0.15, 0.20, 1.0];
        for (at, midpoint) in BAND_MIDPOINTS.into_iter().enumerate() {
            assert!(edges[at] < midpoint && midpoint < edges[at + 1]);
        }
    }

    #[test]
    fn spt_017_gaps_are_exponential() {
        let found = mean(uniforms(100_000).map(|u| gap(0.01, u).secs_f64() / 3_600.0));
        assert!(is_near(found, 100.0, 1e-3), "{found}");
        assert_eq!(gap(0.0, 0.5), Span::MAX);
        assert!(is_near(gap(0.01, 0.5).secs_f64(), 100.0 * 3_600.0 * core::f64::consts::LN_2, 1e-6));
    }

    #[test]
    fn spt_017_shares() {
        let events = PoolEvents::default();
        assert!(is_near(events.mean_share(), 0.7, 1e-12));
        assert!(is_near(events.rate(7.0e-5), 1.0e-4, 1e-12));
        let found = mean(uniforms(100_000).map(|u| events.share(u)));
        assert!(is_near(found, 0.7, 1e-4), "{found}");
        let all = uniforms(1_000).filter(|u| events.share(*u) >= 1.0).count();
        assert_eq!(all, 400);
        assert_eq!(PoolEvents { all_probability: 1.0 }.share(0.001), 1.0);
        assert!(PoolEvents { all_probability: 0.0 }.share(0.999) < 1.0);
    }

    #[test]
    fn spt_017_hits_and_their_notices() {
        let events = PoolEvents::default();
        let notices: Vec<Span> = uniforms(1_000).filter_map(|u| events.notice(0.25, u, NOTICE_WINDOW)).collect();
        assert_eq!(notices.len(), 250);
        let seconds = mean(notices.iter().map(|notice| notice.secs_f64()));
        assert!((seconds - 90.0).abs() < 0.5, "spread evenly over the window: {seconds}");
        assert!(notices.iter().all(|notice| *notice <= NOTICE_WINDOW));
        assert_eq!(events.notice(0.0, 0.3, NOTICE_WINDOW), None);
    }

    /// The hazard of one instance under pool events is that of its band.
    #[test]
    fn spt_017_one_instance_has_the_hazard_of_its_band() {
        let (events, hazard) = (PoolEvents::default(), hazard(0.30));
        let mut stream = stream(0);
        let (mut hits, mut elapsed) = (0_u32, 0.0);
        for _ in 0..60_000 {
            elapsed += gap(events.rate(hazard), stream.uniform()).secs_f64() / 3_600.0;
            let share = events.share(stream.uniform());
            hits += u32::from(events.notice(share, stream.uniform(), NOTICE_WINDOW).is_some());
        }
        assert!(is_near(f64::from(hits) / elapsed, hazard, 0.02), "{} and {hazard}", f64::from(hits) / elapsed);
    }

    #[test]
    fn spt_018_rows() {
        // The table's up medians and down means and medians, hours; the Weibull fit meets the medians roughly.
        for (row, up_median) in SCARCE_ROWS.iter().zip([0.38, 0.65, 0.54, 0.50]) {
            let up: Vec<f64> = uniforms(400_001).map(|u| row.up(u).secs_f64() / 3_600.0).collect();
            let expected = row.up_scale_hours * pow(core::f64::consts::LN_2, 1.0 / row.up_shape);
            assert!(is_near(up[200_000], expected, 1e-3), "{}", row.name);
            assert!(up[200_000] / up_median < 2.0 && up_median / up[200_000] < 2.0, "{}: {}", row.name, up[200_000]);
            let by_gamma = row.up_scale_hours * ecsim_kernel::math::gamma(1.0 + 1.0 / row.up_shape);
            assert!(is_near(mean(up.into_iter()), by_gamma, 2e-3), "{}", row.name);
            let down: Vec<f64> = uniforms(1_000_001).map(|u| row.down(u).secs_f64() / 3_600.0).collect();
            assert!(is_near(down[500_000], row.down_median_hours, 1e-3), "{}", row.name);
            assert!(is_near(mean(down.into_iter()), row.down_mean_hours, 5e-3), "{}", row.name);
        }
        assert_eq!(ScarceRow::by_name("p3.2xlarge-2023-04"), Some(&SCARCE_ROWS[1]));
        assert_eq!(ScarceRow::by_name("m5.large"), None);
    }

    #[test]
    fn spt_018_availability() {
        for (row, availability) in SCARCE_ROWS.iter().zip([0.81, 0.61, 0.64, 0.53]) {
            let up = mean(uniforms(200_000).map(|u| row.up(u).secs_f64()));
            let down = mean(uniforms(200_000).map(|u| row.down(u).secs_f64()));
            let found = up / (up + down);
            assert!((found - availability).abs() < 0.05, "{}: {found}", row.name);
        }
    }

    // proves: MEAS-074
    #[test]
    fn spt_003_leads() {
        let lead = RebalanceLead::default();
        let mut leads: Vec<Span> = uniforms(100_000).map(|u| lead.before_notice(u)).collect();
        assert!(leads.is_sorted(), "a larger uniform gives a longer lead");
        let with_lead = leads.split_off(40_000);
        assert!(leads.iter().all(|lead| lead.is_zero()) && with_lead.iter().all(|lead| !lead.is_zero()));
        assert!(is_near(with_lead[30_000].secs_f64(), 7_200.0, 1e-3), "median");
        assert!(is_near(with_lead[57_000].secs_f64(), 31_320.0, 1e-3), "p95");
        assert_eq!(with_lead.first().copied(), Some(Span::from_mins(17)));
        assert_eq!(with_lead.last().copied(), Some(Span::from_hours(9)));
        assert!(is_near(lead.false_rate(0.5), 0.7, 1e-12));
    }

    #[test]
    fn spt_013_price_walk() {
        let walk = PriceWalk::default();
        let (mean_price, on_demand) = (35_000_000, 96_000_000);
        let mut stream = stream(3);
        let (mut price, mut logs, mut squares) = (mean_price, 0.0, 0.0);
        let days = 60_000;
        for _ in 0..days {
            price = walk.next(price, mean_price, on_demand, &mut stream);
            let log = ln(price as f64 / mean_price as f64);
            logs += log;
            squares += log * log;
        }
        // At rest the variance of the logarithm is sigma^2 / (1 - (1 - reversion)^2).
        let deviation = sqrt(squares / f64::from(days));
        assert!(is_near(deviation, 0.02 / sqrt(1.0 - 0.81), 0.03), "{deviation}");
        assert!((logs / f64::from(days)).abs() < 0.005);
        // Without luck it goes back by a tenth of the way.
        let still = PriceWalk { sigma: 0.0, ..walk };
        let back = still.next(70_000_000, mean_price, on_demand, &mut stream);
        assert!(is_near(ln(back as f64 / 35e6), 0.9 * core::f64::consts::LN_2, 1e-6));
        assert_eq!(still.next(200_000_000, 200_000_000, on_demand, &mut stream), on_demand, "capped");
        assert_eq!(still.next(0, 0, 0, &mut stream), 1, "no input panics");
    }
}
