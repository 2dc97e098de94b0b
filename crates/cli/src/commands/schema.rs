//! `ecsim schema`: the JSON Schema of the scenario, from the very types that read it.

use ecsim_scenario::schema;

use crate::app::Schema;
use crate::exit::{Done, Outcome};
use crate::terminal;

/// Prints the schema, or the table of settings.
///
/// # Errors
/// Where stdout cannot be written to.
pub fn run(command: &Schema) -> Outcome {
    if command.settings {
        let mut text = String::from("| setting | default | rule | meaning |\n| --- | --- | --- | --- |\n");
        for setting in schema::SettingInfo::all() {
            let default = setting.default.to_string();
            text.push_str(&format!(
                "| `{}` | `{default}` | {} | {} |\n",
                setting.name,
                setting.rule,
                setting.meaning.replace('\n', " ").replace('|', "\\|"),
            ));
        }
        terminal::print(&text)?;
        return Ok(Done::Fine);
    }
    let mut text = serde_json::to_string_pretty(&schema::json_schema()).unwrap_or_default();
    text.push('\n');
    terminal::print(&text)?;
    Ok(Done::Fine)
}
