//! The crates depend on each other exactly as the block `edges` of `ARCHITECTURE.md` says.
//!
//! A line `report -> cluster` of the block says that `report` uses `cluster`, by the names of the folders in `crates/`
//! (`ecsim` is another name for `cli`). A line `report -> engine (tests)` allows it to the tests alone. This crate and the
//! benches may use what they like, and nothing may use them.

use std::collections::BTreeSet;

use super::Finding;
use crate::files::ProjectFile;

const DIAGRAM: &str = "ARCHITECTURE.md";

/// Crates that may use any other.
const FREE: [&str; 2] = ["xtask", "benches"];

/// Who uses whom.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    from: String,
    to: String,
    is_for_tests: bool,
}

/// Where a crate says that it uses another.
#[derive(Clone, Debug)]
struct Use {
    edge: Edge,
    file: String,
    line: usize,
}

pub(super) fn check(files: &[ProjectFile]) -> Vec<Finding> {
    let crates: BTreeSet<String> = files.iter().filter_map(|file| crate_of(&file.path)).collect();
    let whole = |message: &str| vec![Finding { file: DIAGRAM.to_owned(), line: 0, message: message.to_owned() }];
    let Some(page) = files.iter().find(|file| file.path == DIAGRAM) else {
        return whole("is missing; it has to draw the crates and who uses whom");
    };
    let mut findings = Vec::new();
    let drawn = drawn(page.text(), &crates, &mut findings);
    if drawn.is_empty() {
        return whole("has no block ```edges with lines such as `report -> cluster`");
    }
    let uses: Vec<Use> = files.iter().flat_map(uses).collect();
    for Use { edge, file, line } in &uses {
        let Edge { from, to, is_for_tests } = edge;
        let is_allowed =
            drawn.iter().any(|(it, _)| (&it.from, &it.to) == (from, to) && (*is_for_tests || !it.is_for_tests));
        if FREE.contains(&to.as_str()) {
            findings.push(Finding { file: file.clone(), line: *line, message: format!("nothing may use `{to}`") });
        } else if !is_allowed && !FREE.contains(&from.as_str()) {
            let tests = if *is_for_tests { " (tests)" } else { "" };
            let message = format!("`{from} -> {to}{tests}` is not in the edges of {DIAGRAM}");
            findings.push(Finding { file: file.clone(), line: *line, message });
        }
    }
    for (edge, line) in &drawn {
        if !uses.iter().any(|it| it.edge == *edge) {
            let message = format!("`{} -> {}` is drawn, and the crate does not use it", edge.from, edge.to);
            findings.push(Finding { file: DIAGRAM.to_owned(), line: *line, message });
        }
    }
    findings
}

/// The folder of a manifest: `kernel` of `crates/kernel/Cargo.toml`, `benches`.
fn crate_of(path: &str) -> Option<String> {
    let folder = path.strip_suffix("/Cargo.toml")?;
    let folder = folder.strip_prefix("crates/").unwrap_or(folder);
    (!folder.contains('/')).then(|| folder.to_owned())
}

/// The folder of a package: `kernel` of `ecsim-kernel`, `cli` of `ecsim`.
fn folder_of(package: &str) -> Option<&str> {
    match package {
        "ecsim" => Some("cli"),
        "xtask" => Some("xtask"),
        _ => package.strip_prefix("ecsim-"),
    }
}

fn drawn(page: &str, crates: &BTreeSet<String>, findings: &mut Vec<Finding>) -> Vec<(Edge, usize)> {
    let mut edges = Vec::new();
    let mut is_inside = false;
    for (index, line) in page.lines().enumerate() {
        let line = line.trim();
        if line.starts_with("```") {
            is_inside = line == "```edges";
            continue;
        }
        if !is_inside || line.is_empty() {
            continue;
        }
        let line_number = index + 1;
        let mut problem = |message| findings.push(Finding { file: DIAGRAM.to_owned(), line: line_number, message });
        let Some((from, to)) = line.split_once("->") else {
            problem(format!("`{line}` is no edge such as `report -> cluster`"));
            continue;
        };
        let to = to.trim();
        let is_for_tests = to.ends_with("(tests)");
        let name = |it: &str| if it == "ecsim" { "cli".to_owned() } else { it.to_owned() };
        let (from, to) = (name(from.trim()), name(to.trim_end_matches("(tests)").trim()));
        if let Some(unknown) = [&from, &to].into_iter().find(|it| !crates.contains(*it)) {
            problem(format!("there is no crate `{unknown}`"));
            continue;
        }
        edges.push((Edge { from, to, is_for_tests }, line_number));
    }
    edges
}

/// The crates of this project that a manifest names, in any of the ways that Cargo allows.
fn uses(file: &ProjectFile) -> Vec<Use> {
    let Some(from) = crate_of(&file.path) else { return Vec::new() };
    let mut uses = Vec::new();
    let mut section = String::new();
    for (index, line) in file.text().lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        let mut package = None;
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']').trim().to_owned();
            // `[dependencies.ecsim-kernel]`
            if let Some((table, name)) = section.clone().rsplit_once('.')
                && table.ends_with("dependencies")
            {
                table.clone_into(&mut section);
                package = Some(name.to_owned());
            }
        } else if section.ends_with("dependencies") {
            package = line.split(['=', '.', ' ']).next().map(ToOwned::to_owned);
        }
        let to = package.as_deref().map(|it| it.trim_matches('"')).and_then(folder_of);
        if let Some(to) = to.filter(|to| *to != from) {
            let edge =
                Edge { from: from.clone(), to: to.to_owned(), is_for_tests: section.ends_with("dev-dependencies") };
            uses.push(Use { edge, file: file.path.clone(), line: index + 1 });
        }
    }
    uses
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(diagram: &str, manifests: &[(&str, &str)]) -> Vec<String> {
        let page = (DIAGRAM, format!("# Page\n\n```edges\n{diagram}\n```\n"));
        let manifests = manifests.iter().map(|(path, text)| (*path, (*text).to_owned()));
        let files: Vec<ProjectFile> = core::iter::once(page)
            .chain(manifests)
            .map(|(path, text)| ProjectFile { path: path.to_owned(), text: Some(text) })
            .collect();
        check(&files).iter().map(ToString::to_string).collect()
    }

    const KERNEL: (&str, &str) =
        ("crates/kernel/Cargo.toml", "[package]\nname = \"ecsim-kernel\"\n[dependencies]\nlibm = \"1\"\n");

    #[test]
    fn what_is_drawn_is_used_and_nothing_else() {
        let cluster = ("crates/cluster/Cargo.toml", "[dependencies]\necsim-kernel.workspace = true\n");
        let report = (
            "crates/report/Cargo.toml",
            "[dependencies]\necsim-cluster = { workspace = true }\n[dev-dependencies.ecsim-kernel]\n",
        );
        assert_eq!(
            messages("cluster -> kernel\nreport -> cluster\nreport -> kernel (tests)", &[KERNEL, cluster, report]),
            [""; 0]
        );
        let found = messages("cluster -> kernel\nreport -> kernel", &[KERNEL, cluster, report]);
        let expected = [
            "crates/report/Cargo.toml:2: `report -> cluster` is not in the edges of ARCHITECTURE.md",
            "ARCHITECTURE.md:5: `report -> kernel` is drawn, and the crate does not use it",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn tests_may_use_what_is_drawn_for_them_only() {
        let cluster = ("crates/cluster/Cargo.toml", "[dev-dependencies]\necsim-kernel.workspace = true\n");
        assert_eq!(messages("cluster -> kernel (tests)", &[KERNEL, cluster]), [""; 0]);
        let report = ("crates/cluster/Cargo.toml", "[dependencies]\necsim-kernel.workspace = true\n");
        assert_eq!(messages("cluster -> kernel (tests)", &[KERNEL, report]).len(), 2);
    }

    #[test]
    fn the_chores_are_free_and_unused() {
        let xtask = ("crates/xtask/Cargo.toml", "[dependencies]\necsim.workspace = true\n");
        let cli = (
            "crates/cli/Cargo.toml",
            "[dependencies]\necsim-kernel.workspace = true\nxtask = { path = \"../xtask\" }\n",
        );
        assert_eq!(
            messages("ecsim -> kernel", &[KERNEL, xtask, cli]),
            ["crates/cli/Cargo.toml:3: nothing may use `xtask`"]
        );
    }

    #[test]
    fn a_bad_diagram_is_told() {
        assert_eq!(
            messages("a > b\nkernel -> nowhere", &[KERNEL]),
            ["ARCHITECTURE.md: has no block ```edges with lines such as `report -> cluster`"]
        );
        assert_eq!(check(&[]).len(), 1);
    }
}
