//! Container instances as rows of a CSV file.

use std::collections::BTreeMap;

use ecsim_cluster::{ShapeId, SubnetId};
use ecsim_kernel::{SimTime, Span};

use super::super::Context;
use super::types::TypeFacts;
use super::{Draft, MOST_INSTANCES, Shapes, attribute_error};
use crate::diagnostic::shown;
use crate::document::Locator;
use crate::schema::ContainerInstances;

/// Network interfaces for tasks where nothing is known: as large types have.
const ENIS: u32 = 14;
/// No instance has more GPUs.
const MOST_GPUS: f64 = 64.0;

/// What makes the shapes of two rows differ: CPU, memory, GPUs, zone, attributes.
type Kind = (u32, u32, u32, usize, Vec<String>);

impl<'a> Context<'a> {
    /// Every row is an instance; what is wrong with a row is said with its line.
    #[expect(clippy::too_many_arguments, reason = "an entry, where it is, and where its instances go")]
    pub(super) fn lower_csv_entry(
        &mut self,
        entry: &ContainerInstances,
        joins: SimTime,
        subnet: Option<SubnetId>,
        zones: &[String],
        at: &Locator<'a>,
        shapes: &mut Shapes,
        drafts: &mut Vec<Draft>,
    ) {
        let Some(csv) = &entry.from_csv else { return };
        for (key, given) in [("count", entry.count.is_some()), ("ec2InstanceId", entry.ec2_instance_id.is_some())] {
            if given {
                let message = format!("`{key}` does not go with `fromCsv`: each row is one instance");
                self.error(&at.clone().key(key), "E304", message, Some("leave it out".into()));
            }
        }
        let place = at.clone().key("fromCsv");
        let columns = place.clone().key("columns");
        for (index, zone) in csv.availability_zones.0.iter().enumerate() {
            let list = place.clone().key("availabilityZones");
            let one = list.clone().index(index);
            self.check_zone(zone, if one.node().is_some() { &one } else { &list });
        }
        let Some(mut table) = self.open_table(&csv.file, &place.clone().key("file")) else { return };
        let mut missing = false;
        let mut find = |context: &mut Self, name: &str, at: Locator<'a>| {
            let found = context.column(&table, name, &at);
            missing |= found.is_none();
            found
        };
        let name_column = csv.columns.name.as_ref().map(|it| find(self, &it.column, columns.clone().key("name")));
        let cpu_column = find(self, &csv.columns.cpu.column, columns.clone().key("cpu"));
        let memory_column = find(self, &csv.columns.memory.column, columns.clone().key("memory"));
        let gpu_column = csv.columns.gpus.as_ref().map(|it| find(self, &it.column, columns.clone().key("gpus")));
        let mut attribute_columns = Vec::new();
        for (attribute, column) in &csv.columns.attributes {
            let at = columns.clone().key("attributes").key(attribute);
            attribute_columns.extend(find(self, column, at).map(|found| (attribute.clone(), column, found)));
        }
        let (false, Some(cpu_column), Some(memory_column)) = (missing, cpu_column, memory_column) else { return };
        let join_at = joins + entry.join_at.map_or(Span::ZERO, |wait| wait.0);
        let fixed = self.custom_attributes(entry, at);
        let prefix = entry.name.clone().unwrap_or_else(|| "instance".to_owned());
        let mut ordinal = 0_usize;
        let mut by_kind: BTreeMap<Kind, ShapeId> = BTreeMap::new();
        let errors = self.diagnostics.errors();
        'rows: while self.next_row(&mut table, &place) {
            if ordinal >= MOST_INSTANCES as usize {
                let message = format!("`{}` has more than {MOST_INSTANCES} rows", csv.file);
                self.error(&place, "E330", message, None);
                return;
            }
            let turn = ordinal % zones.len().max(1);
            ordinal += 1;
            let Some(cpu) = self.cpu_cell(&mut table, cpu_column, &csv.columns.cpu, &place) else { continue };
            let Some(memory) = self.memory_cell(&mut table, memory_column, &csv.columns.memory, &place) else {
                continue;
            };
            let mut gpus = 0;
            if let (Some(Some(index)), Some(column)) = (gpu_column, &csv.columns.gpus)
                && !table.cell(index).is_empty()
            {
                let Some(number) = self.number(&mut table, index, &column.column, &place) else { continue };
                let number = number * column.scale.unwrap_or(1.0);
                if !(0.0..=MOST_GPUS).contains(&number) {
                    let why = format!("holds `{number}`; 0 to {MOST_GPUS} GPUs are possible");
                    self.bad_cell(&mut table, &place, &column.column, &why);
                    continue;
                }
                // A part of a GPU is of no use to ECS (RES-030).
                gpus = number.floor() as u32;
            }
            let name = match (name_column, &csv.columns.name) {
                (Some(Some(index)), Some(column)) => {
                    let name = table.cell(index).to_owned();
                    if name.is_empty() {
                        self.bad_cell(&mut table, &place, &column.column, "is empty; a name is expected");
                        continue;
                    }
                    name
                }
                _ => format!("{prefix}-{ordinal}"),
            };
            let mut values = Vec::new();
            for (attribute, column, index) in &attribute_columns {
                let value = table.cell(*index).to_owned();
                if let Err((_, why)) =
                    attribute_error(attribute, Some(&value).filter(|it| !it.is_empty()).map(|it| it.as_str()))
                {
                    let why = format!("holds `{}`: {why}", shown(&value));
                    self.bad_cell(&mut table, &place, column, &why);
                    continue 'rows;
                }
                values.push(value);
            }
            let kind = (cpu, memory, gpus, turn, values);
            let shape = if let Some(shape) = by_kind.get(&kind) {
                *shape
            } else {
                let facts = TypeFacts {
                    cpu,
                    memory_mib: memory,
                    measured_mib: Some(memory),
                    gpus,
                    enis: ENIS,
                    enis_trunked: None,
                    architecture: "x86_64",
                    nitro: true,
                };
                let mut custom = fixed.clone();
                for ((attribute, ..), value) in attribute_columns.iter().zip(&kind.4) {
                    if !value.is_empty() {
                        self.push_attribute(attribute, Some(value), &place, &mut custom);
                    }
                }
                let shape = self.shape(entry, &facts, &zones[turn], &custom, at, shapes);
                by_kind.insert(kind, shape);
                shape
            };
            drafts.push(Draft {
                name,
                named: true,
                ec2_instance_id: None,
                shape,
                zone: zones[turn].clone(),
                subnet,
                registered_at_unix_ms: entry.registered_at.map(crate::schema::DateTime::unix_ms),
                join_at,
                agent_connected: entry.agent_connected.unwrap_or(true),
                entry: prefix.clone(),
                path: place.path().clone(),
                line: Some(table.line),
            });
        }
        if ordinal == 0 && self.diagnostics.errors() == errors {
            let message = format!("`{}` has no rows", csv.file);
            self.error(&place, "E324", message, Some("each row below the header is an instance".into()));
        }
    }
}
