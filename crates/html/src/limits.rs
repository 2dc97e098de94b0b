//! How much a page holds. Beyond a limit it aggregates, and says what and how.

/// The most values of metrics; beyond, neighbouring periods are merged into their lowest and highest value.
pub const METRIC_VALUES: usize = 6_000_000;
/// The most tasks of which the page knows every step and the id; beyond, it knows the main steps and the number.
pub const DETAILED_TASKS: usize = 150_000;
/// The most tasks in the replay; beyond, it shows evenly picked instances with all their tasks.
pub const REPLAYED_TASKS: usize = 1_200_000;
/// The most rows of each kind in the list of events; beyond, events of one kind that are near to each other are one row.
pub const EVENTS_OF_A_KIND: usize = 6_000;
/// The most rows of scaling decisions; beyond, alike ones that follow each other are one row.
pub const DECISIONS: usize = 40_000;
