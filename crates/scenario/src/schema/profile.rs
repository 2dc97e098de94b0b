//! The eras of AWS's limits: a named set of settings for replaying dated measurements.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::money::Share;
use super::setting_values::LaunchGroups;
use super::settings::Settings;
use super::union::OrOff;
use super::units::Seconds;

/// AWS's limits of a time: the token bucket of Fargate, the pace of the service scheduler, the quota of waiting tasks
/// and the limit of a scale-in step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Early 2020.
    E2020,
    /// 2022, until 15 September.
    E2022a,
    /// From 16 September 2022.
    E2022b,
    /// From 18 June 2026: what `settings` has by default.
    #[default]
    E2026,
}

impl Profile {
    /// The defaults with the limits of that time.
    #[must_use]
    pub fn settings(self) -> Settings {
        // MEAS-003: about 80 at a time, so the scheduler looks every 10 s or so. At 23 a minute (MEAS-004) that is 4 at a
        // time: one service alone never emptied the account's bucket of 10 (MEAS-102).
        let groups = |tasks| OrOff::On(LaunchGroups { tasks, every_s: Seconds::new(10) });
        let default = Settings { profile: self, ..Settings::default() };
        match self {
            Self::E2020 => Settings {
                fargate_bucket_burst: 10,
                fargate_bucket_refill_per_s: 1,
                fargate_bucket_share: Share::percent(93),
                service_launches_per_min: OrOff::On(23),
                // MEAS-004 is of Fargate; on instances it was never so few, and 250 is what AWS said first (QTA-014).
                service_launches_per_min_on_ec2: Some(OrOff::On(250)),
                launch_groups: groups(4),
                provisioning_tasks_per_cluster: 100,
                scale_in_cap: Share::percent(5),
                ..default
            },
            Self::E2022a => Settings {
                launch_groups: groups(80),
                provisioning_tasks_per_cluster: 300,
                scale_in_cap: Share::percent(5),
                ..default
            },
            Self::E2022b => Settings { launch_groups: groups(80), ..default },
            Self::E2026 => default,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    /// The table of the measurements, written out once more.
    #[test]
    fn profiles_are_those_of_the_measurements() {
        type Row = (&'static str, u32, u32, Option<u32>, Option<u32>, u32, u32);
        let table: [Row; 4] = [
            ("e2020", 10, 1, Some(23), Some(4), 100, 50_000),
            ("e2022a", 100, 20, Some(500), Some(80), 300, 50_000),
            ("e2022b", 100, 20, Some(500), Some(80), 500, 500_000),
            ("e2026", 100, 20, Some(500), None, 500, 500_000),
        ];
        for (name, burst, refill, per_min, grouped, waiting, cap) in table {
            let settings = from_value::<Profile>(json!(name)).unwrap().settings();
            assert_eq!(
                (settings.fargate_bucket_burst, settings.fargate_bucket_refill_per_s),
                (burst, refill),
                "{name}"
            );
            assert_eq!(settings.service_launches_per_min.value(), per_min, "{name}");
            assert_eq!(settings.launch_groups.value().map(|groups| groups.tasks), grouped, "{name}");
            assert_eq!(settings.provisioning_tasks_per_cluster, waiting, "{name}");
            assert_eq!(settings.scale_in_cap.millionths(), cap, "{name}");
        }
        assert_eq!(Profile::E2020.settings().fargate_bucket_share, Share::percent(93));
        let on_ec2 = Profile::E2020.settings().service_launches_per_min_on_ec2;
        assert_eq!(on_ec2.and_then(|limit| limit.value()), Some(250));
        assert_eq!(Profile::default().settings(), Settings::default());
    }
}
