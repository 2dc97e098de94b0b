//! The numbers that variants are compared by: what was asked for, or what everybody wants to know first.

use ecsim_experiment::sentence::Manner;
use ecsim_report::metrics::Unit;
use ecsim_report::responses::{Frame, Plan, Response};
use ecsim_scenario::diagnostic::shown;
use ecsim_scenario::validate::nearest;

use super::variants::Variant;
use crate::exit::Failure;

/// A number that variants are compared by.
#[derive(Clone, Debug)]
pub struct Asked {
    /// As `--response` writes it.
    pub path: String,
    /// What it is called.
    pub name: String,
    /// How it is spoken of.
    pub manner: Manner,
    /// Behind the verb of a sentence, such as `at p95`.
    pub aside: &'static str,
    /// In what it is measured.
    pub unit: String,
    /// Whether `--until-precise` is about it.
    pub main: bool,
    /// Whether it was asked for: then it is shown whatever it is.
    pub wanted: bool,
    /// Whether it is left out where it is 0 throughout.
    pub if_any: bool,
    /// Where it comes from.
    pub response: Response,
}

impl Asked {
    /// The unit of a difference: percentages differ by points.
    pub fn difference_unit(&self) -> &str {
        if self.unit == "%" { "points" } else { &self.unit }
    }
}

/// Tasks that want to run and have no place, at the end; those that were given up since the start.
const UNPLACED: &str =
    "at end: cluster.missingTasks + cluster.waitingRequests + cluster.tasksProvisioning + cluster.droppedRequests";

/// A response that is shown by default.
struct Usual {
    path: &'static str,
    name: &'static str,
    manner: Manner,
    aside: &'static str,
    /// Whether `--until-precise` is about it.
    main: bool,
    /// Whether it is left out where it is 0 throughout: most scenarios have no such thing.
    if_any: bool,
}

impl Usual {
    const fn new(path: &'static str, name: &'static str, manner: Manner) -> Self {
        Self { path, name, manner, aside: "", main: false, if_any: false }
    }

    const fn main(self) -> Self {
        Self { main: true, ..self }
    }

    const fn aside(self, aside: &'static str) -> Self {
        Self { aside, ..self }
    }

    const fn if_any(self) -> Self {
        Self { if_any: true, ..self }
    }
}

/// Services whose deployment had no end.
pub const UNFINISHED: &str = "unfinished deployments";
/// The unit is in the name, because the value is not in the unit of its metric.
const MINUTES: &str = "minutes out of SLO";

const DEFAULTS: [Usual; 16] = [
    Usual::new("gain: cluster.cost", "cost", Manner::Cost).main(),
    Usual::new("timeToRunning.total.mean", "mean time to RUNNING", Manner::Wait).aside("on average").main(),
    Usual::new("timeToRunning.total.p95", "p95 time to RUNNING", Manner::Wait).aside("at p95"),
    Usual::new("gain: cluster.tasksLost", "lost tasks", Manner::Count),
    Usual::new(UNPLACED, "unplaced tasks", Manner::Count),
    Usual::new("mean: cluster.CPUReservation", "CPU reservation", Manner::Percent),
    Usual::new("mean: cluster.MemoryReservation", "memory reservation", Manner::Percent),
    Usual::new("mean: cluster.GPUReservation", "GPU reservation", Manner::Percent),
    Usual::new("mean: cluster.ContainerInstanceCount", "instances", Manner::Count),
    Usual::new("mean: cluster.fargateRunningTasks", "Fargate tasks", Manner::Count).if_any(),
    Usual::new("mean: cluster.latencyP95", "p95 latency", Manner::Level),
    Usual::new("mean: cluster.errorRate", "error rate", Manner::Level),
    Usual::new("gain: cluster.outOfSlo / 60", MINUTES, Manner::Count),
    Usual::new("gain: cluster.serviceScalingActivities", "scaling activities of services", Manner::Count).if_any(),
    Usual::new("gain: cluster.scaleOuts + cluster.scaleIns", "scaling decisions of groups", Manner::Count).if_any(),
    Usual::new("at end: cluster.deploymentsInProgress", UNFINISHED, Manner::Count).if_any(),
];

/// The path of a response that is shown by default, by its name or its path.
pub fn default_path(name: &str) -> Option<&'static str> {
    DEFAULTS.iter().find(|it| it.path == name || it.name == name).map(|it| it.path)
}

/// The path of a response: those that are shown by default go by their names too.
pub fn path_of(name: &str) -> String {
    default_path(name.trim()).unwrap_or(name.trim()).to_owned()
}

/// A response that cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// As it was asked for.
    pub response: String,
    /// What is wrong with it.
    pub what: String,
    /// What would be right, where that is not said already.
    pub help: Option<String>,
}

impl Wrong {
    fn new(response: &str, what: String) -> Self {
        // Who misspells the name of a default response is told of it, and not what its letters are as an expression.
        let near = nearest(response, DEFAULTS.iter().map(|it| it.name));
        match near.filter(|_| !response.contains([':', '.'])) {
            Some(near) => Self {
                response: response.to_owned(),
                what: format!("there is no response `{}`", shown(response)),
                help: Some(format!("did you mean `{near}`?")),
            },
            None => Self { response: response.to_owned(), what, help: None },
        }
    }
}

impl From<Wrong> for Failure {
    fn from(wrong: Wrong) -> Self {
        let help = wrong.help.map_or_else(String::new, |help| format!("; {help}"));
        Self::Input(format!("--response {}: {}{help}", wrong.response, wrong.what))
    }
}

/// The responses, and where each variant has them: those that are shown by default, if wanted, and those asked for.
///
/// # Errors
/// A response that no variant has.
pub fn plan(
    asked: &[String],
    with_defaults: bool,
    variants: &[Variant],
    frame: Frame,
) -> Result<(Vec<Asked>, Vec<Plan>), Wrong> {
    let mut responses = Vec::new();
    for usual in DEFAULTS.into_iter().filter(|_| with_defaults) {
        let Usual { path, name, manner, aside, main, if_any } = usual;
        let response = Response::parse(path).map_err(|error| Wrong::new(path, error))?;
        let (path, name, unit) = (path.to_owned(), name.to_owned(), String::new());
        responses.push(Asked { path, name, manner, aside, unit, main, wanted: false, if_any, response });
    }
    for path in asked {
        let path = path_of(path);
        let response = Response::parse(&path).map_err(|error| Wrong::new(&path, error))?;
        if responses.iter().any(|other: &Asked| other.path == path) {
            return Err(Wrong { response: path, what: "it is there twice".to_owned(), help: None });
        }
        let known = DEFAULTS.iter().find(|it| it.path == path);
        let (name, manner, aside) =
            known.map_or((path.as_str(), Manner::Level, ""), |it| (it.name, it.manner, it.aside));
        responses.push(Asked {
            name: name.to_owned(),
            path: path.clone(),
            manner,
            aside,
            unit: String::new(),
            main: true,
            wanted: true,
            if_any: false,
            response,
        });
    }
    let parsed: Vec<Response> = responses.iter().map(|it| it.response.clone()).collect();
    let mut plans = Vec::new();
    let mut problems: Vec<(usize, usize, String)> = Vec::new();
    for (variant, it) in variants.iter().enumerate() {
        let (plan, unknown) = Plan::new(&parsed, frame, &it.model.definitions);
        problems.extend(unknown.into_iter().map(|(response, message)| (response, variant, message)));
        plans.push(plan);
    }
    for (at, response) in responses.iter_mut().enumerate() {
        let of_it: Vec<&(usize, usize, String)> = problems.iter().filter(|it| it.0 == at).collect();
        if let [first, ..] = of_it.as_slice()
            && of_it.len() == variants.len()
        {
            return Err(Wrong::new(&response.path, first.2.clone()));
        }
        let known = (0..variants.len()).find(|variant| !of_it.iter().any(|it| it.1 == *variant)).unwrap_or(0);
        let unit = plans[known].unit(at);
        response.unit = match unit {
            Unit::Money => variants[known].prices.currency.symbol().to_owned(),
            Unit::Percent => "%".to_owned(),
            Unit::Seconds => "s".to_owned(),
            Unit::MiB => "MiB".to_owned(),
            Unit::CpuUnits => "CPU units".to_owned(),
            Unit::Count | Unit::Flag | Unit::Text(_) => String::new(),
        };
        if response.name == MINUTES {
            response.unit.clear();
        }
        if response.manner == Manner::Level && unit == Unit::Percent {
            response.manner = Manner::Percent;
        }
    }
    Ok((responses, plans))
}
