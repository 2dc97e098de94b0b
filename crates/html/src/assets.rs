//! Scripts and styles of a page. Our own are in `page/`; Plotly comes compressed out of the build.

/// Plotly, deflated, as base64: for `unpack` in `page/unpack.js`.
pub const PLOTLY: &str = include_str!(concat!(env!("OUT_DIR"), "/plotly.js.zz"));
/// The style of a page, light and dark.
pub const STYLE: &str = include_str!("../page/style.css");
/// Unpacks what is embedded.
pub const UNPACK: &str = include_str!("../page/unpack.js");
/// The clock that all parts share, and helpers.
pub const CLOCK: &str = include_str!("../page/clock.js");
/// Time series.
pub const CHARTS: &str = include_str!("../page/charts.js");
/// The cluster at a time: who is where.
pub const CLUSTER: &str = include_str!("../page/cluster.js");
/// The replay.
pub const REPLAY: &str = include_str!("../page/replay.js");
/// What a click on a task or an instance tells.
pub const LIVES: &str = include_str!("../page/lives.js");
/// Tables of decisions and events.
pub const LISTS: &str = include_str!("../page/lists.js");
/// Begins.
pub const MAIN: &str = include_str!("../page/main.js");
