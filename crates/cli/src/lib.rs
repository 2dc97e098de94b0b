//! `ecsim`: a deterministic discrete-event simulator of Amazon ECS clusters.
//!
//! This crate is the front door, for the command line and for Rust programs alike. A run from Rust:
//!
//! ```
//! use ecsim::kernel::Span;
//! use ecsim::scenario::{document::Limits, prepare, source::MemoryFiles};
//!
//! let files = MemoryFiles::new().with(
//!     "demo.yaml",
//!     "
//! simulation: {duration: 10m}
//! containerInstances: [{name: a, instanceType: m5.large, count: 2}]
//! taskDefinitions: [{family: web, containerDefinitions: [{name: app, image: nginx, cpu: 256, memory: 512}]}]
//! services: [{serviceName: web, taskDefinition: web, desiredCount: 4}]
//! ",
//! );
//! let prepared = prepare(&files, "demo.yaml", &[], &Limits::default());
//! let mut model = prepared.ready.expect("the scenario is fine").model;
//! model.duration = Span::from_mins(5);
//! let mut simulation = ecsim::engine::Simulation::new(model);
//! simulation.run(&mut ());
//! assert_eq!(simulation.cluster().totals().running_tasks, 4);
//! ```
//!
//! The layers, each a crate of its own: [`kernel`], [`cluster`], [`policies`], [`engine`], [`report`], [`scenario`],
//! [`catalog`], [`html`].

pub use ecsim_catalog as catalog;
pub use ecsim_cluster as cluster;
pub use ecsim_engine as engine;
pub use ecsim_html as html;
pub use ecsim_kernel as kernel;
pub use ecsim_policies as policies;
pub use ecsim_report as report;
pub use ecsim_scenario as scenario;

pub mod app;
pub mod commands;
pub mod exit;
pub mod interrupt;
pub mod moment;
pub mod output;
pub mod pages;
pub mod parquet;
pub mod plot;
pub mod reference;
pub mod session;
pub mod table;
pub mod terminal;
pub mod traces;
pub mod wall_clock;
