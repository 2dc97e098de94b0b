//! Whatever is written into a scenario: never a panic, never a hang, and an answer that says what is wrong.
//!
//! Mutations of the repository's scenarios with a fixed seed. `ECSIM_FUZZ=5000` tries that many of each.

mod kit;

use ecsim::engine::Simulation;
use ecsim::scenario::document::Limits;
use ecsim::scenario::prepare;
use ecsim::scenario::source::MemoryFiles;
use kit::Random;

/// Values that have broken programs before.
const NASTY: [&str; 51] = [
    "0",
    "-1",
    "1e309",
    "99999999999999999999",
    "4294967296",
    "0.5",
    ".nan",
    "-.inf",
    "null",
    "~",
    "true",
    "''",
    "\"\\u0000\"",
    "[]",
    "{}",
    "[[[[]]]]",
    "{a: {b: {c: 1}}}",
    "*a",
    "&a x",
    "!!binary x",
    "? x",
    "- -",
    "x: y: z",
    "\"",
    "'",
    "#",
    "|\n",
    ">-\n",
    "0s",
    "1ms",
    "999999d",
    "-5m",
    "5",
    "1h1",
    "10%",
    "0MiB",
    "99999TiB",
    "us-east-1z",
    "m5.large",
    "data:x.csv",
    "../../x",
    "web",
    "at end: true",
    "FARGATE_SPOT",
    "DISABLED",
    "spot-3",
    "cp-web",
    "120%",
    "20-30%",
    "[{empty: true}, web-1]",
    "\u{feff}é漢\u{202e}",
];

fn mutated(text: &str, random: &mut Random) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..=random.below(3) {
        let at = random.below(lines.len());
        let line = lines[at].clone();
        match random.below(10) {
            // A value becomes another one.
            0..=3 => {
                let ends = [',', '}', ']', '#'];
                let starts: Vec<usize> = line.match_indices(": ").map(|(at, _)| at + 2).collect();
                if !starts.is_empty() {
                    let start = *random.pick(&starts);
                    let end = line[start..].find(ends).map_or(line.len(), |end| start + end);
                    lines[at] = format!("{}{}{}", &line[..start], random.pick(&NASTY), &line[end..]);
                }
            }
            // A line goes, comes twice, or moves.
            4 => drop(lines.remove(at)),
            5 => lines.insert(at, line),
            6 => {
                let to = random.below(lines.len());
                lines.swap(at, to);
            }
            // Letters.
            7 => {
                let letters: Vec<char> = line.chars().collect();
                let cut = random.below(letters.len() + 1);
                let piece = random.pick(&NASTY);
                lines[at] =
                    letters[..cut].iter().collect::<String>() + piece + &letters[cut..].iter().collect::<String>();
            }
            8 => {
                let mut letters: Vec<char> = line.chars().collect();
                if !letters.is_empty() {
                    letters.remove(random.below(letters.len()));
                }
                lines[at] = letters.into_iter().collect();
            }
            // Indentation.
            _ => lines[at] = if random.below(2) == 0 { format!("  {line}") } else { line.trim_start().to_owned() },
        }
        if lines.is_empty() {
            return String::new();
        }
    }
    lines.join("\n")
}

/// Small stand-ins for the data that scenarios name; rows are broken now and then.
fn data(random: &mut Random) -> MemoryFiles {
    let mut break_it = |text: &str| if random.below(4) == 0 { mutated(text, random) } else { text.to_owned() };
    MemoryFiles::new()
        .with("data:openb/openb_node_list_all_node.csv", break_it("sn,cpu_milli,memory_mib,gpu,model\nn1,32000,131072,2,V100\nn2,64000,262144,0,\n"))
        .with(
            "data:openb/openb_pod_list_default.csv",
            break_it("name,cpu_milli,memory_mib,num_gpu,gpu_spec,creation_time,deletion_time\np1,4000,8192,1,V100,0,600\np2,100,64,0,,5,50\n"),
        )
        .with("data:spot.csv", break_it("offset_seconds,zone,instance_type,available_instances\n0,us-east-1a,m5.large,3\n900,us-east-1a,m5.large,0\n"))
        .with(
            "data:traces/batch_jobs_lcg_2005.csv",
            break_it("job_id,submit_offset_seconds,run_seconds,group_id\n1,0,60,g1\n2,30,6000,g2\n"),
        )
}

fn fuzz(name: &str, seed: u64) {
    let mut text =
        std::fs::read_to_string(kit::root().join(name)).expect("the scenario is there").replace("\r\n", "\n");
    if name.ends_with(".md") {
        text = kit::yaml_blocks(&text);
    }
    let count = std::env::var("ECSIM_FUZZ").ok().and_then(|count| count.parse().ok()).unwrap_or(250);
    let limits = Limits { max_nodes: 100_000, max_alias_nodes: 100_000, ..Limits::default() };
    let (mut ran, mut wrong) = (0, 0);
    for round in 0..count {
        let mut random = Random(seed.wrapping_mul(1_000_003).wrapping_add(round));
        let scenario = mutated(&text, &mut random);
        let files = data(&mut random).with("scenario.yaml", scenario.clone());
        // What a panic says goes with the scenario that caused it.
        let outcome = std::panic::catch_unwind(|| {
            let prepared = prepare(&files, "scenario.yaml", &[], &limits);
            let shown =
                prepared.diagnostics.render(&prepared.sources, ecsim::scenario::diagnostic::RenderOptions::default());
            let json = prepared.diagnostics.to_json(&prepared.sources).to_string();
            assert!(!json.is_empty());
            match prepared.ready {
                None => {
                    assert!(prepared.diagnostics.has_errors() && !shown.is_empty(), "refused without a word");
                    false
                }
                Some(ready) => {
                    assert!(!prepared.diagnostics.has_errors(), "errors, and yet it can be run");
                    let mut simulation = Simulation::new(ready.model);
                    let mut watch = ready.expectations.watch(simulation.cluster());
                    let mut steps = 0;
                    while steps < 2_000 && simulation.step(&mut watch) {
                        steps += 1;
                    }
                    true
                }
            }
        });
        match outcome {
            Ok(true) => ran += 1,
            Ok(false) => wrong += 1,
            Err(_) => panic!("round {round} of {name}, seed {seed}:\n{scenario}"),
        }
    }
    // Neither kind alone would be a test.
    assert!(ran > 0 && wrong > 0, "{ran} ran, {wrong} were refused");
}

#[test]
fn quickstart() {
    fuzz("scenarios/quickstart.yaml", 1);
}

/// The page on the format has nearly everything in it.
#[test]
fn every_part_of_the_format() {
    fuzz("docs/scenario.md", 4);
}

/// The page on capacity has the rest.
#[test]
fn every_part_of_capacity() {
    fuzz("docs/capacity.md", 5);
}

#[test]
fn openb() {
    fuzz("scenarios/openb.yaml", 2);
}

#[test]
fn batch_lcg() {
    fuzz("scenarios/batch-lcg.yaml", 3);
}
