//! Spot pools, their fate and their recorded histories.

use ecsim_engine::fleet::SpotProcess;

use super::*;

const SPOT: &str = ", availabilityZones: [us-east-1b, us-east-1a], mixedInstancesPolicy: {launchTemplate: {overrides: [{instanceType: m5.large}, {instanceType: c5.large}]}, instancesDistribution: {onDemandPercentageAboveBaseCapacity: 0}}";

#[test]
fn spt_001_a_pool_is_a_type_in_a_zone() {
    let text = |behavior: &str| format!("{}{behavior}", group("asg", (0, 0, 9), SPOT));
    let model = accepted(&text(""));
    let names: Vec<(&str, &str)> = model
        .definitions
        .pools
        .values()
        .map(|pool| (pool.instance_type.as_str(), model.definitions.zones.name(pool.zone)))
        .collect();
    let expected = [
        ("c5.large", "us-east-1a"),
        ("c5.large", "us-east-1b"),
        ("m5.large", "us-east-1a"),
        ("m5.large", "us-east-1b"),
    ];
    assert_eq!(names, expected, "whatever the order of the file");
    // Prices are the pool's, and so is what it holds.
    let prices: Vec<u64> = model.capacity.pools.values().map(|pool| pool.spot_nano_dollars).collect();
    assert!(prices[0] == prices[1] && prices[2] == prices[3] && prices[0] != prices[2], "{prices:?}");
    let limited = self::model(&text(
        "behavior: {spot: {poolCapacity: [{instanceType: m5.large, zone: us-east-1a, market: spot, instances: 3}, {zone: us-east-1b, market: on-demand, instances: 0}]}}\n",
    ));
    let limits: Vec<(Option<u32>, Option<u32>)> =
        limited.capacity.pools.values().map(|pool| (pool.on_demand_limit, pool.spot_limit)).collect();
    assert_eq!(limits[2], (None, Some(3)));
    assert_eq!(limits[0], (None, None));
}

/// A Spot group whose pools follow `history.csv`.
fn history(trace: &str, csv: &str) -> (String, Vec<(&'static str, String)>) {
    let spot = ", launchTemplate: {instanceType: m5.large, instanceMarketOptions: {marketType: spot}}";
    let text = format!(
        "{}behavior: {{spot: {{interruptions: {{trace: {{file: history.csv{trace}}}}}}}}}\n",
        group("asg", (0, 0, 9), spot)
    );
    (text, vec![("history.csv", csv.to_owned())])
}

#[track_caller]
fn check_history(trace: &str, csv: &str, expected: &[&str]) {
    let (text, files) = history(trace, csv);
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    check_with(&text, &files, expected);
}

#[test]
fn spt_018_a_recorded_history_is_replayed_or_said_to_be_wrong() {
    let head = "offset_seconds,zone,instance_type,available_instances\n";
    let (text, files) =
        history("", &format!("{head}0,us-east-1a,m5.large,2\n600,us-east-1a,m5.large,0\n900,us-east-1a,m5.large,5\n"));
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let model = model_with(&text, &files);
    let SpotProcess::Trace(rows) = model.fleet.spot.values().next().unwrap() else { panic!("a trace") };
    assert_eq!(
        rows.iter().map(|(at, count)| (at.ms() / 1_000, *count)).collect::<Vec<_>>(),
        [(0, 2), (600, 0), (900, 5)]
    );
    check_history(
        "",
        &format!("{head}0,us-east-1a,m5.large,x\n"),
        &["E323 2:42 bad row in `history.csv`, line 2: column `available_instances` holds `x`; a number is expected"],
    );
    check_history(
        "",
        &format!("{head}0,us-east-1a,m5.large,-1\n"),
        &[
            "E323 2:42 bad row in `history.csv`, line 2: column `available_instances` holds `-1`; a number of instances is expected",
        ],
    );
    check_history(
        "",
        &format!("{head}-5,us-east-1a,m5.large,1\n"),
        &["E323 2:42 bad row in `history.csv`, line 2: column `offset_seconds` lies before the start of the history"],
    );
    check_history(
        "",
        "offset_seconds,zone\n",
        &[
            "E322 2:42 `history.csv` has no column `instance_type`",
            "E322 2:42 `history.csv` has no column `available_instances`",
        ],
    );
    check_history(
        "",
        &format!("{head}0,us-west-2a,m5.large,1\n"),
        &["E324 2:42 no row of the history is about a pool of this scenario"],
    );
    check_history(
        ", zone: us-east-1c",
        &format!("{head}0,us-east-1a,m5.large,1\n"),
        &["E324 2:42 `history.csv` has no row that is asked for"],
    );
    check(&history("", "").0, &["E320 2:49 cannot read `history.csv`: there is no such file"]);
}

#[test]
fn spt_015_bands_that_nobody_publishes() {
    let band = |band: &str| {
        format!(
            "{}behavior: {{autoScalingGroups: {{asg: {{spotInterruptions: {{band: {band}}}}}}}}}\n",
            group("asg", (0, 0, 9), SPOT)
        )
    };
    for wrong in ["20-30%", "120%", "often"] {
        check(
            &band(wrong),
            &[
                "E025 2:64 `band`: expected `advisor`, a band (`<5%`, `5-10%`, `10-15%`, `15-20%`, `>20%`), or a monthly probability such as 12%, found the text",
            ],
        );
    }
    check(
        &band("100%"),
        &["E399 2:64 an instance that is certainly interrupted within a month would never live (write less than 100%)"],
    );
    accepted(&band("5-10%"));
}
