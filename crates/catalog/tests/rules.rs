//! The rules of `spec/` that the catalogue carries as numbers, one test each, named after the rule.

use ecsim_catalog::{Architecture, Catalog, EniLimitSource, InstanceType, MemorySource};

fn get(name: &str) -> &'static InstanceType {
    Catalog::instance_type(name).unwrap_or_else(|| panic!("{name} is missing"))
}

fn types_of(family: &str) -> Vec<&'static InstanceType> {
    Catalog::instance_types().iter().filter(|row| row.family == family).collect()
}

#[test]
fn res_001_a_vcpu_is_1024_cpu_units() {
    assert_eq!(get("t2.micro").cpu_units(), 1024);
    assert_eq!(get("m4.large").cpu_units(), 2048);
    assert_eq!(get("t3.small").cpu_units(), 2048);
    for row in Catalog::instance_types() {
        assert_eq!(row.cpu_units(), row.vcpu * 1024, "{}", row.name);
    }
}

#[test]
fn the_measured_memory_is_below_the_nominal_size() {
    for row in Catalog::instance_types() {
        if let Some(visible) = row.os_visible_memory_mib {
            assert!(visible < row.memory_mib, "{}", row.name);
            // The little types lose most; less than that would be a mistake in the data.
            assert!(u64::from(visible) * 100 >= u64::from(row.memory_mib) * 79, "{}", row.name);
        }
    }
}

#[test]
fn res_003_known_values_are_the_measured_ones() {
    let measured = MemorySource::MeasuredOrLinuxPercent(97);
    assert_eq!(get("m4.large").memory_mib, 8192);
    assert_eq!(get("m4.large").registered_memory_mib(measured), 7985);
    assert_eq!(get("m4.large").registered_memory_mib(MemorySource::Windows), 8191);
    assert_eq!(get("t2.micro").registered_memory_mib(measured), 995);
    assert_eq!(get("t3.small").registered_memory_mib(measured), 1955);
}

#[test]
fn res_004_the_default_fits_res_003_within_two_percent() {
    assert_eq!(MemorySource::default(), MemorySource::LinuxPercent(97));
    // The sample "2048 CPU / 3768" names no type; c4.large (3840 MiB nominal) is one that it fits.
    let known = [("m4.large", 7985), ("t2.micro", 995), ("t2.micro", 983), ("t3.small", 1955), ("c4.large", 3768)];
    for (name, seen) in known {
        let modelled = i64::from(get(name).registered_memory_mib(MemorySource::default()));
        assert!((modelled - seen).abs() * 100 <= seen * 2, "{name}: {modelled} against {seen}");
    }
    assert_eq!(get("m4.large").registered_memory_mib(MemorySource::default()), 8192 * 97 / 100);
}

#[test]
fn res_004_a_measured_value_is_used_only_where_there_is_one() {
    let metal = get("mac2.metal");
    assert_eq!(metal.os_visible_memory_mib, None);
    assert_eq!(metal.registered_memory_mib(MemorySource::MeasuredOrLinuxPercent(50)), 8192);
    // Absurd percentages saturate instead of wrapping.
    assert_eq!(get("u-24tb1.112xlarge").registered_memory_mib(MemorySource::LinuxPercent(u32::MAX)), u32::MAX);
    assert_eq!(metal.registered_memory_mib(MemorySource::LinuxPercent(0)), 0);
}

#[test]
fn res_031_gpus_per_type() {
    let listed = [
        ("p2", "xlarge", 1),
        ("p2", "8xlarge", 8),
        ("p2", "16xlarge", 16),
        ("p3", "2xlarge", 1),
        ("p3", "8xlarge", 4),
        ("p3", "16xlarge", 8),
        ("p3dn", "24xlarge", 8),
        ("p4d", "24xlarge", 8),
        ("g3s", "xlarge", 1),
        ("g3", "4xlarge", 1),
        ("g3", "8xlarge", 2),
        ("g3", "16xlarge", 4),
        ("g4dn", "xlarge", 1),
        ("g4dn", "2xlarge", 1),
        ("g4dn", "4xlarge", 1),
        ("g4dn", "8xlarge", 1),
        ("g4dn", "12xlarge", 4),
        ("g4dn", "16xlarge", 1),
        ("g5", "xlarge", 1),
        ("g5", "2xlarge", 1),
        ("g5", "4xlarge", 1),
        ("g5", "8xlarge", 1),
        ("g5", "12xlarge", 4),
        ("g5", "16xlarge", 1),
        ("g5", "24xlarge", 4),
        ("g5", "48xlarge", 8),
    ];
    for (family, size, gpus) in listed {
        assert_eq!(get(&format!("{family}.{size}")).gpus, gpus, "{family}.{size}");
    }
}

#[test]
fn res_031_a_part_of_a_gpu_is_no_gpu() {
    let part = get("g6f.large");
    assert_eq!((part.gpus, part.gpu_partition_size), (0, Some(0.125)));
}

#[test]
fn res_040_one_interface_is_the_instances_own() {
    assert_eq!((get("c5.large").max_enis, get("c5.large").task_eni_limit()), (Some(3), Some(2)));
    // On these the guide prints 13 although they have 16 interfaces (RES-044 says the same).
    let of_two_cards = ["c6in", "m6in", "m6idn", "r6in", "r6idn"];
    for row in Catalog::instance_types() {
        let large = row.size == "32xlarge" || row.size == "metal";
        let less = if large && of_two_cards.contains(&row.family.as_str()) { 3 } else { 1 };
        assert_eq!(row.task_eni_limit(), row.max_enis.map(|enis| enis - less), "{}", row.name);
    }
}

#[test]
fn res_040_only_two_retired_types_have_no_known_limit() {
    let unknown: Vec<&str> = Catalog::instance_types()
        .iter()
        .filter(|row| row.task_eni_limit().is_none())
        .map(|row| row.name.as_str())
        .collect();
    assert_eq!(unknown, ["u-18tb1.112xlarge", "u-24tb1.112xlarge"]);
    // What a second source had to fill in.
    for (name, enis) in [("p2.xlarge", 4), ("g3s.xlarge", 4), ("g3.16xlarge", 15), ("u-9tb1.112xlarge", 15)] {
        assert_eq!(get(name).max_enis, Some(enis), "{name}");
        assert_eq!(get(name).task_eni_limit_source, Some(EniLimitSource::Corrected), "{name}");
    }
}

#[test]
fn res_041_the_trunked_limit_is_the_tables() {
    let c5 = get("c5.large");
    // The trunk's branches and the two interfaces that are left over: an ENI limit of 12.
    assert_eq!(c5.branch_interfaces.unwrap() + c5.max_enis.unwrap(), 12);
    assert_eq!(c5.task_eni_limit_trunked(), Some(10));
    assert_eq!(c5.task_eni_limit_source, Some(EniLimitSource::EcsGuide2023));
}

#[test]
fn res_044_the_unsupported_list_wins() {
    let types = [
        "a1.metal",
        "c5.metal",
        "c5d.metal",
        "m5.metal",
        "r5.metal",
        "r5d.metal",
        "p3dn.24xlarge",
        "c5a.8xlarge",
        "c5ad.8xlarge",
        "r5.8xlarge",
    ];
    for name in types {
        assert_eq!(get(name).task_eni_limit_trunked(), None, "{name}");
    }
    let families = [
        "c5n", "d3", "d3en", "g3", "g3s", "g4dn", "i3", "i3en", "inf1", "m5dn", "m5n", "m5zn", "mac1", "r5b", "r5n",
        "r5dn", "u-6tb1", "u-9tb1", "u-12tb1", "z1d", "t2", "t3", "t3a", "t4g",
    ];
    for family in families {
        let rows = types_of(family);
        assert!(!rows.is_empty(), "{family} is missing");
        for row in rows {
            assert_eq!(row.task_eni_limit_trunked(), None, "{}", row.name);
        }
    }
}

/// One row of RES-044's table: families, then `size without/with`; several sizes may share a pair of limits.
const RES_044: &[(&str, &str)] = &[
    (
        "m5 m5a m5ad m5d c5a r5a r5ad r5d",
        "large 2/10, xlarge 3/20, 2xlarge 3/40, 4xlarge 8xlarge 12xlarge 7/60, 16xlarge 24xlarge 14/120",
    ),
    ("c5 c5d", "large 2/10, xlarge 3/20, 2xlarge 3/40, 4xlarge 9xlarge 12xlarge 7/60, 18xlarge 24xlarge 14/120"),
    ("r5 c5ad", "large 2/10, xlarge 3/20, 2xlarge 3/40, 4xlarge 12xlarge 7/60, 16xlarge 24xlarge 14/120"),
    (
        "m6g m6gd m7g c6g c6gd c7g r6g r6gd r7g",
        "medium 1/4, large 2/10, xlarge 3/20, 2xlarge 3/40, 4xlarge 8xlarge 12xlarge 7/60, 16xlarge metal 14/120",
    ),
    ("c6gn", "medium 1/4, large 2/10, xlarge 3/20, 2xlarge 3/40, 4xlarge 8xlarge 12xlarge 7/60, 16xlarge 14/120"),
    (
        "m6i m6id c6i c6id r6i r6id m6a c6a r6a",
        "large 2/10, xlarge 3/20, 2xlarge 3/40, 4xlarge 7/60, 8xlarge 7/90, 12xlarge 7/120, \
         16xlarge 24xlarge 32xlarge metal 14/120",
    ),
    ("m6a c6a r6a", "48xlarge 14/120"),
    (
        "m6in m6idn c6in r6in r6idn",
        "large 2/10, xlarge 3/20, 2xlarge 3/40, 4xlarge 7/60, 8xlarge 7/90, 12xlarge 7/120, \
         16xlarge 24xlarge 14/120, 32xlarge metal 13/120",
    ),
    ("a1", "medium 1/10, large 2/10, xlarge 3/20, 2xlarge 3/40, 4xlarge 7/60"),
    (
        "x2gd",
        "medium 1/10, large 2/10, xlarge 3/20, 2xlarge 3/40, 4xlarge 8xlarge 12xlarge 7/60, 16xlarge metal 14/120",
    ),
    ("im4gn", "large 2/10, xlarge 3/20, 2xlarge 3/40, 4xlarge 8xlarge 7/60, 16xlarge 14/120"),
    ("is4gen", "medium 1/4, large 2/10, xlarge 3/20, 2xlarge 3/40, 4xlarge 8xlarge 7/60"),
    ("i4i", "large 2/0, xlarge 3/8, 2xlarge 3/28, 4xlarge 7/58, 8xlarge 7/118, 16xlarge 14/248, 32xlarge metal 14/498"),
    (
        "g5",
        "xlarge 3/6, 2xlarge 3/19, 4xlarge 7/40, 8xlarge 7/90, 12xlarge 14/120, 16xlarge 7/120, 24xlarge 14/120, \
         48xlarge 6/120",
    ),
    ("g5g", "xlarge 3/20, 2xlarge 3/40, 4xlarge 8xlarge 7/60, 16xlarge metal 14/120"),
    ("g4ad", "xlarge 1/12, 2xlarge 1/12, 4xlarge 2/12, 8xlarge 3/12, 16xlarge 7/12"),
    ("p3", "2xlarge 3/40, 8xlarge 7/60, 16xlarge 7/120"),
    ("dl1 p4d p4de", "24xlarge 59/120"),
    ("inf2", "xlarge 3/20, 8xlarge 7/90, 24xlarge 48xlarge 14/120"),
    ("trn1", "2xlarge 3/19, 32xlarge 39/120"),
    ("trn1n", "32xlarge 79/242"),
    ("vt1", "3xlarge 3/40, 6xlarge 7/60, 24xlarge 14/120"),
    ("x2idn", "16xlarge 24xlarge 32xlarge metal 14/120"),
    ("x2iedn", "xlarge 3/13, 2xlarge 3/29, 4xlarge 7/60, 8xlarge 7/120, 16xlarge 24xlarge 32xlarge metal 14/120"),
    ("x2iezn", "2xlarge 3/64, 4xlarge 6xlarge 8xlarge 7/120, 12xlarge metal 14/120"),
];

/// Types that a row of the table covers by a range although the unsupported list names them.
const RES_044_OVERRULED: [&str; 1] = ["c5a.8xlarge"];

#[test]
fn res_044_every_row_of_the_table() {
    let mut checked = 0;
    for (families, limits) in RES_044 {
        for group in limits.split(", ") {
            let (sizes, pair) = group.trim().rsplit_once(' ').unwrap();
            let (without, with) = pair.split_once('/').unwrap();
            for family in families.split(' ') {
                for size in sizes.split(' ') {
                    let row = get(&format!("{family}.{size}"));
                    assert_eq!(row.task_eni_limit(), without.parse().ok(), "{} without", row.name);
                    let with = if RES_044_OVERRULED.contains(&row.name.as_str()) { None } else { with.parse().ok() };
                    assert_eq!(row.task_eni_limit_trunked(), with, "{} with", row.name);
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 300, "only {checked} types were checked");
}

#[test]
fn res_045_interfaces_of_common_types() {
    let list = [
        ("t2", "nano micro 2, small medium large xlarge 2xlarge 3"),
        ("t3", "nano micro 2, small medium large 3, xlarge 2xlarge 4"),
        ("t3a", "nano micro small 2, medium large 3, xlarge 2xlarge 4"),
        ("t4g", "nano micro 2, small medium large 3, xlarge 2xlarge 4"),
        ("m4", "large 2, xlarge 2xlarge 4, 4xlarge 10xlarge 16xlarge 8"),
        ("c4", "large 3, xlarge 2xlarge 4, 4xlarge 8xlarge 8"),
        ("r4", "large 3, xlarge 2xlarge 4, 4xlarge 8xlarge 8, 16xlarge 15"),
        ("i3", "large 3, xlarge 2xlarge 4, 4xlarge 8xlarge 8, 16xlarge 15"),
        ("c5n", "large 3, xlarge 2xlarge 4, 4xlarge 9xlarge 8, 18xlarge 15"),
        ("g4dn", "xlarge 2xlarge 4xlarge 3, 8xlarge 16xlarge 4, 12xlarge 8"),
        ("m7i", "large 3, xlarge 2xlarge 4, 4xlarge 8xlarge 12xlarge 8, 16xlarge 24xlarge 48xlarge 15"),
        ("c7i", "large 3, xlarge 2xlarge 4, 4xlarge 8xlarge 12xlarge 8, 16xlarge 24xlarge 48xlarge 15"),
        ("r7i", "large 3, xlarge 2xlarge 4, 4xlarge 8xlarge 12xlarge 8, 16xlarge 24xlarge 48xlarge 15"),
        (
            "m7a",
            "medium 2, large 3, xlarge 2xlarge 4, 4xlarge 8xlarge 12xlarge 8, 16xlarge 24xlarge 32xlarge 48xlarge 15",
        ),
        ("m8g", "medium 2, large 3, xlarge 2xlarge 4, 4xlarge 8xlarge 12xlarge 8, 16xlarge 24xlarge 48xlarge 15"),
        ("c8g", "medium 2, large 3, xlarge 2xlarge 4, 4xlarge 8xlarge 12xlarge 8, 16xlarge 24xlarge 48xlarge 15"),
    ];
    for (family, limits) in list {
        for group in limits.split(", ") {
            let (sizes, enis) = group.rsplit_once(' ').unwrap();
            for size in sizes.split(' ') {
                let row = get(&format!("{family}.{size}"));
                assert_eq!(row.max_enis, enis.parse().ok(), "{}", row.name);
                assert_eq!(row.task_eni_limit(), row.max_enis.map(|enis| enis - 1), "{}", row.name);
            }
        }
    }
}

#[test]
fn nitro_is_known_for_ebs_task_volumes() {
    assert!(get("m5.large").is_nitro() && get("c5.metal").is_nitro() && get("u-9tb1.112xlarge").is_nitro());
    for old in ["m4.large", "t2.micro", "p2.xlarge", "g3.4xlarge", "i3.large", "p3.2xlarge"] {
        assert!(!get(old).is_nitro(), "{old}");
    }
}

#[test]
fn cql_015_zone_and_architecture_are_spelt_as_in_the_attributes() {
    assert_eq!(get("m5.large").architecture.ecs_attribute(), Some("x86_64"));
    assert_eq!(get("m6g.large").architecture.ecs_attribute(), Some("arm64"));
    assert_eq!(get("mac2.metal").architecture, Architecture::Arm64Mac);
    assert_eq!(get("mac1.metal").architecture.ecs_attribute(), None);
    assert!(Catalog::availability_zones("us-east-1", "m5.large").contains(&"us-east-1a".to_owned()));
}

// proves: SX-028
#[test]
fn fgt_001_the_sizes_are_the_documented_ones() {
    let gib = |from: u32, to: u32, step: usize| (from..=to).step_by(step).map(|gib| gib * 1024);
    let documented: Vec<(u32, Vec<u32>)> = vec![
        (256, vec![512, 1024, 2048]),
        (512, gib(1, 4, 1).collect()),
        (1024, gib(2, 8, 1).collect()),
        (2048, gib(4, 16, 1).collect()),
        (4096, gib(8, 30, 1).collect()),
        (8192, gib(16, 60, 4).collect()),
        (16_384, gib(32, 120, 8).collect()),
    ];
    let expected: Vec<(u32, u32)> =
        documented.into_iter().flat_map(|(cpu, sizes)| sizes.into_iter().map(move |memory| (cpu, memory))).collect();
    let sizes = Catalog::fargate_sizes();
    assert_eq!(sizes.iter().map(|size| (size.cpu_units, size.memory_mib)).collect::<Vec<_>>(), expected);
    for size in sizes {
        assert!(size.linux);
        assert_eq!(size.windows, (1024..=4096).contains(&size.cpu_units), "{size:?}");
        assert_eq!(size.min_platform_version.as_deref(), (size.cpu_units >= 8192).then_some("1.4.0"), "{size:?}");
    }
    // The examples of SX-028.
    for (cpu, memory, valid) in [
        (256, 3072, false),
        (512, 1536, false),
        (1024, 8192, true),
        (4096, 31_744, false),
        (8192, 20_480, true),
        (8192, 18_432, false),
        (16_384, 40_960, true),
    ] {
        assert_eq!(Catalog::fargate_size(cpu, memory).is_some(), valid, "{cpu}/{memory}");
    }
}

#[test]
fn fargate_in_us_east_1_costs_what_bil_002_says() {
    let x86 = Catalog::fargate_price("us-east-1", Architecture::X86_64).unwrap();
    assert_eq!((x86.vcpu_hour.per_hour(), x86.gb_hour.per_hour()), (0.04048, 0.004445));
    assert_eq!((x86.ephemeral_gb_hour.per_hour(), x86.ephemeral_derived), (0.000111, false));
    let arm = Catalog::fargate_price("us-east-1", Architecture::Arm64).unwrap();
    assert_eq!((arm.vcpu_hour.per_hour(), arm.gb_hour.per_hour()), (0.03238, 0.00356));
}
