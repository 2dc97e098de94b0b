//! When the run starts, how long it lasts, and with which luck.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::units::{DateTime, Duration};

/// When the run starts, how long it lasts, and with which luck.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Simulation {
    /// The date and time at which the run starts, UTC. Times everywhere else in the scenario count from it.
    pub start: DateTime,
    /// How much simulated time the run covers.
    pub duration: Duration,
    /// Seed of every random draw: same scenario, seed and version give the same bytes.
    pub seed: u64,
    /// Length of one row of the metric traces.
    pub metrics_period: Duration,
    /// Which delays are the default: `default`, as measured on AWS; or `none`: every delay, jitter and reaction is zero
    /// and ties in placement are fixed, for labs and worked examples. What `settings` and `behavior` say wins over
    /// either.
    pub latencies: LatencyPreset,
}

impl Default for Simulation {
    fn default() -> Self {
        // 2026-01-01T00:00:00Z.
        let start = DateTime(jiff::Timestamp::constant(1_767_225_600, 0));
        let latencies = LatencyPreset::Default;
        Self {
            start,
            duration: Duration::from_secs(3_600),
            seed: 1,
            metrics_period: Duration::from_secs(60),
            latencies,
        }
    }
}

/// Which delays are the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LatencyPreset {
    /// As measured on AWS.
    #[default]
    Default,
    /// No delays at all, and fixed ties.
    None,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn defaults_are_those_of_the_format() {
        let expected = json!({
            "start": "2026-01-01T00:00:00Z", "duration": "1h", "seed": 1, "metricsPeriod": "1m", "latencies": "default",
        });
        assert_eq!(json!(Simulation::default()), expected);
    }
}
