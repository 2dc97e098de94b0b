//! `ecsim check`: every problem of every scenario at once, without running any.

use serde_json::{Value, json};

use crate::app::{Check, CheckFormat};
use crate::exit::{Done, Failure, Outcome};
use crate::session;
use crate::table::counted;
use crate::terminal::{self, Terminal};

/// Checks the scenarios.
///
/// # Errors
/// [`Failure::InputReported`] where any of them has an error.
pub fn run(command: &Check, terminal: &Terminal) -> Outcome {
    let mut failed = false;
    let mut answers: Vec<Value> = Vec::new();
    for path in &command.scenarios {
        let mut prepared = session::read(path, &command.options);
        if let Some(ready) = prepared.ready.as_ref().filter(|_| command.kept) {
            prepared.diagnostics.extend(ready.kept.iter().cloned());
            prepared.diagnostics.sort();
        }
        let name = path.display().to_string();
        if prepared.lacks_data {
            // Nothing is wrong with the scenario; it names files that are not part of ecsim.
            terminal.note(&format!("{name}: skipped, it needs data; give the data root with --data DIR or ECSIM_DATA"));
            answers.push(json!({"file": name, "status": "skipped", "diagnostics": []}));
            continue;
        }
        failed |= prepared.ready.is_none();
        match command.format {
            CheckFormat::Human => {
                session::print_diagnostics(&prepared.diagnostics, &prepared.sources, terminal);
                if let Some(ready) = &prepared.ready {
                    let model = &ready.model;
                    let definitions = &model.definitions;
                    let groups = definitions.auto_scaling_groups.len();
                    let providers = definitions.capacity_providers.len();
                    let parts = [
                        (definitions.instances.len(), "container instance", true),
                        (groups, "Auto Scaling group", groups > 0),
                        (providers, "capacity provider", providers > 0),
                        (definitions.task_definitions.len(), "task definition", true),
                        (definitions.services.len(), "service", true),
                        (definitions.sources.len(), "source of tasks", true),
                        (ready.expectations.len(), "expectation", true),
                    ];
                    let parts = parts.iter().filter(|(.., told)| *told).map(|(count, what, _)| counted(*count, what));
                    let parts = parts.collect::<Vec<_>>().join(", ");
                    terminal::print(&format!("{name}: ok ({parts})\n"))?;
                }
            }
            CheckFormat::Json => answers.push(json!({
                "file": name,
                "status": if prepared.ready.is_some() { "ok" } else { "error" },
                "diagnostics": prepared.diagnostics.to_json(&prepared.sources),
            })),
        }
    }
    if command.format == CheckFormat::Json {
        let mut text = serde_json::to_string_pretty(&answers).unwrap_or_default();
        text.push('\n');
        terminal::print(&text)?;
    }
    if failed { Err(Failure::InputReported) } else { Ok(Done::Fine) }
}
