//! The checks of `cargo xtask tidy` and the reading of `spec/`, on the project as it is.

use xtask::conformance::{Conformance, Specification};
use xtask::reports::{self, Wanted, Work};
use xtask::{files, tidy, workspace_root};

#[test]
fn the_project_is_tidy() {
    let files = files::committed(&workspace_root()).unwrap();
    let findings: Vec<String> = tidy::findings(&files).iter().map(ToString::to_string).collect();
    assert!(
        findings.is_empty(),
        "
{}",
        findings.join(
            "
"
        )
    );
}

/// A rule that the scanner overlooks would never be missed, so the numbers of rules are pinned.
#[test]
fn every_rule_of_the_specification_is_read() {
    let specification = Specification::read(&files::committed(&workspace_root()).unwrap());
    assert_eq!(specification.problems, [""; 0]);
    let counts: Vec<String> = specification
        .families
        .iter()
        .map(|family| format!("{family} {}", specification.family(family).count()))
        .collect();
    let expected = "PLC 55, AZR 12, FGP 2, CQL 18, RES 40, INS 10, FLR 14, QTA 28, PX 28, CP 34, CAS 34, ASG 31, SPT 19, \
                    DRN 17, LAT 23, EX 26, TSK 31, SVC 39, DEP 44, LB 19, SAS 40, CW 21, FGT 9, BIL 7, SX 35, MEAS 63";
    assert_eq!(counts.join(", "), expected);
    let ids = |family| specification.family(family).map(|rule| rule.id.ordinal.clone()).collect::<Vec<_>>();
    let numbers = |all: &[core::ops::RangeInclusive<u32>]| -> Vec<String> {
        all.iter().cloned().flatten().map(|it| format!("{it:03}")).collect()
    };
    assert_eq!(ids("PLC"), numbers(&[1..=12, 20..=37, 40..=44, 50..=61, 70..=77]));
    assert_eq!(ids("QTA"), numbers(&[1..=26, 30..=31]));
    assert_eq!(ids("PX"), (1..=28).map(|it| format!("{it:02}")).collect::<Vec<_>>());
    assert_eq!(ids("EX"), (1..=26).map(|it| format!("A{it:02}")).collect::<Vec<_>>());
}

/// Whether rules are missing is told by `cargo xtask conformance --check`; here the list itself is looked at.
#[test]
fn the_list_of_what_is_not_modelled_is_sound() {
    let list = Conformance::of(&files::committed(&workspace_root()).unwrap()).unwrap();
    let required: Vec<&str> = list.families.iter().filter(|it| it.is_required).map(|it| it.name.as_str()).collect();
    assert_eq!(
        required,
        [
            "PLC", "FGP", "CQL", "RES", "INS", "FLR", "QTA", "PX", "CP", "CAS", "ASG", "SPT", "DRN", "LAT", "EX",
            "TSK", "SVC", "DEP", "LB", "SAS", "CW", "FGT", "BIL", "SX", "MEAS"
        ]
    );
    assert_eq!(list.problems, [""; 0]);
    for family in list.families.iter().filter(|it| !it.is_required) {
        assert_eq!(family.counts().missing, 0, "{} needs a row in spec/not-modelled.csv", family.name);
    }
}

/// Tables, figures, numbers in the text and claims of all studies are what their results say. Runs nothing.
#[test]
fn the_studies_say_what_their_results_say() {
    let wanted = Wanted {
        root: workspace_root(),
        names: Vec::new(),
        binary: "ecsim".into(),
        data: None,
        jobs: None,
        work: Work::Pages { check: true },
    };
    let (lines, is_well) = reports::run(&wanted).unwrap();
    assert!(is_well, "{}", lines.join("\n"));
}
