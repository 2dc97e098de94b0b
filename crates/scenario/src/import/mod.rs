//! From what a user has (task definitions, templates, answers of the AWS CLI, traces) to a scenario.
//!
//! The way: text → values with places (the reader of scenarios) → objects of AWS, each recognised by its form
//! (`recognise`, `template`, `compose`, `trace`) → one document of a scenario, in which they name each other
//! (`assemble`), with stand-ins for what nobody has given (`stand_in`) → YAML (`write`) → the check that every scenario
//! goes through (`prove`). What the check refuses is traced back to the place in the user's file; an alarm or a policy that
//! cannot be simulated is left out, and that is said.
//!
//! Nothing is dropped silently: whatever is not carried over becomes a [`Finding`].

mod assemble;
mod compose;
mod findings;
mod fit;
mod functions;
mod loops;
mod names;
mod node;
mod places;
mod prove;
mod recognise;
mod schedules;
mod stand_in;
mod template;
mod trace;
mod write;

use std::collections::BTreeMap;

use serde_json::Value;

pub use findings::{Finding, FindingKind};

use crate::diagnostic::{Diagnostic, Diagnostics, FileId, SourceMap, Span, shown};
use crate::document::{Budget, Document, Limits, Node, NodeKind, parse_template};
use crate::source::SourceFiles;
use findings::Findings;
use fit::Dialect;
use places::Places;

/// What an import is asked to do.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Values of the parameters of templates, by name; `AWS::Region` and the like too.
    pub parameters: BTreeMap<String, String>,
    /// The Region. Default: the one that the files name, else us-east-1.
    pub region: Option<String>,
    /// Only what belongs to this cluster. Default: the one that the files name.
    pub cluster: Option<String>,
    /// Where the scenario will lie: paths of traces are relative to it.
    pub out: String,
}

/// What became of the files.
#[derive(Debug)]
pub struct Imported {
    /// The texts that diagnostics and findings point into.
    pub sources: SourceMap,
    /// Why there is no scenario; empty if there is one.
    pub diagnostics: Diagnostics,
    /// Everything that is to be told about the scenario.
    pub findings: Vec<Finding>,
    /// The scenario, which passes the check.
    pub scenario: Option<Scenario>,
}

/// A scenario that was made of other things.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// As YAML, with the findings as comments.
    pub yaml: String,
    /// The same without comments, for programs.
    pub value: Value,
    /// What was imported, in words: "2 services, 1 task definition".
    pub summary: String,
}

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    TaskDefinition,
    Service,
    TaskSet,
    RunTask,
    Cluster,
    ProviderAssociation,
    CapacityProvider,
    Group,
    LaunchTemplate,
    LaunchTemplateVersion,
    LaunchConfiguration,
    GroupPolicy,
    GroupSchedule,
    LifecycleHook,
    WarmPool,
    ScalableTarget,
    ServicePolicy,
    ServiceSchedule,
    Alarm,
    TargetGroup,
    Balancer,
    Subnet,
    ContainerInstance,
    Task,
    EventRule,
    Schedule,
    TaskTrace,
    RequestTrace,
}

/// An object of AWS that was found in a file.
#[derive(Debug, Clone)]
struct Object {
    kind: Kind,
    /// Its fields, functions worked out.
    node: Node,
    dialect: Dialect,
}

impl Object {
    fn new(kind: Kind, node: Node, dialect: Dialect) -> Self {
        Self { kind, node, dialect }
    }
}

/// Everything that is gathered on the way.
struct Import<'a> {
    files: &'a dyn SourceFiles,
    options: &'a Options,
    limits: &'a Limits,
    budget: Budget,
    sources: SourceMap,
    diagnostics: Diagnostics,
    findings: Findings,
    places: Places,
    objects: Vec<Object>,
    /// What the template is about, in its own words.
    description: Option<Node>,
    /// The versions of launch templates as AWS numbers them, and as the scenario does, by template.
    versions: BTreeMap<String, BTreeMap<u32, u32>>,
    /// What tables of tasks need: maps with `cpu`, `memory`, `gpus` of the largest task and `load` in vCPUs.
    needs: Vec<Node>,
    /// The name of the first template's stack, to name the scenario.
    stack: Option<String>,
    /// Whether a template turns on ENI trunking.
    trunking: bool,
}

/// Makes one scenario of these files. Never panics on any input.
pub fn import(files: &dyn SourceFiles, paths: &[String], options: &Options, limits: &Limits) -> Imported {
    let mut import = Import {
        files,
        options,
        limits,
        budget: Budget::new(limits),
        sources: SourceMap::new(),
        diagnostics: Diagnostics::new(),
        findings: Findings::default(),
        places: Places::new(options.region.as_deref().unwrap_or("us-east-1")),
        objects: Vec::new(),
        description: None,
        versions: BTreeMap::new(),
        needs: Vec::new(),
        stack: None,
        trunking: false,
    };
    import.check_region();
    let mut read = Vec::new();
    for path in paths {
        if read.iter().any(|(known, _): &(&String, _)| *known == path) {
            continue;
        }
        if trace::is_table(path) {
            read.push((path, None));
        } else if let Some(node) = import.read(path) {
            read.push((path, Some(node)));
        }
    }
    if options.region.is_none() {
        import.region_of(read.iter().filter_map(|(_, node)| node.as_ref()));
    }
    import.check_parameters(read.iter().filter_map(|(_, node)| node.as_ref()));
    for (path, node) in read {
        match node {
            Some(node) => import.recognise(path, node),
            None => import.table(path),
        }
    }
    let mut scenario = None;
    if !import.diagnostics.has_errors()
        && let Some(draft) = assemble::assemble(&mut import)
    {
        scenario = prove::prove(&mut import, draft, paths);
    }
    let Import { sources, mut diagnostics, findings, .. } = import;
    diagnostics.sort();
    Imported { sources, diagnostics, findings: findings.finish(), scenario }
}

impl Import<'_> {
    /// Reads a file as YAML with the functions of CloudFormation.
    fn read(&mut self, path: &str) -> Option<Node> {
        let content = match self.files.read(path, self.budget.bytes) {
            Ok(content) => content,
            Err(error) => {
                self.diagnostics.push(crate::document::include::cannot_read(&error, None, self.limits));
                return None;
            }
        };
        self.budget.bytes = self.budget.bytes.saturating_sub(content.len() as u64);
        let (text, bad) = crate::document::include::decode(content);
        let file = self.sources.add(path, text);
        if let Some((byte, letter)) = bad {
            let span = Span::new(file, letter, letter + '\u{FFFD}'.len_utf8() as u32);
            let message = format!("`{}` is not UTF-8: byte {byte} does not belong to any letter", shown(path));
            self.diagnostics.push(
                Diagnostic::error("E003", message).label(span, "the first bad byte").help("save the file as UTF-8"),
            );
            return None;
        }
        parse_template(&self.sources, file, self.limits, &mut self.budget, &mut self.diagnostics)
    }

    fn check_region(&mut self) {
        let Some(region) = &self.options.region else { return };
        if ecsim_catalog::Catalog::region(region).is_some() {
            return;
        }
        let near = ecsim_catalog::Catalog::nearest_region(region, 1);
        let help = near.first().map(|near| format!("did you mean `{near}`?"));
        let message = format!("`{}` is no Region that the catalogue knows", shown(region));
        self.diagnostics.push(Diagnostic::error("E301", message).help_if(help));
    }

    /// The Region that ARNs and zones in the files name, if they agree.
    fn region_of<'n>(&mut self, nodes: impl Iterator<Item = &'n Node>) {
        if let Some(region) = self.options.parameters.get("AWS::Region") {
            self.places = Places::new(region);
            return;
        }
        let mut regions: BTreeMap<&str, usize> = BTreeMap::new();
        for node in nodes {
            count_regions(node, &mut regions);
        }
        let first = Span::new(FileId::ROOT, 0, 0);
        match regions.iter().max_by_key(|(name, count)| (**count, std::cmp::Reverse(**name))) {
            Some((region, _)) => {
                self.places = Places::new(region);
                let others: Vec<&str> = regions.keys().copied().filter(|other| other != region).collect();
                if !others.is_empty() {
                    let message = format!(
                        "the files name several Regions: {region}, the one named most often, is taken, and not {}; \
                         --region NAME takes another one",
                        others.join(", ")
                    );
                    self.findings.assumed(message, Some(first));
                }
            }
            None => {
                let message =
                    format!("no file names a Region: {} stands in; --region NAME gives it", self.places.region());
                self.findings.assumed(message, None);
            }
        }
    }

    /// Every parameter that was given belongs to some template.
    fn check_parameters<'n>(&mut self, nodes: impl Iterator<Item = &'n Node>) {
        let known: Vec<String> = nodes
            .filter_map(|node| node.get("Parameters")?.as_map())
            .flat_map(|map| map.iter().map(|entry| entry.key.clone()))
            .collect();
        for name in self.options.parameters.keys().filter(|name| !name.starts_with("AWS::")) {
            if known.iter().any(|known| known == name) {
                continue;
            }
            let near = crate::validate::nearest(name, known.iter().map(String::as_str));
            let message = format!("no template has a parameter `{}`", shown(name));
            let mut diagnostic = Diagnostic::error("E412", message);
            if let Some(near) = near {
                diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
            } else if !known.is_empty() {
                let names: Vec<&str> = known.iter().map(String::as_str).collect();
                diagnostic = diagnostic.note(format!("the parameters are {}", crate::validate::list_of(&names)));
            }
            self.diagnostics.push(diagnostic);
        }
    }

    /// A file that makes no scenario: what it is, and what would be right.
    fn useless(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error("E411", message).label(span, "").help(help));
    }
}

/// Counts the Regions that texts name, in ARNs and as zones.
fn count_regions<'n>(node: &'n Node, regions: &mut BTreeMap<&'n str, usize>) {
    match &node.kind {
        NodeKind::String(text) => {
            let of_arn = text.starts_with("arn:").then(|| text.split(':').nth(3)).flatten();
            let of_zone = text.strip_suffix(|letter: char| letter.is_ascii_lowercase());
            for region in [of_arn, of_zone].into_iter().flatten() {
                if ecsim_catalog::Catalog::region(region).is_some() {
                    *regions.entry(region).or_insert(0) += 1;
                }
            }
        }
        NodeKind::List(values) => values.iter().for_each(|value| count_regions(value, regions)),
        // Examples in the default of a parameter are not where the stack is.
        NodeKind::Map(map) => map.iter().for_each(|entry| count_regions(&entry.value, regions)),
        _ => {}
    }
}

/// A draft of a scenario: the document, with the place in the user's files of each part, and remarks for its blocks.
struct Draft {
    document: Document,
    /// Comments above the blocks of these names.
    remarks: BTreeMap<&'static str, Vec<String>>,
    /// Comments at the end.
    closing: Vec<String>,
    /// What was found in the files, in the order in which it is told.
    found: Vec<Found>,
    /// Where things are that are not in any file.
    nowhere: Span,
}

/// Objects of one kind that were found in the files.
#[derive(Debug, Clone)]
struct Found {
    /// What one of them is called.
    name: &'static str,
    /// How many there are.
    count: usize,
    /// Where they stand, of kinds of which each keeps its place in the scenario: so that it shows which were left out.
    spans: Vec<Span>,
}

/// The name of a file without its folder and its ending.
fn stem(path: &str) -> &str {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let name = name.strip_prefix(crate::source::DATA_PREFIX).unwrap_or(name);
    name.split('.').next().filter(|stem| !stem.is_empty()).unwrap_or("imported")
}

/// The beginning of the first file: where made-up things are said to be.
fn nowhere() -> Span {
    Span::new(FileId::ROOT, 0, 0)
}
