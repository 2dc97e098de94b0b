//! Golden transcripts: sessions of the command line, with everything that was printed, in `transcripts/*.txt`.
//!
//! A line that begins with `$ ` is a command; what follows is made by the test. Lines of stderr begin with `! `, and a
//! status other than 0 is written `[exit status 2]`. `ls DIR` and `cat FILE` are known as well. All commands of a file run
//! in one directory with the repository's `scenarios/` and the files of `fixtures/`. `ECSIM_UPDATE=1` writes the answers
//! anew: read the difference.

mod kit;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// The words of a command line; quotes hold words together.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for letter in line.chars() {
        match (letter, quote) {
            ('\'' | '"', None) => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (_, Some(open)) if letter == open => quote = None,
            (' ', None) => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

fn answer(place: &Path, command: &str) -> String {
    let words = words(command);
    let mut arguments: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut variables = Vec::new();
    while let Some((name, value)) = arguments.first().and_then(|word| word.split_once('=')) {
        variables.push((name.to_owned(), value.to_owned()));
        arguments.remove(0);
    }
    match arguments[0] {
        "ls" => kit::files(&place.join(arguments[1])).iter().map(|(name, _)| format!("{name}\n")).collect(),
        "cat" => without_times(&fs::read_to_string(place.join(arguments[1])).expect("a file to show")),
        "ecsim" => {
            let mut call = kit::ecsim(place, &arguments[1..]);
            call.envs(variables);
            let output = call.output().expect("the binary starts");
            let mut text = String::from_utf8(output.stdout).expect("stdout is UTF-8");
            for line in String::from_utf8(output.stderr).expect("stderr is UTF-8").lines() {
                let _ = writeln!(text, "{}", format!("! {line}").trim_end());
            }
            match output.status.code() {
                Some(0) => {}
                Some(code) => {
                    let _ = writeln!(text, "[exit status {code}]");
                }
                None => text.push_str("[killed]\n"),
            }
            without_times(&text)
        }
        other => panic!("`{other}` is no command of a transcript"),
    }
}

/// How long something took is different every time.
fn without_times(text: &str) -> String {
    let mut rest = text;
    let mut plain = String::new();
    while let Some(at) = rest.find(" time=\"") {
        let (before, after) = rest.split_at(at + 7);
        plain.push_str(before);
        plain.push_str("...");
        rest = &after[after.find('"').unwrap_or(0)..];
    }
    plain.push_str(rest);
    plain
}

fn play(name: &str) {
    let path = kit::tests("transcripts").join(format!("{name}.txt"));
    let script = fs::read_to_string(&path).expect("the transcript is there").replace("\r\n", "\n");
    let place = kit::workplace();
    let mut text = String::new();
    let opening: Vec<&str> = script.lines().take_while(|line| !line.starts_with("$ ")).collect();
    for line in opening {
        let _ = writeln!(text, "{line}");
    }
    for (at, command) in script.lines().filter_map(|line| line.strip_prefix("$ ")).enumerate() {
        let gap = if at > 0 { "\n" } else { "" };
        let _ = write!(text, "{gap}$ {command}\n{}", answer(place.path(), command));
    }
    kit::expect_file(&path, &text);
}

macro_rules! transcripts {
    ($($name:ident)*) => {
        $(#[test] fn $name() { play(stringify!($name)); })*

        /// A file that no test reads would never be found wrong.
        #[test]
        fn every_transcript_is_checked() {
            for (name, _) in kit::files(&kit::tests("transcripts")) {
                let known = [$(concat!(stringify!($name), ".txt")),*];
                assert!(known.contains(&name.as_str()), "add `{name}` to the list");
            }
        }
    };
}

transcripts! { run plot moments capacity compare check test explain catalog lab set import bad_calls bad_scenarios help }

/// Colours are for terminals, or for who insists.
#[test]
fn colours_only_where_they_are_wanted() {
    let place = kit::workplace();
    let run = ["run", "scenarios/quickstart.yaml"];
    let has_colour = |arguments: &[&str], no_color: Option<&str>| {
        let mut command = kit::ecsim(place.path(), arguments);
        command.envs(no_color.map(|value| ("NO_COLOR", value)));
        let output = command.output().expect("the binary starts");
        output.stdout.contains(&0x1b) || output.stderr.contains(&0x1b)
    };
    assert!(!has_colour(&run, None), "a pipe is no terminal");
    assert!(has_colour(&["--color", "always", run[0], run[1]], None));
    assert!(has_colour(&[run[0], run[1], "--color", "always"], Some("1")), "who says always means always");
    assert!(!has_colour(&["--color", "never", run[0], run[1]], None));
    assert!(has_colour(&["check", "broken.yaml", "--color", "always"], None));
    assert!(!has_colour(&["check", "broken.yaml"], Some("1")));
}

/// A script for each shell, that knows the commands.
#[test]
fn completions_for_every_shell() {
    let place = kit::directory();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = kit::run(place.path(), &["completions", shell]);
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(output.status.success() && output.stderr.is_empty(), "{shell}");
        for command in ["explain", "catalog", "--junit"] {
            let known = text.contains(command) || text.contains(command.trim_start_matches('-'));
            assert!(known, "{shell} does not know {command}");
        }
    }
}

/// A reader that goes away (`ecsim … | head -1`) is no error, and nobody is told.
#[test]
fn a_reader_that_goes_away_is_no_error() {
    let place = kit::workplace();
    for arguments in [&["run", "scenarios/quickstart.yaml", "--format", "json"][..], &["catalog", "--format", "csv"]] {
        let mut command = kit::ecsim(place.path(), arguments);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
    }
}

/// Ctrl-C in the middle of a long run: it says so, and nothing is left, finished or not.
#[test]
#[cfg(unix)]
fn an_interrupted_run_leaves_nothing() {
    let place = kit::workplace();
    // Far longer than anybody waits: it ends because of the signal or not at all.
    let rate = "workload.flood.every.poisson.ratePerHour=2000000";
    let mut command = kit::ecsim(place.path(), &["run", "endless.yaml", "--set", rate, "--out", "runs/out"]);
    let mut child = command.stderr(std::process::Stdio::piped()).spawn().expect("the binary starts");
    // The directory in the making tells that the run is on its way.
    while !place.path().join("runs").exists() {
        assert!(child.try_wait().expect("it can be asked").is_none(), "it ended before it began");
        std::thread::yield_now();
    }
    let signal = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(signal.expect("kill is there").success());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130));
    assert!(String::from_utf8_lossy(&output.stderr).contains("nothing was written"));
    assert!(!place.path().join("runs").exists());
}

/// A full disk and a missing permission are the machine's fault: status 3, and nothing is left behind.
#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_exit_status_3() {
    let place = kit::workplace();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    let mut command = kit::ecsim(place.path(), &["run", "scenarios/quickstart.yaml"]);
    let output = command.stdout(full).output().expect("the binary starts");
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("No space left on device"));

    let output = kit::run(place.path(), &["run", "scenarios/quickstart.yaml", "--out", "/proc/nowhere/run"]);
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!String::from_utf8_lossy(&output.stderr).contains("unfinished"), "names of our own are no help");
}
