//! Where a rule of `spec/` and the collected tables differ, the rule wins: each change is a row with its reason.

use csv::StringRecord;

use crate::glob;
use crate::table::{DataError, read};

const COLUMNS: &[&str] = &["instance_types", "set", "rule", "reason"];

/// One row of `corrections.csv`: what it changes about which instance types.
#[derive(Debug)]
pub(crate) struct Correction {
    /// A name or a pattern with wildcards.
    instance_types: String,
    /// Column index and the new value; an empty value means "unknown" or "not supported".
    set: Vec<(usize, String)>,
}

/// Reads the corrections; `target` are the columns of the table that they apply to.
pub(crate) fn parse(table: &str, text: &str, target: &[&str]) -> Result<Vec<Correction>, DataError> {
    read(table, COLUMNS, text, |fields| {
        let instance_types = fields.text()?.to_owned();
        let assignments = fields.text()?;
        let mut set = Vec::new();
        for assignment in assignments.split(';') {
            let Some((column, value)) = assignment.split_once('=') else {
                return Err(fields.error(format!("`{assignment}` should be `column=value`")));
            };
            let Some(at) = target.iter().position(|known| *known == column) else {
                return Err(fields.error(format!("`{column}` is no column of the corrected table")));
            };
            set.push((at, value.to_owned()));
        }
        // Rule and reason are for the reader of the table, but a correction without them is not allowed.
        fields.text()?;
        fields.text()?;
        Ok(Correction { instance_types, set })
    })
}

impl Correction {
    /// Whether the correction is about this instance type.
    pub(crate) fn concerns(&self, instance_type: &str) -> bool {
        glob::matches(&self.instance_types, instance_type)
    }

    /// Whether the correction gives this column a value.
    pub(crate) fn sets(&self, column: usize) -> bool {
        self.set.iter().any(|&(at, _)| at == column)
    }

    /// Puts the corrected values into a row.
    pub(crate) fn apply(&self, row: &mut StringRecord) {
        *row = row
            .iter()
            .enumerate()
            .map(|(at, field)| {
                let corrected = self.set.iter().find(|&&(column, _)| column == at);
                corrected.map_or(field, |(_, value)| value.as_str())
            })
            .collect();
    }

    #[cfg(test)]
    pub(crate) fn pattern(&self) -> &str {
        &self.instance_types
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "instance_types,set,rule,reason\n";

    fn problem(row: &str) -> String {
        parse("c.csv", &format!("{HEADER}{row}\n"), &["a", "b"]).unwrap_err().to_string()
    }

    #[test]
    fn a_correction_replaces_only_what_it_names() {
        let corrections = parse("c.csv", &format!("{HEADER}m5.*,b=2,RES-1,because\n"), &["a", "b"]).unwrap();
        let mut row = StringRecord::from(vec!["1", "1"]);
        assert!(corrections[0].concerns("m5.large") && !corrections[0].concerns("m5n.large"));
        corrections[0].apply(&mut row);
        assert_eq!(row, StringRecord::from(vec!["1", "2"]));
    }

    #[test]
    fn a_correction_has_known_columns_and_a_reason() {
        assert!(problem("m5.*,c=2,RES-1,because").contains("`c` is no column"));
        assert!(problem("m5.*,b,RES-1,because").contains("should be `column=value`"));
        assert!(problem("m5.*,b=1,RES-1,").contains("column `reason`: is empty"));
    }
}
