//! The labs: each can be posed and answered, everything it says is true of its runs, and what it names exists.

mod kit;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use ecsim::commands::lab::library::{self, LABS};
use ecsim::scenario::lab::Lab;
use ecsim::scenario::schema::LabLevel;

/// The lab of a built-in scenario.
fn posed(name: &str, text: &str) -> Lab {
    let prepared = library::read(name, text);
    assert!(prepared.diagnostics.is_empty(), "{name}: {:?}", prepared.diagnostics);
    let ready = prepared.ready.unwrap_or_else(|| panic!("{name} cannot be read"));
    assert!(!ready.proves.is_empty(), "{name} proves nothing");
    ready.lab.unwrap_or_else(|| panic!("{name} has no lab"))
}

/// What a call printed; it must succeed and say nothing on stderr.
fn printed(place: &std::path::Path, arguments: &[&str]) -> String {
    let output = kit::run(place, arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && stderr.is_empty(), "{arguments:?}: {stderr}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// What a call printed that reads its answer from a pipe.
fn answered(arguments: &[&str], lines: &str) -> String {
    let (status, text) = piped(arguments, lines);
    assert_eq!(status, Some(0), "{arguments:?}");
    text
}

/// How a call ended that reads its answer from a pipe, and what it printed.
fn piped(arguments: &[&str], lines: &str) -> (Option<i32>, String) {
    let place = kit::directory();
    let mut command = kit::ecsim(place.path(), arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary starts");
    child.stdin.take().expect("a pipe").write_all(lines.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let text = String::from_utf8(output.stdout).expect("UTF-8") + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), text)
}

#[test]
fn the_folder_is_the_list_and_the_list_gets_harder() {
    let mut names: Vec<String> =
        kit::files(&kit::root().join("labs")).into_iter().map(|(name, _)| name.replace(".yaml", "")).collect();
    names.sort();
    let mut listed: Vec<&str> = LABS.iter().map(|(name, _)| *name).collect();
    let levels: Vec<LabLevel> = LABS.iter().map(|(name, text)| posed(name, text).text.level).collect();
    assert!(levels.is_sorted() && levels.contains(&LabLevel::Advanced));
    listed.sort_unstable();
    assert_eq!(names, listed, "labs/ and commands/lab/library.rs differ");
}

#[test]
fn every_lab_has_one_right_answer_and_a_remark_on_each() {
    for (name, text) in LABS {
        let lab = posed(name, text);
        assert_eq!(lab.text.choices.iter().filter(|choice| choice.correct).count(), 1, "{name}");
        assert!(lab.text.choices.iter().all(|choice| choice.remark.trim().len() > 20), "{name}");
        assert!(lab.text.hint.is_some() && !lab.text.next.is_empty(), "{name}");
        assert!(lab.shows.iter().any(|shown| !shown.is_empty()), "{name} shows nothing of its run");
        let answers: BTreeSet<&str> = lab.text.choices.iter().map(|choice| choice.answer.as_str()).collect();
        assert_eq!(answers.len(), lab.text.choices.len(), "{name} has an answer twice");
        let shown = library::summary(text).expect("the list can read it");
        assert_eq!(shown, (lab.text.level, lab.text.title.clone(), lab.text.choices.len()), "{name}");
    }
}

/// Every id in a lab, such as PLC-002, is that of a rule.
#[test]
fn labs_name_only_rules_that_exist() {
    let spec: String = kit::files(&kit::root().join("spec"))
        .into_iter()
        .filter(|(name, _)| name.ends_with(".md") && name != "CONFORMANCE.md")
        .map(|(_, text)| String::from_utf8(text).expect("UTF-8"))
        .collect();
    let ids = |text: &str| -> BTreeSet<String> {
        let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-');
        let is_id = |word: &&str| {
            word.split_once('-').is_some_and(|(family, number)| {
                (2..=4).contains(&family.len())
                    && family.bytes().all(|letter| letter.is_ascii_uppercase())
                    && number.len() == 3
                    && number.bytes().all(|digit| digit.is_ascii_digit())
            })
        };
        words.filter(is_id).map(str::to_owned).collect()
    };
    let known = ids(&spec);
    let mut named = 0;
    for (name, text) in LABS {
        for id in ids(text) {
            // Not only mentioned somewhere: the rule itself.
            let is_rule = spec.contains(&format!("**{id}**"))
                || spec.contains(&format!("**{id} "))
                || spec.contains(&format!("| {id} |"));
            assert!(known.contains(&id) && is_rule, "{name} names {id}, and no such rule is in spec/");
            named += 1;
        }
    }
    assert!(named > 60, "{named}");
}

/// Who answers right or wrong gets an explanation in which everything holds, and no line is wider than the terminal.
#[test]
fn every_explanation_is_true_and_fits_the_terminal() {
    let place = kit::directory();
    for (name, text) in LABS {
        let lab = posed(name, text);
        let wrong = (lab.correct() + 1) % lab.text.choices.len();
        for answer in [lab.correct(), wrong] {
            let letter = Lab::letter(answer).to_string();
            let mut command = kit::ecsim(place.path(), &["lab", name, "--answer", &letter]);
            command.env("COLUMNS", "72");
            let output = command.output().expect("the binary starts");
            let page = String::from_utf8(output.stdout).expect("UTF-8");
            assert_eq!(output.status.code(), Some(0), "{name}: {}", String::from_utf8_lossy(&output.stderr));
            assert!(output.stderr.is_empty(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
            for lie in ["NOT SO", "no value", "never)", " at never", "no such row"] {
                assert!(!page.contains(lie), "{name}: `{lie}` in\n{page}");
            }
            assert_eq!(page.starts_with("Right"), answer == lab.correct(), "{name}");
            let is_prose = |line: &&str| !line.contains("ecsim ") && !line.contains("--set ");
            for line in page.lines().filter(is_prose) {
                // Tables have columns that are not broken, and some words are long.
                let is_table = line.starts_with("        ");
                assert!(is_table || line.chars().count() <= 72, "{name}: too wide:\n{line}");
            }
        }
    }
}

/// The commands under `Try next` work on the scenario that `--scenario` prints, which does not give the answer away.
#[test]
fn what_is_to_be_tried_next_can_be_tried() {
    for (name, text) in LABS {
        let lab = posed(name, text);
        let place = kit::directory();
        let scenario = printed(place.path(), &["lab", name, "--scenario"]);
        for spoiler in ["\nlab:", "\nexpect:", "\nproves:", "\ndescription:", "correct: true"] {
            assert!(!scenario.contains(spoiler), "{name}: {spoiler}");
        }
        fs::write(place.path().join("saved.yaml"), scenario).expect("it is saved");
        assert!(printed(place.path(), &["check", "saved.yaml"]).starts_with("saved.yaml: ok"), "{name}");
        for trial in &lab.text.next {
            let mut words: Vec<String> = match &trial.explain {
                None => ["run", "saved.yaml", "--quiet"].map(str::to_owned).to_vec(),
                Some(asked) => {
                    let mut words = ["explain", "saved.yaml"].map(str::to_owned).to_vec();
                    for (option, value) in [
                        ("--service", &asked.service),
                        ("--workload", &asked.workload),
                        ("--instance", &asked.instance),
                    ] {
                        words.extend(value.iter().flat_map(|value| [option.to_owned(), value.clone()]));
                    }
                    words.extend(asked.task.iter().flat_map(|task| ["--task".to_owned(), task.to_string()]));
                    words.extend(asked.at.iter().flat_map(|at| ["--at".to_owned(), at.to_string().replace(' ', "")]));
                    words
                }
            };
            words.extend(trial.set.iter().flat_map(|set| ["--set".to_owned(), set.clone()]));
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let output = kit::run(place.path(), &words);
            assert!(output.status.success(), "{name}: {words:?}\n{}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

/// Without a terminal the answer comes through a pipe, or not at all.
#[test]
fn answers_come_through_a_pipe_too() {
    let right = answered(&["lab", "soft-limit"], "b\n");
    assert!(right.contains("Right: b) 15") && right.contains("What the run shows"), "{right}");
    // As the choices are written, and after a hint.
    let later = answered(&["lab", "soft-limit"], "?\nB)\n");
    assert!(later.contains("Hint: One of the two numbers") && later.contains("Right: b) 15"), "{later}");
    // What is no choice is wrong as with `--answer`.
    for (wrong, said) in [("x\n", "`x`"), ("bb\n", "`bb`"), ("\nb\n", "an empty line"), ("?\nx\nb\n", "`x`")] {
        let (status, text) = piped(&["lab", "soft-limit"], wrong);
        assert_eq!(status, Some(2), "{wrong:?}");
        assert!(text.contains(&format!("error: {said} is no choice; they are a to d")), "{text}");
        assert!(!text.contains("Right"), "{text}");
    }
    for nothing in ["", "q\n", "?\n"] {
        let left = answered(&["lab", "soft-limit"], nothing);
        assert!(left.contains("Answer with: ecsim lab soft-limit --answer LETTER"), "{left}");
        assert!(!left.contains("Right") && !left.contains("Wrong"), "{left}");
    }
}

/// Programs get the list, the question without the answer, and the verdict.
#[test]
fn programs_can_read_it() {
    let place = kit::directory();
    let json = |arguments: &[&str]| -> serde_json::Value {
        serde_json::from_str(&printed(place.path(), arguments)).expect("JSON")
    };
    let list = json(&["lab", "--format", "json"]);
    assert_eq!(list.as_array().map(Vec::len), Some(LABS.len()));
    assert_eq!(list[0]["lab"], "second-copy");
    let question = json(&["lab", "soft-limit", "--format", "json"]);
    assert_eq!(question["choices"][1], serde_json::json!({"choice": "b", "answer": "15"}));
    assert!(!question.to_string().contains("correct"), "{question}");
    let verdict = json(&["lab", "soft-limit", "--answer", "a", "--format", "json"]);
    assert_eq!((&verdict["correct"], &verdict["right"]), (&false.into(), &"b".into()));
    assert_eq!(verdict["evidence"][0]["holds"], true);
    assert_eq!(
        printed(place.path(), &["lab", "soft-limit", "-a", "b", "--format", "csv"]),
        "lab,answer,right,correct\nsoft-limit,b,b,true\n"
    );
    let quiet = printed(place.path(), &["lab", "soft-limit", "-a", "b", "--quiet"]);
    assert_eq!(quiet, "Right: b) 15\n");
}

/// A lab that claims what its run does not show is a failed expectation, in `ecsim lab` and in `ecsim test`.
#[test]
fn a_lab_that_is_wrong_about_its_run_fails() {
    let place = kit::directory();
    let (_, text) = LABS.iter().find(|(name, _)| *name == "soft-limit").expect("it is there");
    // The instance is larger now, so that what is said of it is wrong, of the scenario as written and of a changed one.
    let text = text.replace("memory: 8000}", "memory: 9000}");
    fs::write(place.path().join("wrong.yaml"), &text).expect("it is written");
    let output = kit::run(place.path(), &["lab", "wrong.yaml", "--answer", "b"]);
    assert_eq!(output.status.code(), Some(1));
    let page = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        page.contains("NOT SO: at the end (00:30:00): containerInstances.host.remaining.memory is 296 MiB"),
        "{page}"
    );
    assert!(String::from_utf8_lossy(&output.stderr).contains("the lab claims what its run does not show"));
    let output = kit::run(place.path(), &["test", "wrong.yaml"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("choice a, at end: services.api.runningCount == 3"), "{said}");
}

/// Shells complete the names of labs.
#[test]
fn completions_know_the_labs() {
    let place = kit::directory();
    for shell in ["bash", "zsh"] {
        assert!(printed(place.path(), &["completions", shell]).contains("scale-from-zero"), "{shell}");
    }
}
