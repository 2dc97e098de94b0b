//! `ecsim schema`: the JSON Schema of the scenario, from the very types that read it, and the pages of the reference.

use ecsim_scenario::schema;

use crate::app::Schema;
use crate::exit::{Done, Outcome};
use crate::reference;
use crate::terminal;

/// Prints the schema, or a page of the reference.
///
/// # Errors
/// Where stdout cannot be written to.
pub fn run(command: &Schema) -> Outcome {
    let text = if command.settings {
        reference::settings()
    } else if command.traces {
        reference::traces()
    } else {
        let mut text = serde_json::to_string_pretty(&schema::json_schema()).unwrap_or_default();
        text.push('\n');
        text
    };
    terminal::print(&text)?;
    Ok(Done::Fine)
}
