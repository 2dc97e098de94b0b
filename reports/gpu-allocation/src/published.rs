//! The numbers that were published: `openb/expected/`.

use crate::files::Data;
use crate::policies::Policy;
use crate::{Failure, MOST_LOAD};

/// The published allocation of a policy: by load, one number a seed.
///
/// # Errors
/// Where the file cannot be read.
pub fn curves(data: &Data, variant: &str, policy: Policy) -> Result<Vec<Vec<f64>>, Failure> {
    let text = data.read(&format!("expected/openb_expected_{variant}.csv"))?;
    let mut reader = csv::Reader::from_reader(text.as_slice());
    let mut loads = vec![Vec::new(); MOST_LOAD + 1];
    for row in reader.records() {
        let row = row.map_err(|error| error.to_string())?;
        if row.get(0) != Some(policy.name()) {
            continue;
        }
        let cell = |at: usize| row.get(at).unwrap_or_default();
        let number = |at: usize| cell(at).parse::<f64>().map_err(|error| format!("`{}`: {error}", cell(at)));
        let load = cell(2).parse::<usize>().map_err(|error| format!("`{}`: {error}", cell(2)))?;
        if let Some(seeds) = loads.get_mut(load) {
            seeds.push(number(3)?);
        }
    }
    Ok(loads)
}
