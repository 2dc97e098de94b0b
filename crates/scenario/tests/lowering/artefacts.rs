//! Published task definitions: each is read and lowered, or refused for a reason that AWS has too. They are not part of
//! the project; without them the test says so and is over.

use std::path::{Path, PathBuf};

use ecsim_scenario::Prepared;
use ecsim_scenario::disk::DiskFiles;
use ecsim_scenario::document::Limits;
use ecsim_scenario::prepare;

use crate::kit::*;

/// Two that nobody could register: a skeleton whose texts are empty, and one without any memory.
const REFUSED: [(&str, &[&str]); 2] = [
    ("guide_example_task_definitions_7.json", &["E342", "E342"]),
    (
        "guide_task_definition_template_0.json",
        &["E340", "E342", "E345", "E358", "E358", "E359", "E359", "E359", "E351"],
    ),
];

fn folder() -> Option<PathBuf> {
    let root = std::env::var_os("ECSIM_DATA")?;
    Some(Path::new(&root).join("ecs-artifacts/task-definitions")).filter(|folder| folder.is_dir())
}

/// The definition alone, with what follows.
fn with_definition(file: &str, more: &str) -> Prepared {
    let scenario = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    let include = format!("data:ecs-artifacts/task-definitions/{file}");
    let text = format!(
        "containerInstances: [{{name: A1, instanceType: m5.24xlarge}}]\ntaskDefinitions: [{{include: '{include}'}}]\n{more}"
    );
    std::fs::write(scenario.path(), text).unwrap();
    let files = DiskFiles::new(std::env::var_os("ECSIM_DATA").map(PathBuf::from));
    prepare(&files, scenario.path().to_str().unwrap(), &[], &Limits::default())
}

#[test]
fn real_task_definitions_are_lowered() {
    let Some(folder) = folder() else {
        println!("skipped: ECSIM_DATA does not name a folder with ecs-artifacts/task-definitions");
        return;
    };
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names.len(), 29);
    let mut only_fargate = 0;
    for name in names {
        let alone = with_definition(&name, "");
        let codes: Vec<&str> = alone
            .diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == ecsim_scenario::diagnostic::Severity::Error)
            .map(|diagnostic| diagnostic.code)
            .collect();
        if let Some((_, expected)) = REFUSED.iter().find(|(refused, _)| *refused == name) {
            assert_eq!(codes, *expected, "{name}: {:?}", problems_of(&alone));
            continue;
        }
        assert!(codes.is_empty(), "{name}: {:?}", problems_of(&alone));
        let ready = alone.ready.expect("no error");
        let definition = ready.model.definitions.task_definitions.values().next().expect("one definition");
        assert!(definition.requirements.memory > 0, "{name}");
        // It is an error only where it is used.
        let used = format!("workload: [{{at: 1s, runTask: {{taskDefinition: {}}}}}]\n", definition.family);
        let used = with_definition(&name, &used);
        let elsewhere = used.diagnostics.iter().filter(|diagnostic| diagnostic.code == "E348").count();
        assert_eq!(used.ready.is_none(), elsewhere == 1, "{name}: {:?}", problems_of(&used));
        only_fargate += elsewhere;
    }
    assert_eq!(only_fargate, 6);
}
