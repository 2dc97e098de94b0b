//! The figures, as SVG whose bytes are the same on every machine.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::files::Data;
use crate::policies::Policy;
use crate::study::{Beside, Runs, beside, spread};
use crate::{Failure, MOST_LOAD};

const INK: RGBColor = RGBColor(40, 48, 60);
const BLUE: RGBColor = RGBColor(59, 130, 196);
const ORANGE: RGBColor = RGBColor(217, 130, 30);
const WIDTH: u32 = 860;
/// Below this load nothing has been turned away yet, and every curve is the diagonal.
const FROM: usize = 70;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn std::error::Error>>;

fn svg(height: u32, draw: impl FnOnce(&Area<'_>) -> Drawn) -> Result<String, Failure> {
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, (WIDTH, height)).into_drawing_area();
        area.fill(&WHITE).map_err(|error| error.to_string())?;
        draw(&area).and_then(|()| area.present().map_err(Into::into)).map_err(|error| error.to_string())?;
    }
    Ok(text)
}

fn label(size: u32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&INK)
}

/// Allocated against arrived on the default list: a band for what was published, a line for what came out here.
///
/// # Errors
/// Where the published numbers cannot be read, or nothing can be drawn.
pub fn curve(data: &Data, all: &[Runs]) -> Result<String, Failure> {
    let mut lines: Vec<(&str, RGBColor, Vec<Beside>)> = Vec::new();
    for (policy, colour) in Policy::PUBLISHED.into_iter().zip([ORANGE, BLUE]) {
        let runs = all.iter().find(|it| it.setup.is_plain() && it.setup.policy == policy && !it.setup.whole);
        let Some(runs) = runs else { continue };
        lines.push((policy.name(), colour, beside(data, runs)?));
    }
    svg(420, |area| {
        let mut chart = ChartBuilder::on(area)
            .margin(14)
            .x_label_area_size(46)
            .y_label_area_size(60)
            .build_cartesian_2d(FROM as f64..MOST_LOAD as f64, FROM as f64..96.0)?;
        chart
            .configure_mesh()
            .x_desc("GPUs asked for by the pods that have arrived, % of the cluster")
            .y_desc("GPUs allocated, %")
            .x_labels(7)
            .y_labels(6)
            .x_label_formatter(&|number| format!("{number:.0}"))
            .y_label_formatter(&|number| format!("{number:.0}"))
            .bold_line_style(INK.mix(0.13))
            .light_line_style(INK.mix(0.0))
            .axis_style(INK.mix(0.5))
            .label_style(label(13))
            .draw()?;
        for (name, colour, points) in &lines {
            let points: Vec<(f64, &Beside)> =
                points.iter().enumerate().skip(FROM).map(|(load, at)| (load as f64, at)).collect();
            let edge = |sign: f64| points.iter().map(move |(load, at)| (*load, at.published.0 + sign * at.published.1));
            let band: Vec<(f64, f64)> = edge(1.0).chain(edge(-1.0).rev()).collect();
            chart.draw_series([Polygon::new(band, colour.mix(0.28).filled())])?;
            let line = points.iter().map(|(load, at)| (*load, at.here.0));
            chart.draw_series(LineSeries::new(line, colour.stroke_width(2)))?;
            if let Some((load, at)) = points.last() {
                let place = chart.backend_coord(&(*load, at.here.0));
                let style = label(14).color(colour).pos(Pos::new(HPos::Right, VPos::Bottom));
                area.draw(&Text::new(*name, (place.0 - 6, place.1 - 10), style))?;
            }
        }
        let note = "line: here, mean of ten seeds; band: published mean ± standard deviation";
        let style = label(13).pos(Pos::new(HPos::Right, VPos::Bottom));
        let place = chart.backend_coord(&(MOST_LOAD as f64, FROM as f64));
        area.draw(&Text::new(note, (place.0 - 8, place.1 - 8), style))?;
        Ok(())
    })
}

/// What each policy gives at 130 % on the default list, with shared GPUs and with whole ones.
///
/// # Errors
/// Where nothing can be drawn.
pub fn strategies(all: &[Runs]) -> Result<String, Failure> {
    const LABEL: u32 = 190;
    let rows: Vec<&Runs> =
        all.iter().filter(|runs| runs.setup.is_plain() && runs.setup.policy != Policy::Random).collect();
    let height = 34 * rows.len() as u32 + 84;
    let count = rows.len() as f64;
    let middles: Vec<(f64, f64)> = rows.iter().map(|runs| spread(&runs.allocated(MOST_LOAD))).collect();
    let served: Vec<f64> = rows.iter().map(|runs| spread(&runs.served(MOST_LOAD)).0).collect();
    let low = served.iter().copied().fold(f64::INFINITY, f64::min).floor() - 1.0;
    let high = middles.iter().map(|it| it.0 + it.1).fold(f64::NEG_INFINITY, f64::max).ceil() + 1.0;
    svg(height, |area| {
        let mut chart = ChartBuilder::on(area)
            .margin(14)
            .x_label_area_size(46)
            .y_label_area_size(LABEL)
            .build_cartesian_2d(low..high, 0.0..count)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .disable_y_axis()
            .x_desc(
                "dot: GPUs given at a load of 130 %, ± standard deviation; ring: of them asked for, % of the cluster",
            )
            .x_labels(9)
            .x_label_formatter(&|number| format!("{number:.0}"))
            .bold_line_style(INK.mix(0.13))
            .light_line_style(INK.mix(0.0))
            .axis_style(INK.mix(0.5))
            .label_style(label(13))
            .draw()?;
        for (at, runs) in rows.iter().enumerate() {
            let y = count - at as f64 - 0.5;
            let colour = if runs.setup.whole { ORANGE } else { BLUE };
            let place = chart.backend_coord(&(low, y));
            let name = format!("{}, {} GPUs", runs.setup.policy.name(), runs.setup.gpus());
            let style = label(14).pos(Pos::new(HPos::Right, VPos::Center));
            area.draw(&Text::new(name, (place.0 - 10, place.1), style))?;
            let (mean, sd) = middles[at];
            chart.draw_series([PathElement::new(vec![(mean - sd, y), (mean + sd, y)], colour.stroke_width(3))])?;
            chart.draw_series([Circle::new((mean, y), 5, colour.filled())])?;
            if runs.setup.whole {
                chart.draw_series([Circle::new((served[at], y), 5, colour.stroke_width(2))])?;
            }
        }
        Ok(())
    })
}
