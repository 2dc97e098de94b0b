//! Takes the chart library out of the `plotly` crate, which carries it, and keeps it compressed: what a page embeds.
//!
//! Nothing of it is copied into the repository, and neither the crate nor the raw script is part of the program.

use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;
use flate2::Compression;
use flate2::write::ZlibEncoder;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let scripts = plotly::Plot::offline_js_sources();
    // Two script elements: Plotly itself, then MathJax, which a page without formulas does not need.
    let start = scripts.find('>').ok_or("no script element in what the plotly crate embeds")? + 1;
    let end = scripts.find("</script>").ok_or("no end of the script element in what the plotly crate embeds")?;
    let library = scripts.get(start..end).filter(|text| text.contains("plotly.js v")).ok_or("that is not Plotly")?;
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(library.as_bytes())?;
    let text = base64::engine::general_purpose::STANDARD.encode(encoder.finish()?);
    let directory = std::env::var("OUT_DIR")?;
    std::fs::write(Path::new(&directory).join("plotly.js.zz"), text)?;
    Ok(())
}
